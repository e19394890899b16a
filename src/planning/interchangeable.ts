import { visitShape } from './answer-shape.ts';
import { placeOf } from './dependencies.ts';
import type { FetchPlan, FetchStep, ResponsePath } from './fetch-plan.ts';

/** The one field besides the type name that tells entities of an object type apart. */
export interface SingleKey {
  readonly typeName: string;
  readonly field: string;
}

/**
 * The paths of an entity step at which an object is nothing but its representation, and everything that follows at one of
 * them follows at all of them alike: there, equal objects may become one.
 */
export function interchangeablePaths(plan: FetchPlan, index: number): ReadonlySet<ResponsePath> {
  const group = plan.groups.findIndex(({ steps }) => steps.includes(index));
  const step = plan.steps[index];
  const key = step?.settled === true ? plainKey(step) : undefined;
  if (step === undefined || key === undefined) return new Set();
  const before = connected(group, (one) => plan.groups[one]?.after ?? []);
  const after = connected(group, (one) =>
    [...plan.groups.keys()].filter((other) => plan.groups[other]?.after.includes(one)),
  );
  const stepsOf = (groups: ReadonlySet<number>): FetchStep[] =>
    plan.steps.filter((_, other) => [...groups].some((one) => plan.groups[one]?.steps.includes(other)));
  const earlier = stepsOf(before);
  const later = new Set(stepsOf(after));
  const apart = plan.steps.filter((other) => other !== step && !isAtAllPlaces(other, step) && !earlier.includes(other));

  const fuller = new Set<string>();
  for (const other of earlier) {
    for (const path of other.paths) {
      visitShape(other.shape, placeOf(path), ({ key: name, shape }, place) => {
        if (shape !== undefined || !key.has(name)) fuller.add(place.slice(0, -name.length - 1));
      });
    }
  }
  const bare = step.paths.filter((path) => {
    const place = placeOf(path);
    if (fuller.has(place)) return false;
    return apart.every((other) => later.has(other) || !other.paths.some((one) => isAtOrBelow(placeOf(one), place)));
  });
  const areAlike = apart.every((other) => new Set(bare.map((path) => placesBelow(other, placeOf(path)))).size <= 1);
  return new Set(areAlike ? bare : []);
}

/** The names of the fields a representation has, where it is of one object type and they are plain fields. */
function plainKey({ requires }: FetchStep): ReadonlySet<string> | undefined {
  const [typed, ...more] = requires?.typed ?? [];
  if (requires === undefined || typed === undefined || more.length > 0 || typed.types.size > 1) return undefined;
  if (requires.fields.length > 0 || typed.selection.typed.length > 0) return undefined;
  const { fields } = typed.selection;
  const isPlain = fields.every(
    ({ selection, key, responseName, constant }) =>
      selection === undefined && key === responseName && constant === undefined,
  );
  return isPlain ? new Set(fields.map(({ responseName }) => responseName)) : undefined;
}

function connected(start: number, next: (group: number) => readonly number[], known = new Set<number>()): Set<number> {
  for (const group of next(start)) {
    if (known.has(group)) continue;
    known.add(group);
    connected(group, next, known);
  }
  return known;
}

/** It completes equal objects at the other's places alike, whichever of the two collects them first. */
function isAtAllPlaces(step: FetchStep, other: FetchStep): boolean {
  const places = new Set(step.paths.map(placeOf));
  return step.settled === true && places.size === new Set([...places, ...other.paths.map(placeOf)]).size;
}

function isAtOrBelow(place: string, above: string): boolean {
  return place === above || place.startsWith(`${above}/`);
}

/** The place itself is `.`: not to be at or below it at all is another thing. */
function placesBelow({ paths }: FetchStep, place: string): string {
  const below = paths.map(placeOf).filter((one) => isAtOrBelow(one, place));
  return below
    .map((one) => `.${one.slice(place.length)}`)
    .toSorted()
    .join(' ');
}

/** What tells the entities of a step apart, when it is one field of one object type. */
export function singleKey(step: FetchStep): SingleKey | undefined {
  const [field, ...more] = [...(plainKey(step) ?? [])].filter((name) => name !== '__typename');
  const [typeName] = step.requires?.typed[0]?.types ?? [];
  return field === undefined || typeName === undefined || more.length > 0 ? undefined : { typeName, field };
}
