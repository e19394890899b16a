import { canonicalJson } from '../core/json.ts';
import type { DraftStep } from './compile-plan.ts';
import type { FetchGroup, FetchPlan, FetchStep } from './fetch-plan.ts';

/**
 * Decides which steps share one request: entity fetches of one subgraph that are equally far from the root (the
 * longest chain of steps before them). Among those, steps that ask the same of different places become one step with
 * several paths, so that one entity is asked once.
 */
export function groupSteps(drafts: readonly DraftStep[]): FetchPlan {
  const levels: number[] = [];
  for (const draft of drafts) {
    levels.push(Math.max(0, ...[...draft.after].map((index) => (levels[index] ?? 0) + 1)));
  }

  const byGroup = Map.groupBy(drafts.keys(), (index) => {
    const draft = drafts[index];
    const mayShare = draft?.requires !== undefined && draft.kind === 'query';
    return mayShare ? `${levels[index]} ${draft.subgraph}` : `${levels[index]} alone ${index}`;
  });
  const groupsOfDrafts = [...byGroup.values()].sort((a, b) => (levels[a[0] ?? 0] ?? 0) - (levels[b[0] ?? 0] ?? 0));

  const groupOf = new Map<number, number>();
  for (const [group, indexes] of groupsOfDrafts.entries()) {
    for (const index of indexes) groupOf.set(index, group);
  }

  const steps: FetchStep[] = [];
  const groups: FetchGroup[] = [];
  for (const indexes of groupsOfDrafts) {
    const members = indexes.flatMap((index) => drafts[index] ?? []);
    const after = new Set(members.flatMap((member) => [...member.after]).map((index) => groupOf.get(index) ?? 0));
    const joined = joinEqual(members);
    groups.push({
      subgraph: members[0]?.subgraph ?? '',
      steps: joined.map((_, offset) => steps.length + offset),
      after: [...after].sort((a, b) => a - b),
    });
    steps.push(...joined);
  }
  return { steps, groups };
}

function joinEqual(members: readonly DraftStep[]): FetchStep[] {
  const bySignature = new Map<string, FetchStep>();
  for (const { after: _, ...step } of members) {
    const { requires, text, shape, conditions } = step;
    const signature =
      requires === undefined ? `${bySignature.size}` : signatureOf({ requires, text, shape, conditions });
    const equal = bySignature.get(signature);
    bySignature.set(signature, equal === undefined ? step : { ...equal, paths: [...equal.paths, ...step.paths] });
  }
  return [...bySignature.values()];
}

function signatureOf(parts: object): string {
  return canonicalJson(
    JSON.parse(JSON.stringify(parts, (_, value: unknown) => (value instanceof Set ? [...value] : value))),
  );
}
