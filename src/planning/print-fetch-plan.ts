import type { FetchGroup, FetchPlan, FetchStep } from './fetch-plan.ts';

/** The requests a plan makes, one a line: its number, the subgraph, what it completes, and what it waits for. */
export function printFetchPlan(plan: FetchPlan): string {
  return plan.groups.map((group, index) => `${index + 1}. ${printGroup(plan, group)}`).join('\n');
}

function printGroup(plan: FetchPlan, group: FetchGroup): string {
  const steps = group.steps.flatMap((index) => plan.steps[index] ?? []);
  const after = group.after.length === 0 ? '' : `, after ${group.after.map((index) => index + 1).join(' and ')}`;
  return `${group.subgraph}${after}: ${steps.map(printStep).join('; ')}`;
}

function printStep({ requires, paths, text }: FetchStep): string {
  const place = requires === undefined ? '' : `${paths.map((path) => path.join('.')).join(' and ')} `;
  return `${place}${requires === undefined ? `{${text.selection}}` : text.selection}`;
}
