import type { FetchStep, StepText } from '../planning/fetch-plan.ts';
import type { SubgraphRequest } from '../subgraph/client.ts';
import { getOwn } from './own.ts';

/** One fetch ready to be sent: the unit that the request's DataLoader collects. */
export interface FetchSlot {
  readonly step: FetchStep;
  /** Canonical JSON texts; empty for a fetch of root fields. */
  readonly representations: readonly string[];
  /** JSON texts of the values of the step's `contexts`, in their order. */
  readonly contexts?: readonly string[];
}

/** The key under which a slot's entities stand in the answer to a request of `count` slots. */
export function entitiesKey(slot: number, count: number): string {
  return count === 1 ? '_entities' : `_e${slot}`;
}

/** With the definitions of its variables: their defaults decide the answer where the client sends no value. */
export function selectionText({ variableDefinitions, directives, selection, fragments }: StepText): string {
  return [`(${variableDefinitions.join()})`, directives, selection, ...fragments.map(({ text }) => text)].join('');
}

/** Writes requests for the slots of one group; the text of each combination of steps is written once. */
export type RequestWriter = (
  slots: readonly FetchSlot[],
  clientVariables: Readonly<Record<string, unknown>>,
) => SubgraphRequest;

const MAX_TEXTS = 100;

/** `group` is its position in the plan. */
export function createRequestWriter(group?: number): RequestWriter {
  const texts = new Map<FetchStep, OperationText[]>();
  return (slots, clientVariables) => {
    const steps = slots.map(({ step }) => step);
    const [first] = steps;
    if (first === undefined) throw new Error('A request needs a fetch');
    const known = texts.get(first) ?? [];
    let text = known.find((candidate) => equal(candidate.steps, steps));
    if (text === undefined) {
      text = writeOperation(steps);
      // The response decides how many slots a step with contexts has.
      if (known.length < MAX_TEXTS) texts.set(first, [...known, text]);
    }
    let entities = 0;
    const variables: string[] = [];
    for (const [index, { representations, contexts = [] }] of slots.entries()) {
      const name = text.representations[index];
      if (name === undefined) continue;
      for (const [position, value] of contexts.entries())
        variables.push(`"${text.contexts[index]?.[position]}":${value}`);
      entities += representations.length;
      variables.push(`"${name}":[${representations.join(',')}]`);
    }
    for (const name of text.variables) {
      const value = getOwn(clientVariables, name);
      if (value !== undefined) variables.push(`"${name}":${JSON.stringify(value)}`);
    }
    const { subgraph, kind } = first;
    const { query, queryJson } = text;
    return { subgraph, kind, query, queryJson, variables: `{${variables.join(',')}}`, entities, group };
  };
}

function equal(a: readonly FetchStep[], b: readonly FetchStep[]): boolean {
  return a.length === b.length && a.every((step, index) => step === b[index]);
}

interface OperationText {
  readonly steps: readonly FetchStep[];
  readonly query: string;
  readonly queryJson: string;
  /** The variable with each step's representations; undefined for a fetch of root fields. */
  readonly representations: readonly (string | undefined)[];
  /** The variables of each step's contexts. */
  readonly contexts: readonly (readonly string[])[];
  /** The client's variables that are sent along. */
  readonly variables: readonly string[];
}

/**
 * Writes the steps into one operation. Several entity fetches stand side by side under aliases, each with
 * representations and fragments of its own; they share the client's variables.
 */
function writeOperation(steps: readonly FetchStep[]): OperationText {
  const definitions = new Set<string>();
  const variables = new Set(steps.flatMap((step) => step.variables));
  const fields: string[] = [];
  const fragments: string[] = [];
  const representations: (string | undefined)[] = [];
  const contexts: string[][] = [];
  let directives = '';
  for (const [index, { requires, text, contexts: own }] of steps.entries()) {
    const rename = (part: string): string =>
      steps.length === 1 ? part : renameVariables(renameFragments(part, text.fragments, index), own, index);
    contexts.push(own.map(({ name }) => (steps.length === 1 ? name : `${name}_${index}`)));
    for (const { name, type } of own) definitions.add(rename(`$${name}:${type}`));
    const variable = requires === undefined ? undefined : freeName(`_r${index}`, variables);
    representations.push(variable);
    if (variable === undefined) {
      fields.push(text.selection);
    } else {
      const key = entitiesKey(index, steps.length);
      const alias = key === '_entities' ? '' : `${key}:`;
      definitions.add(`$${variable}:[_Any!]!`);
      fields.push(`${alias}_entities(representations:$${variable})${rename(text.selection)}`);
    }
    for (const definition of text.variableDefinitions) definitions.add(definition);
    for (const fragment of text.fragments) fragments.push(rename(fragment.text));
    ({ directives } = text);
  }
  const signature = definitions.size === 0 ? '' : `(${[...definitions].join(',')})`;
  const query = `${steps[0]?.kind}${signature}${directives}{${fields.join(' ')}}${fragments.join('')}`;
  return { steps, query, queryJson: JSON.stringify(query), representations, contexts, variables: [...variables] };
}

/** With more underscores in front when the client itself has a variable of that name. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  return taken.has(name) ? freeName(`_${name}`, taken) : name;
}

/** Two fetches may define different fragments under one name. */
function renameFragments(text: string, fragments: FetchStep['text']['fragments'], index: number): string {
  return fragments.reduce(
    (renamed, { name }) =>
      renamed.replaceAll(new RegExp(`(\\.\\.\\.|fragment )${name}(?![_0-9A-Za-z])`, 'gu'), `$1${name}_${index}`),
    text,
  );
}

/** Two fetches may give one variable different values. */
function renameVariables(text: string, contexts: FetchStep['contexts'], index: number): string {
  return contexts.reduce(
    (renamed, { name }) => renamed.replaceAll(new RegExp(`\\$${name}(?![_0-9A-Za-z])`, 'gu'), `$$${name}_${index}`),
    text,
  );
}
