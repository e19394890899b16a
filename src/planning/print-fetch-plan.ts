import { parse, print } from 'graphql';
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

function printStep({ requires, paths, text }: FetchStep, width = Infinity): string {
  const places = requires === undefined ? [] : paths.map((path) => path.join('.'));
  const selectionSet = requires === undefined ? `{${text.selection}}` : text.selection;
  const place = places.join(' and ');
  const line = `${place} ${selectionSet}`.trimStart();
  if (line.length <= width) return line;
  return `${place.length + 2 <= width ? place : places.join(' and\n')} ${print(parse(selectionSet))}`.trimStart();
}
