import { isDeepStrictEqual } from 'node:util';
import type { DraftStep } from './compile-plan.ts';
import { markExclusive, settledSteps } from './dependencies.ts';
import type { FetchGroup, FetchPlan, FetchStep } from './fetch-plan.ts';

/**
 * Decides which steps share one request: entity fetches of one subgraph that are equally far from the root (the
 * longest chain of steps before them). A group nobody needs early joins a later one of its subgraph. Within a group,
 * steps that ask the same of different places become one step with several paths, so that one entity is asked once.
 */
export function groupSteps(drafts: readonly DraftStep[]): FetchPlan {
  const levels: number[] = [];
  for (const draft of drafts) {
    levels.push(Math.max(0, ...[...draft.after].map((index) => (levels[index] ?? 0) + 1)));
  }
  joinLaterGroups(drafts, levels);

  const groupsOfDrafts = [...groupIndexes(drafts, levels)].sort(
    (a, b) => (levels[a[0] ?? 0] ?? 0) - (levels[b[0] ?? 0] ?? 0),
  );
  const groupOf = new Map<number, number>();
  for (const [group, indexes] of groupsOfDrafts.entries()) {
    for (const index of indexes) groupOf.set(index, group);
  }

  const steps: FetchStep[] = [];
  const groups: FetchGroup[] = [];
  const settled = settledSteps(drafts);
  for (const indexes of groupsOfDrafts) {
    const members = indexes.flatMap((index) => settled[index] ?? []);
    const after = new Set(members.flatMap((member) => [...member.after]).map((index) => groupOf.get(index) ?? 0));
    const joined = joinEqual(members);
    groups.push({
      subgraph: members[0]?.subgraph ?? '',
      steps: joined.map((_, offset) => steps.length + offset),
      after: [...after].sort((a, b) => a - b),
    });
    steps.push(...joined);
  }
  markExclusive(steps);
  return { steps, groups };
}

function groupIndexes(drafts: readonly DraftStep[], levels: readonly number[]): Iterable<number[]> {
  return Map.groupBy(drafts.keys(), (index) =>
    mayShare(drafts[index]) ? `${levels[index]} ${drafts[index]?.subgraph}` : `alone ${index}`,
  ).values();
}

function mayShare(draft: DraftStep | undefined): boolean {
  return draft?.requires !== undefined && draft.kind === 'query';
}

/** From the last level to the first, so that a group can travel on with the one it joined. Changes `levels`. */
function joinLaterGroups(drafts: readonly DraftStep[], levels: number[]): void {
  const levelOf = (index: number): number => levels[index] ?? 0;
  for (let level = Math.max(0, ...levels) - 1; level > 0; level -= 1) {
    const shared = [...drafts.keys()].filter((index) => levelOf(index) === level && mayShare(drafts[index]));
    for (const [subgraph, members] of Map.groupBy(shared, (index) => drafts[index]?.subgraph)) {
      const needed = Math.min(
        ...[...drafts.keys()]
          .filter((index) => members.some((member) => drafts[index]?.after.has(member)))
          .map(levelOf),
      );
      const later = [...drafts.keys()]
        .filter((index) => mayShare(drafts[index]) && drafts[index]?.subgraph === subgraph)
        .map(levelOf)
        .filter((candidate) => candidate > level && candidate < needed);
      if (later.length > 0) for (const member of members) levels[member] = Math.min(...later);
    }
  }
}

function joinEqual(members: readonly DraftStep[]): FetchStep[] {
  const joined: FetchStep[] = [];
  for (const { after: _, written: __, ...step } of members) {
    const equal = joined.findIndex((other) => asksTheSame(other, step));
    const known = joined[equal];
    if (known === undefined) {
      joined.push(step);
    } else {
      const settled = known.settled === true && step.settled === true;
      joined[equal] = { ...known, paths: [...known.paths, ...step.paths], settled };
    }
  }
  return joined;
}

function asksTheSame(one: FetchStep, other: FetchStep): boolean {
  if (one.requires === undefined || one.text.selection !== other.text.selection) return false;
  const asked = ({ requires, text, shape, contexts }: FetchStep) => ({ requires, text, shape, contexts });
  return isDeepStrictEqual(asked(one), asked(other));
}
