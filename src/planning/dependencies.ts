import { visitShape } from './answer-shape.ts';
import type { DraftStep } from './compile-plan.ts';
import { contextPath } from './context-variables.ts';
import type { FetchStep, ResponsePath } from './fetch-plan.ts';
import type { RequiredSelection } from './required-selection.ts';

/** Does the step read what the earlier one writes? Mutations are in order with everything. */
export function mustWait(step: FetchStep, earlier: FetchStep | undefined): boolean {
  if (earlier === undefined) return false;
  if (step.kind === 'mutation' || earlier.kind === 'mutation') return true;
  const writes = placesWritten(earlier);
  return step.paths.some((path) => placesRead(step, path).some((place) => writes.has(place)));
}

/**
 * Lets steps wait for what they read also where the planner runs it beside them: it loses dependencies when it merges a
 * fetch on the way. Every step stands behind those it waits for.
 */
export function withLostDependencies(drafts: readonly DraftStep[]): DraftStep[] {
  const written = drafts.map(placesWritten);
  const after = drafts.map((step) => new Set(step.after));
  const ancestorsOf = (index: number): ReadonlySet<number> => {
    const known = new Set(after[index]);
    for (const one of known) for (const before of after[one] ?? []) known.add(before);
    return known;
  };
  for (const [index, { requires, paths }] of drafts.entries()) {
    if (requires === undefined) continue;
    for (const path of paths) {
      visitRequired(requires, placeOf(path), (place) => {
        const writers = [...drafts.keys()].filter((other) => other !== index && written[other]?.has(place));
        const ancestors = ancestorsOf(index);
        if (place.endsWith('/__typename') || writers.some((other) => ancestors.has(other))) return;
        for (const other of writers) if (!ancestorsOf(other).has(index)) after[index]?.add(other);
      });
    }
  }
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

/** Does a step wait, directly or not, for everything that writes the places on its paths? */
export function isSettled(step: FetchStep, ancestors: ReadonlySet<FetchStep>, steps: readonly FetchStep[]): boolean {
  const places = step.paths.flatMap(placesOn);
  return steps.every(
    (other) => other === step || ancestors.has(other) || !places.some((place) => placesWritten(other).has(place)),
  );
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

const writtenBy = new WeakMap<FetchStep['paths'], ReadonlySet<string>>();

function placesWritten({ paths, shape }: FetchStep): ReadonlySet<string> {
  let places = writtenBy.get(paths);
  if (places === undefined) {
    const found = new Set<string>();
    for (const path of paths) visitShape(shape, placeOf(path), (_, place) => found.add(place));
    places = found;
    writtenBy.set(paths, places);
  }
  return places;
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
  const names = path.filter((element) => element !== '@');
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
}

const placeOfPath = new WeakMap<ResponsePath, string>();

/** List markers make no difference to which field is meant. */
export function placeOf(path: ResponsePath): string {
  let place = placeOfPath.get(path);
  if (place === undefined) {
    place = path.map((name) => (name === '@' ? '' : `/${name}`)).join('');
    placeOfPath.set(path, place);
  }
  return place;
}
