import type { AnswerShape } from './answer-shape.ts';
import type { ContextVariable } from './context-variables.ts';
import type { RequiredSelection } from './required-selection.ts';

/**
 * A query plan made ready to run: which fetches there are, what each waits for, and which of them share one request.
 * Plain data, so that it can be printed, compared in tests and kept in a cache.
 */
export interface FetchPlan {
  /** In an order in which every step stands behind the steps it waits for. */
  readonly steps: readonly FetchStep[];
  /** Steps that go to one subgraph in one HTTP request; every step is in exactly one group. */
  readonly groups: readonly FetchGroup[];
}

export interface FetchGroup {
  readonly subgraph: string;
  /** Indexes into `steps`. */
  readonly steps: readonly number[];
  /** Indexes of the groups that have to be done first. */
  readonly after: readonly number[];
}

export interface FetchStep {
  readonly subgraph: string;
  readonly kind: 'query' | 'mutation';
  /** Where in the response the objects are that this step completes; `@` is every item of a list. Root: one empty path. */
  readonly paths: readonly ResponsePath[];
  /** What a representation holds (an entity fetch); undefined for a fetch of root fields. */
  readonly requires: RequiredSelection | undefined;
  readonly text: StepText;
  /** What was asked; everything else in the answer is dropped. */
  readonly shape: AnswerShape;
  /** Nothing writes the places on the step's paths any more once the step may start. */
  readonly settled: boolean;
  /** Paths at which equal objects may become one. */
  readonly interchangeable: ReadonlySet<ResponsePath>;
  /** The operation's variables the step sends along. */
  readonly variables: readonly string[];
  /** Variables that objects around the entities give their values: entities that differ in them are asked apart. */
  readonly contexts: readonly ContextVariable[];
}

export type ResponsePath = readonly string[];

/** The step's operation in pieces, so that several steps can be written into one request. */
export interface StepText {
  /** Such as `$first:Int`, without the representations. */
  readonly variableDefinitions: readonly string[];
  /** A root fetch: the selection set without its braces. An entity fetch: the selection set of `_entities`, with braces. */
  readonly selection: string;
  readonly fragments: readonly { readonly name: string; readonly text: string }[];
  /** Directives of the operation, such as `@tracked`; empty text when there are none. */
  readonly directives: string;
}
