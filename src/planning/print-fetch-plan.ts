import { parse, print } from 'graphql';
import type { ContextVariable } from './context-variables.ts';
import type { FetchPlan, FetchStep } from './fetch-plan.ts';

/**
 * The requests a plan makes: of each its number, the subgraph, the requests it waits for, and what it completes where.
 * Each is one line, or as many as it takes to stay within `width` columns.
 */
export function printFetchPlan({ groups, steps }: FetchPlan, width = Infinity): string {
  const lines = groups.flatMap(({ subgraph, after, steps: indexes }, index) => {
    const waits = after.length === 0 ? '' : `, after ${after.map((group) => group + 1).join(' and ')}`;
    const title = `${index + 1}. ${subgraph}${waits}:`;
    const parts = indexes.flatMap((step) => steps[step] ?? []);
    const line = `${title} ${parts.map((step) => printStep(step)).join('; ')}`;
    if (line.length <= width) return [line];
    const below = parts.flatMap((step) => printStep(step, width - indent.length).split('\n'));
    return [title, ...below.map((text) => `${indent}${text}`)];
  });
  return lines.join('\n');
}

const indent = '     ';

function printStep({ requires, paths, text, contexts }: FetchStep, width = Infinity): string {
  const places = requires === undefined ? [] : paths.map((path) => path.join('.'));
  const selectionSet = requires === undefined ? `{${text.selection}}` : text.selection;
  const place = places.join(' and ');
  const given = contexts.map((context) => ` with ${printContext(context)}`).join('');
  const line = `${place} ${selectionSet}${given}`.trimStart();
  if (line.length <= width) return line;
  const head = place.length + 2 <= width ? place : places.join(' and\n');
  return `${head} ${print(parse(selectionSet))}${given}`.trimStart();
}

/** Such as `$currency from ../User/currency`: of the object one field up, when it is a User. */
function printContext({ name, sources }: ContextVariable): string {
  const places = sources.map(({ levels, path }) =>
    [...Array.from({ length: levels }, () => '..'), ...path.map(printElement)].join('/'),
  );
  return `$${name} from ${places.join(' or ')}`;
}

function printElement(element: string | ReadonlySet<string>): string {
  return typeof element === 'string' ? element : [...element].join('|');
}
