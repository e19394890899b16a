import { visitShape } from './answer-shape.ts';
import { contextPath } from './context-variables.ts';
import type { FetchStep, ResponsePath } from './fetch-plan.ts';
import type { Place } from './place.ts';
import type { RequiredSelection } from './required-selection.ts';

/** What one fetch of the planner's asks at one path. */
export type PlannedStep = Omit<FetchStep, 'paths' | 'settled' | 'interchangeable'>;

/** A step before equal ones are joined, with those it waits for. */
export interface DraftStep {
  readonly step: PlannedStep;
  readonly path: ResponsePath;
  readonly place: Place;
  /** What it reads of the objects it finds, and of those around them. */
  readonly values: readonly Place[];
  readonly after: Set<DraftStep>;
}

/**
 * Lets the step wait for those earlier ones whose writing it reads; mutations are in order with everything. The places
 * below the root are told what it writes.
 */
export function createDraft(
  step: PlannedStep,
  path: ResponsePath,
  root: Place,
  earlier: readonly DraftStep[],
): DraftStep {
  const place = root.at(path);
  const values = valuesRead(step, path, root);
  const read = new Set([...place.way(), ...values].flatMap(({ writers }) => writers));
  const isAwaited = (one: DraftStep): boolean =>
    step.kind === 'mutation' || one.step.kind === 'mutation' || read.has(one);
  const draft = { step, path, place, values, after: new Set(earlier.filter(isAwaited)) };
  visitShape(step.shape, place, (_, { writers }) => {
    if (writers.at(-1) !== draft) writers.push(draft);
  });
  return draft;
}

/**
 * Lets steps wait for what they read also where the planner runs it beside them: it loses dependencies when it merges a
 * fetch on the way. Every step stands behind those it waits for.
 */
export function withLostDependencies(drafts: readonly DraftStep[]): readonly DraftStep[] {
  for (const draft of drafts) {
    let ancestors = ancestorsOf(draft);
    for (const { name, writers } of draft.values) {
      if (name === '__typename' || writers.some((writer) => ancestors.has(writer))) continue;
      for (const writer of writers) {
        if (writer !== draft && !ancestorsOf(writer).has(draft)) draft.after.add(writer);
      }
      ancestors = ancestorsOf(draft);
    }
  }
  const ordered = new Set<DraftStep>();
  const add = (draft: DraftStep): void => {
    if (ordered.has(draft)) return;
    for (const before of draft.after) add(before);
    ordered.add(draft);
  };
  for (const draft of drafts) add(draft);
  return [...ordered];
}

/** Does a step wait, directly or not, for everything else that writes the places on its path? */
export function isSettled(draft: DraftStep): boolean {
  const ancestors = ancestorsOf(draft);
  return draft.place.way().every(({ writers }) => writers.every((writer) => writer === draft || ancestors.has(writer)));
}

function ancestorsOf({ after }: DraftStep): ReadonlySet<DraftStep> {
  const known = new Set(after);
  for (const one of known) for (const before of one.after) known.add(before);
  return known;
}

function valuesRead({ requires, contexts }: PlannedStep, path: ResponsePath, root: Place): Place[] {
  const places: Place[] = [];
  if (requires !== undefined) visitRequired(requires, root.at(path), (required) => places.push(required));
  for (const source of contexts.flatMap(({ sources }) => sources)) {
    const fields = source.path.filter((element) => typeof element === 'string');
    places.push(...root.at(contextPath(path, source)).at(fields).way());
  }
  return places;
}

function visitRequired(required: RequiredSelection, base: Place, visit: (place: Place) => void): void {
  for (const field of required.fields) {
    const place = base.field(field.responseName);
    visit(place);
    if (field.selection !== undefined) visitRequired(field.selection, place, visit);
  }
  for (const typed of required.typed) visitRequired(typed.selection, base, visit);
}
