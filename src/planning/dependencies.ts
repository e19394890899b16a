import { visitShape } from './answer-shape.ts';
import type { DraftStep } from './compile-plan.ts';
import { contextPath } from './context-variables.ts';
import type { FetchStep, ResponsePath } from './fetch-plan.ts';
import type { RequiredSelection } from './required-selection.ts';

/** The earlier ones whose writing the step reads. Mutations are in order with everything. */
export function awaited(step: FetchStep, earlier: readonly number[], drafts: readonly DraftStep[]): Set<number> {
  const reads = step.paths.flatMap((path) => placesRead(step, path));
  const mustWait = ({ kind, written }: DraftStep): boolean =>
    step.kind === 'mutation' || kind === 'mutation' || reads.some((place) => written.has(place));
  return new Set(earlier.filter((index) => drafts[index] !== undefined && mustWait(drafts[index])));
}

/**
 * Lets steps wait for what they read also where the planner runs it beside them: it loses dependencies when it merges a
 * fetch on the way. Every step stands behind those it waits for.
 */
export function withLostDependencies(drafts: readonly DraftStep[]): readonly DraftStep[] {
  const writers = writersOf(drafts);
  const after = drafts.map((step) => new Set(step.after));
  const ancestorsOf = (index: number): ReadonlySet<number> => {
    const known = new Set(after[index]);
    for (const one of known) for (const before of after[one] ?? []) known.add(before);
    return known;
  };
  let hasLost = false;
  for (const [index, { requires, paths }] of drafts.entries()) {
    if (requires === undefined) continue;
    let ancestors = ancestorsOf(index);
    for (const path of paths) {
      visitRequired(requires, placeOf(path), (place) => {
        const known = writers.get(place) ?? [];
        if (place.endsWith('/__typename') || known.some((other) => ancestors.has(other))) return;
        const lost = known.filter((other) => other !== index && !ancestorsOf(other).has(index));
        if (lost.length === 0) return;
        for (const other of lost) after[index]?.add(other);
        ancestors = ancestorsOf(index);
        hasLost = true;
      });
    }
  }
  if (!hasLost) return drafts;
  const order = new Map<number, number>();
  const place = (index: number): void => {
    if (order.has(index)) return;
    for (const before of after[index] ?? []) place(before);
    order.set(index, order.size);
  };
  for (const index of drafts.keys()) place(index);
  return [...order.keys()].flatMap((index) => {
    const [draft, before = []] = [drafts[index], after[index]];
    return draft ? { ...draft, after: new Set([...before].map((one) => order.get(one) ?? 0)) } : [];
  });
}

/** Steps are settled that wait, directly or not, for everything else that writes the places on their paths. */
export function settledSteps(drafts: readonly DraftStep[]): DraftStep[] {
  const writers = writersOf(drafts);
  const ancestors: Set<number>[] = [];
  return drafts.map((draft, index) => {
    const before = new Set(draft.after);
    for (const one of draft.after) for (const earlier of ancestors[one] ?? []) before.add(earlier);
    ancestors.push(before);
    const others = draft.paths.flatMap(placesOn).flatMap((place) => writers.get(place) ?? []);
    return { ...draft, settled: others.every((other) => other === index || before.has(other)) };
  });
}

/** Marks the fields that one step alone brings, so that nothing else can stand in for them when it fails. */
export function markExclusive(steps: readonly FetchStep[]): void {
  const writers = new Map<string, number>();
  for (const step of steps) {
    for (const place of placesWritten(step)) writers.set(place, (writers.get(place) ?? 0) + 1);
  }
  for (const step of steps) {
    for (const [index, path] of step.paths.entries()) {
      visitShape(step.shape, placeOf(path), (field, place) => {
        field.exclusive = (index === 0 || field.exclusive) && writers.get(place) === 1;
      });
    }
  }
}

/** The places a step brings values to. */
export function placesWritten({ paths, shape }: Pick<FetchStep, 'paths' | 'shape'>): ReadonlySet<string> {
  const places = new Set<string>();
  for (const path of paths) visitShape(shape, placeOf(path), (_, place) => places.add(place));
  return places;
}

/** By place, the indexes of the steps that bring values there. */
function writersOf(drafts: readonly DraftStep[]): ReadonlyMap<string, readonly number[]> {
  const writers = new Map<string, number[]>();
  for (const [index, { written }] of drafts.entries()) {
    for (const place of written) {
      const known = writers.get(place);
      if (known === undefined) writers.set(place, [index]);
      else known.push(index);
    }
  }
  return writers;
}

function placesRead(step: FetchStep, path: ResponsePath): string[] {
  const places = placesOn(path);
  if (step.requires !== undefined) visitRequired(step.requires, placeOf(path), (place) => places.push(place));
  for (const source of step.contexts.flatMap(({ sources }) => sources)) {
    const fields = source.path.filter((element) => typeof element === 'string');
    const base = contextPath(path, source);
    places.push(...placesOn([...base, ...fields]));
  }
  return places;
}

function visitRequired(required: RequiredSelection, base: string, visit: (place: string) => void): void {
  for (const field of required.fields) {
    const place = `${base}/${field.responseName}`;
    visit(place);
    if (field.selection !== undefined) visitRequired(field.selection, place, visit);
  }
  for (const typed of required.typed) visitRequired(typed.selection, base, visit);
}

function placesOn(path: ResponsePath): string[] {
  let place = '';
  return path.flatMap((element) => (element === '@' ? [] : [(place += `/${element}`)]));
}

/** List markers make no difference to which field is meant. */
export function placeOf(path: ResponsePath): string {
  return path.map((name) => (name === '@' ? '' : `/${name}`)).join('');
}
