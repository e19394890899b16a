import { visitShape } from './answer-shape.ts';
import { contextPath } from './context-variables.ts';
import type { FetchStep, ResponsePath } from './fetch-plan.ts';
import type { RequiredSelection } from './required-selection.ts';

/** Does the step read what the earlier one writes? Mutations are in order with everything. */
export function mustWait(step: FetchStep, earlier: FetchStep | undefined): boolean {
  if (earlier === undefined) return false;
  if (step.kind === 'mutation' || earlier.kind === 'mutation') return true;
  const writes = new Set(placesWritten(earlier));
  return step.paths.some((path) => placesRead(step, path).some((place) => writes.has(place)));
}

/** Does a step wait, directly or not, for everything that writes the places on its paths? */
export function isSettled(step: FetchStep, ancestors: ReadonlySet<FetchStep>, steps: readonly FetchStep[]): boolean {
  const places = new Set(step.paths.flatMap(placesOn));
  return steps.every(
    (other) => other === step || ancestors.has(other) || !placesWritten(other).some((place) => places.has(place)),
  );
}

/** Marks the fields that one step alone brings, so that nothing else can stand in for them when it fails. */
export function markExclusive(steps: readonly FetchStep[]): void {
  const writers = new Map<string, number>();
  for (const step of steps) {
    for (const place of new Set(placesWritten(step))) writers.set(place, (writers.get(place) ?? 0) + 1);
  }
  for (const step of steps) {
    for (const [index, path] of step.paths.entries()) {
      visitShape(step.shape, placeOf(path), (field, place) => {
        field.exclusive = (index === 0 || field.exclusive) && writers.get(place) === 1;
      });
    }
  }
}

function placesWritten(step: FetchStep): string[] {
  const places: string[] = [];
  for (const path of step.paths) visitShape(step.shape, placeOf(path), (_, place) => places.push(place));
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
  return path.map((_, index) => placeOf(path.slice(0, index + 1)));
}

/** List markers make no difference to which field is meant. */
export function placeOf(path: ResponsePath): string {
  return path
    .filter((element) => element !== '@')
    .map((name) => `/${name}`)
    .join('');
}
