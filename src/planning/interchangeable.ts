import type { DraftStep, PlannedStep } from './dependencies.ts';
import type { FetchGroup, ResponsePath } from './fetch-plan.ts';
import type { Place } from './place.ts';

/** The one field besides the type name that tells entities of an object type apart. */
export interface SingleKey {
  readonly typeName: string;
  readonly field: string;
}

/** Steps that ask the same of different places. */
export interface JoinedStep {
  readonly step: PlannedStep;
  readonly drafts: readonly DraftStep[];
  readonly settled: boolean;
}

/**
 * For each step, those of its paths at which an object is nothing but its representation, and everything that follows at
 * one of them follows at all of them alike: there, equal objects may become one.
 */
export function interchangeablePaths(
  joined: readonly JoinedStep[],
  groups: readonly FetchGroup[],
  groupOf: ReadonlyMap<DraftStep, number>,
): ReadonlySet<ResponsePath>[] {
  // The same object under two contexts is completed in two ways.
  if (joined.some(({ step }) => step.contexts.length > 0)) return [];
  const ancestors: Set<number>[] = [];
  for (const { after } of groups) {
    ancestors.push(new Set(after.flatMap((group) => [group, ...(ancestors[group] ?? [])])));
  }
  const groupNumber = (draft: DraftStep | undefined): number => (draft && groupOf.get(draft)) ?? 0;
  const isBefore = (one: DraftStep | undefined, other: DraftStep | undefined): boolean =>
    ancestors[groupNumber(other)]?.has(groupNumber(one)) === true;

  return joined.map((own) => {
    const key = own.settled ? plainKey(own.step) : undefined;
    if (key === undefined) return new Set();
    const [first] = own.drafts;
    const isWritten = ({ writers }: Place): boolean => writers.some((writer) => isBefore(writer, first));
    const isFuller = (place: Place): boolean =>
      place.fields().some((field) => isWritten(field) && (!key.has(field.name) || field.fields().some(isWritten)));
    const apart = joined.filter(
      (other) => other !== own && !isBefore(other.drafts[0], first) && !isAtAllPlaces(other, own),
    );
    const besides = apart.filter((other) => !isBefore(first, other.drafts[0])).flatMap(({ drafts }) => drafts);
    const bare = own.drafts.filter(
      ({ place }) => !isFuller(place) && !besides.some((other) => other.place.way().includes(place)),
    );
    const areAlike = apart.every((other) => new Set(bare.map(({ place }) => placesBelow(other, place))).size <= 1);
    return new Set(areAlike ? bare.map(({ path }) => path) : []);
  });
}

/** The names of the fields a representation has, where it is of one object type and they are plain fields. */
function plainKey({ requires }: PlannedStep): ReadonlySet<string> | undefined {
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
function isAtAllPlaces({ drafts, settled }: JoinedStep, other: JoinedStep): boolean {
  return settled && other.drafts.every(({ place }) => drafts.some((draft) => draft.place === place));
}

/** The place itself is `.`: not to be at or below it at all is another thing. */
function placesBelow({ drafts }: JoinedStep, place: Place): string {
  return drafts
    .flatMap((draft) => {
      const way = draft.place.way();
      const start = way.indexOf(place);
      const names = way.slice(start + 1).map(({ name }) => name);
      return start === -1 ? [] : `.${names.join('/')}`;
    })
    .toSorted()
    .join(' ');
}

/** What tells the entities of a step apart, when it is one field of one object type. */
export function singleKey(step: PlannedStep): SingleKey | undefined {
  const [field, ...more] = [...(plainKey(step) ?? [])].filter((name) => name !== '__typename');
  const [typeName] = step.requires?.typed[0]?.types ?? [];
  return field === undefined || typeName === undefined || more.length > 0 ? undefined : { typeName, field };
}
