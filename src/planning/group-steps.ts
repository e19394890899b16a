import { isDeepStrictEqual } from 'node:util';
import { visitShape } from './answer-shape.ts';
import { isSettled } from './dependencies.ts';
import type { DraftStep, PlannedStep } from './dependencies.ts';
import type { FetchGroup, FetchPlan } from './fetch-plan.ts';
import { interchangeablePaths } from './interchangeable.ts';
import type { JoinedStep } from './interchangeable.ts';

/**
 * Decides which steps share one request: entity fetches of one subgraph that are equally far from the root (the
 * longest chain of steps before them). A group nobody needs early joins a later one of its subgraph. Within a group,
 * steps that ask the same of different places become one step with several paths, so that one entity is asked once.
 */
export function groupSteps(drafts: readonly DraftStep[]): FetchPlan {
  const levels = new Map<DraftStep, number>();
  const levelOf = (draft: DraftStep | undefined): number => (draft && levels.get(draft)) ?? 0;
  for (const draft of drafts) levels.set(draft, Math.max(0, ...[...draft.after].map((one) => levelOf(one) + 1)));
  joinLaterGroups(drafts, levels);

  const members = [
    ...Map.groupBy(drafts, (draft) => (mayShare(draft) ? `${levelOf(draft)} ${draft.step.subgraph}` : draft)).values(),
  ].sort(([a], [b]) => levelOf(a) - levelOf(b));
  const groupOf = new Map(members.flatMap((own, group) => own.map((draft) => [draft, group])));

  const joined: JoinedStep[] = [];
  const groups = members.map((own): FetchGroup => {
    const after = new Set(own.flatMap((draft) => [...draft.after]).map((draft) => groupOf.get(draft) ?? 0));
    const steps = joinEqual(own).map((same) => joined.push(same) - 1);
    return { subgraph: own[0]?.step.subgraph ?? '', steps, after: [...after].sort((a, b) => a - b) };
  });
  for (const step of joined) markExclusive(step);
  const interchangeable = interchangeablePaths(joined, groups, groupOf);
  const steps = joined.map(({ step, drafts: own, settled }, index) => {
    const paths = own.map(({ path }) => path);
    return { ...step, paths, settled, interchangeable: interchangeable[index] ?? new Set() };
  });
  return { steps, groups };
}

function mayShare({ step }: DraftStep): boolean {
  return step.requires !== undefined && step.kind === 'query';
}

/** From the last level to the first, so that a group can travel on with the one it joined. Changes `levels`. */
function joinLaterGroups(drafts: readonly DraftStep[], levels: Map<DraftStep, number>): void {
  const sharing = drafts.filter(mayShare);
  for (let level = Math.max(0, ...levels.values()) - 1; level > 0; level -= 1) {
    const shared = sharing.filter((draft) => levels.get(draft) === level);
    for (const [subgraph, members] of Map.groupBy(shared, ({ step }) => step.subgraph)) {
      const dependents = drafts.filter(({ after }) => members.some((member) => after.has(member)));
      const needed = Math.min(...dependents.map((draft) => levels.get(draft) ?? 0));
      const later = sharing
        .flatMap((draft) => (draft.step.subgraph === subgraph ? (levels.get(draft) ?? 0) : []))
        .filter((candidate) => candidate > level && candidate < needed);
      if (later.length > 0) for (const member of members) levels.set(member, Math.min(...later));
    }
  }
}

function joinEqual(members: readonly DraftStep[]): JoinedStep[] {
  const joined: { step: PlannedStep; drafts: DraftStep[]; settled: boolean }[] = [];
  for (const draft of members) {
    const settled = isSettled(draft);
    const equal = joined.find(({ step }) => asksTheSame(step, draft.step));
    if (equal === undefined) {
      joined.push({ step: draft.step, drafts: [draft], settled });
    } else {
      equal.drafts.push(draft);
      equal.settled &&= settled;
    }
  }
  return joined;
}

function asksTheSame(one: PlannedStep, other: PlannedStep): boolean {
  if (one.requires === undefined || one.text.selection !== other.text.selection) return false;
  return isDeepStrictEqual(
    [one.requires, one.text, one.shape, one.contexts],
    [other.requires, other.text, other.shape, other.contexts],
  );
}

/** Marks the fields that one step alone brings, so that nothing else can stand in for them when it fails. */
function markExclusive({ step, drafts }: JoinedStep): void {
  for (const [index, { place }] of drafts.entries()) {
    visitShape(step.shape, place, (field, { writers }) => {
      field.exclusive = (index === 0 || field.exclusive) && writers.every((writer) => drafts.includes(writer));
    });
  }
}
