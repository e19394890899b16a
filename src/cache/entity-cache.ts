import type { FetchContext } from '../core/request-context.ts';

/** What is looked up: entities of one fetch, or the fields of a root fetch. */
export interface EntityLookup {
  readonly subgraph: string;
  /** The same object for all look-ups of a step: what follows from it is worked out once. */
  readonly text: LookupText;
  readonly isRoot: boolean;
  /** The values of the variables that the text uses, as the client sent them. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** JSON texts of the values that objects around the entities give. */
  readonly contexts: readonly string[];
  /** Canonical JSON of each representation; of a root fetch one empty text. */
  readonly representations: readonly string[];
}

/** What is asked of each entity, or of a root type. */
export interface LookupText {
  readonly variableDefinitions: readonly string[];
  /** With braces of entities, without of a root type. */
  readonly selection: string;
  readonly fragments: readonly { readonly name: string; readonly text: string }[];
  readonly directives: string;
}

/** Keeps what subgraphs answered, one representation at a time. Nothing here rejects. */
export interface EntityCache {
  /** All look-ups in one read of the store; one reading each, in their order. */
  read(lookups: readonly EntityLookup[], context: FetchContext): Promise<CacheReading[]>;
  /** Runs a task after which nobody waits, unless too many are running. */
  inBackground(task: () => Promise<void>): void;
}

/** What the cache knows for one look-up; indexes are those of its representations. */
export interface CacheReading {
  /** What may be served, made for whoever asked; null where the subgraph knows no such entity, undefined is a miss. */
  readonly values: readonly unknown[];
  /** Served and due to be fetched anew. */
  readonly aging: readonly number[];
  /** Divides what is missing into what the caller has to fetch and what others are fetching already. */
  claim(indexes: readonly number[]): Promise<Claim>;
  /** Those of `aging` that nobody else fetches anew. */
  claimAging(): Promise<readonly number[]>;
  /** Values by position in `indexes`; undefined where nothing may be kept. */
  keep(indexes: readonly number[], answer: FetchedValues): void;
  /** What may be served although it is stale, because it could not be fetched; undefined where nothing may. */
  spare(index: number): unknown;
  /** Nobody waits any longer for those that were claimed and not kept. */
  release(indexes: readonly number[]): void;
}

export interface Claim {
  readonly ours: readonly number[];
  /** By index: what others fetched, undefined where the caller has to fetch it after all. undefined: there is none. */
  readonly others: Promise<ReadonlyMap<number, unknown>> | undefined;
}

export interface FetchedValues {
  readonly values: readonly unknown[];
  /** Of the response, names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** By position, what the response's extensions say; undefined where they cannot be told apart: nothing is kept. */
  readonly tags: ((position: number) => unknown) | undefined;
}
