import { isDeepStrictEqual } from 'node:util';
import type { AnswerShape } from '../planning/answer-shape.ts';
import type { FetchPlan, FetchStep } from '../planning/fetch-plan.ts';
import { singleKey } from '../planning/interchangeable.ts';
import type { SingleKey } from '../planning/interchangeable.ts';
import { createMerger } from './create-merger.ts';
import type { Merger } from './create-merger.ts';
import { createRepresentationWriter } from './representation.ts';
import type { RepresentationWriter } from './representation.ts';
import { createCollector } from './targets.ts';
import type { Collector } from './targets.ts';
import { createRequestWriter } from './write-request.ts';
import type { RequestWriter } from './write-request.ts';

/** A fetch plan with everything prepared that is the same for every request. */
export interface Executable {
  readonly groups: readonly ExecutableGroup[];
}

export interface ExecutableGroup {
  /** Its position in the plan. */
  readonly index: number;
  readonly subgraph: string;
  readonly steps: readonly ExecutableStep[];
  /** How many groups have to be done first, and the indexes of those that wait for this one. */
  readonly waitsFor: number;
  readonly dependents: readonly number[];
  readonly writeRequest: RequestWriter;
}

export interface ExecutableStep extends FetchStep {
  /** undefined for a fetch of root fields. */
  readonly represent: RepresentationWriter | undefined;
  readonly collect: Collector;
  /** Equal for steps that concern the same objects. */
  readonly place: string;
  /** Equal for steps that concern the same objects and know them by the same representations. */
  readonly grouping: number;
  readonly sharesPlace: boolean;
  readonly sharesGrouping: boolean;
  readonly singleKey: SingleKey | undefined;
  readonly merge: Merger;
  /** Objects completed from one entity have parts of it in common. */
  readonly mergeShares: boolean;
}

/** For an operation that asks for nothing a subgraph would have to answer. */
export const nothingToFetch: Executable = { groups: [] };

export function createExecutable(plan: FetchPlan): Executable {
  const places = plan.steps.map(objectsKey);
  // The same object under two contexts is completed in two ways.
  const isContextual = plan.steps.some(({ contexts }) => contexts.length > 0);
  const groupings = plan.steps.map(({ requires }, index) =>
    plan.steps.findIndex((other, one) => places[one] === places[index] && isDeepStrictEqual(other.requires, requires)),
  );
  const steps = plan.steps.map((step, index): ExecutableStep => {
    const place = places[index] ?? '';
    const grouping = groupings[index] ?? index;
    const adopts = mayAdopt(step, plan.steps) && !(isContextual && step.requires !== undefined);
    return {
      ...step,
      represent: step.requires && createRepresentationWriter(step.requires),
      collect: createCollector(step.paths, step.interchangeable),
      place,
      grouping,
      sharesPlace: isRepeated(place, places),
      sharesGrouping: isRepeated(grouping, groupings),
      singleKey: singleKey(step),
      merge: createMerger(step, adopts),
      mergeShares: adopts && compositeKeys(step.shape).length > 0,
    };
  });
  return {
    groups: plan.groups.map((group, index) => ({
      index,
      subgraph: group.subgraph,
      steps: group.steps.flatMap((step) => steps[step] ?? []),
      waitsFor: group.after.length,
      dependents: [...plan.groups.keys()].filter((other) => plan.groups[other]?.after.includes(index)),
      writeRequest: createRequestWriter(index),
    })),
  };
}

function isRepeated<Value>(value: Value, values: readonly Value[]): boolean {
  return values.indexOf(value) !== values.lastIndexOf(value);
}

function objectsKey({ paths, settled }: FetchStep, index: number): string {
  return settled ? paths.map((path) => path.join('.')).join(' ') : `#${index}`;
}

/**
 * May the subgraph's own objects become part of the response (see `mergeAnswer`)? Equal entities at one path are
 * completed alike by everything that follows, so they may share objects. Those of several paths may not if something
 * follows in these objects; neither may objects that several steps write.
 */
function mayAdopt(step: FetchStep, steps: readonly FetchStep[]): boolean {
  if (!isPlain(step.shape)) return false;
  if (step.paths.length === 1) return true;
  const inside = step.paths.flatMap((path) => compositeKeys(step.shape).map((key) => [...path, key]));
  return !steps.some((other) => other.paths.some((path) => isWithin(path, inside)));
}

function compositeKeys(shape: AnswerShape): string[] {
  const own = shape.fields.filter((field) => field.shape !== undefined).map(({ key }) => key);
  return [...own, ...shape.typed.flatMap((typed) => compositeKeys(typed.shape))];
}

function isPlain(shape: AnswerShape): boolean {
  return (
    shape.fields.every(
      ({ key, responseName, exclusive, shape: inner }) =>
        key === responseName && (inner === undefined || (exclusive && isPlain(inner))),
    ) && shape.typed.every((typed) => isPlain(typed.shape))
  );
}

function isWithin(path: readonly string[], places: readonly (readonly string[])[]): boolean {
  return places.some((place) => place.every((element, index) => path[index] === element));
}
