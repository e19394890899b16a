import { visitShape } from './answer-shape.ts';
import { placeOf } from './dependencies.ts';
import type { FetchPlan, FetchStep, ResponsePath } from './fetch-plan.ts';

/** The one field besides the type name that tells entities of an object type apart. */
export interface SingleKey {
  readonly typeName: string;
  readonly field: string;
}

/**
 * For each step, those of its paths at which an object is nothing but its representation, and everything that follows at
 * one of them follows at all of them alike: there, equal objects may become one.
 */
export function interchangeablePaths({ steps, groups }: FetchPlan): ReadonlySet<ResponsePath>[] {
  const ancestors: Set<number>[] = [];
  for (const { after } of groups) {
    ancestors.push(new Set(after.flatMap((group) => [group, ...(ancestors[group] ?? [])])));
  }
  const located = steps.map((step, index): LocatedStep => {
    const group = groups.findIndex((one) => one.steps.includes(index));
    return { step, group, sites: step.paths.map((path) => ({ path, place: placeOf(path) })) };
  });
  const written = writtenInto(located);
  const isBefore = (one: LocatedStep, other: LocatedStep): boolean => ancestors[other.group]?.has(one.group) === true;

  return located.map((own) => {
    const key = own.step.settled === true ? plainKey(own.step) : undefined;
    if (key === undefined) return new Set();
    const apart = located.filter((other) => other !== own && !isBefore(other, own) && !isAtAllPlaces(other, own));
    const isFuller = (place: string): boolean =>
      (written.get(place) ?? []).some(({ by, name, isLeaf }) => isBefore(by, own) && !(isLeaf && key.has(name)));
    const bare = own.sites.filter(
      ({ place }) =>
        !isFuller(place) &&
        apart.every((other) => isBefore(own, other) || !other.sites.some((one) => isAtOrBelow(one.place, place))),
    );
    const areAlike = apart.every((other) => new Set(bare.map(({ place }) => placesBelow(other, place))).size <= 1);
    return new Set(areAlike ? bare.map(({ path }) => path) : []);
  });
}

interface LocatedStep {
  readonly step: FetchStep;
  readonly group: number;
  readonly sites: readonly { readonly path: ResponsePath; readonly place: string }[];
}

interface WrittenField {
  readonly by: LocatedStep;
  readonly name: string;
  readonly isLeaf: boolean;
}

/** The fields that steps write, by the place of the object they are fields of. */
function writtenInto(steps: readonly LocatedStep[]): ReadonlyMap<string, readonly WrittenField[]> {
  const written = new Map<string, WrittenField[]>();
  for (const by of steps) {
    for (const { place } of by.sites) {
      visitShape(by.step.shape, place, ({ key: name, shape }, _, parent) => {
        const field = { by, name, isLeaf: shape === undefined };
        const known = written.get(parent);
        if (known === undefined) written.set(parent, [field]);
        else known.push(field);
      });
    }
  }
  return written;
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

/** It completes equal objects at the other's places alike, whichever of the two collects them first. */
function isAtAllPlaces({ step, sites }: LocatedStep, other: LocatedStep): boolean {
  return step.settled === true && other.sites.every(({ place }) => sites.some((one) => one.place === place));
}

function isAtOrBelow(place: string, above: string): boolean {
  return place === above || place.startsWith(`${above}/`);
}

/** The place itself is `.`: not to be at or below it at all is another thing. */
function placesBelow({ sites }: LocatedStep, place: string): string {
  const below = sites.filter((one) => isAtOrBelow(one.place, place));
  return below
    .map((one) => `.${one.place.slice(place.length)}`)
    .toSorted()
    .join(' ');
}

/** What tells the entities of a step apart, when it is one field of one object type. */
export function singleKey(step: FetchStep): SingleKey | undefined {
  const [field, ...more] = [...(plainKey(step) ?? [])].filter((name) => name !== '__typename');
  const [typeName] = step.requires?.typed[0]?.types ?? [];
  return field === undefined || typeName === undefined || more.length > 0 ? undefined : { typeName, field };
}
