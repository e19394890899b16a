import type { FetchStep } from '../planning/fetch-plan.ts';
import type { SubgraphRequest } from '../subgraph/client.ts';
import { getOwn } from './own.ts';

/** One fetch ready to be sent: the unit that the request's DataLoader collects. */
export interface FetchSlot {
  readonly step: FetchStep;
  /** Canonical JSON texts; empty for a fetch of root fields. */
  readonly representations: readonly string[];
}

/** The key under which a slot's entities stand in the answer to a request of `count` slots. */
export function entitiesKey(slot: number, count: number): string {
  return count === 1 ? '_entities' : `_e${slot}`;
}

/**
 * Writes the slots of one subgraph into one operation. Several entity fetches stand side by side under aliases, each
 * with representations and fragments of its own; they share the client's variables.
 */
export function writeRequest(
  slots: readonly FetchSlot[],
  clientVariables: Readonly<Record<string, unknown>>,
): SubgraphRequest {
  const definitions = new Set<string>();
  const fields: string[] = [];
  const fragments: string[] = [];
  const variables = new Map<string, string>();
  let directives = '';
  for (const [index, { step, representations }] of slots.entries()) {
    const { text } = step;
    const rename = (part: string): string => (slots.length === 1 ? part : renameFragments(part, text.fragments, index));
    if (step.requires === undefined) {
      fields.push(text.selection);
    } else {
      const variable = representationsVariable(index, step.variables);
      const key = entitiesKey(index, slots.length);
      definitions.add(`$${variable}:[_Any!]!`);
      variables.set(variable, `[${representations.join(',')}]`);
      fields.push(
        `${key === '_entities' ? '' : `${key}:`}_entities(representations:$${variable})${rename(text.selection)}`,
      );
    }
    for (const definition of text.variableDefinitions) definitions.add(definition);
    for (const fragment of text.fragments) fragments.push(rename(fragment.text));
    for (const name of step.variables) {
      const value = getOwn(clientVariables, name);
      if (value !== undefined) variables.set(name, JSON.stringify(value));
    }
    directives = text.directives;
  }
  const kind = slots[0]?.step.kind ?? 'query';
  const signature = definitions.size === 0 ? '' : `(${[...definitions].join(',')})`;
  return {
    subgraph: slots[0]?.step.subgraph ?? '',
    kind,
    query: `${kind}${signature}${directives}{${fields.join(' ')}}${fragments.join('')}`,
    variables: `{${[...variables].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`,
    entities: slots.reduce((sum, slot) => sum + slot.representations.length, 0),
  };
}

/** `_r0`, or with more underscores when the client itself has a variable of that name. */
function representationsVariable(index: number, taken: readonly string[]): string {
  let name = `_r${index}`;
  while (taken.includes(name)) name = `_${name}`;
  return name;
}

/** Two fetches may define different fragments under one name. */
function renameFragments(text: string, fragments: FetchStep['text']['fragments'], index: number): string {
  return fragments.reduce(
    (renamed, { name }) =>
      renamed.replaceAll(new RegExp(`(\\.\\.\\.|fragment )${name}(?![_0-9A-Za-z])`, 'gu'), `$1${name}_${index}`),
    text,
  );
}
