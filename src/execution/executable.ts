import type { AnswerShape } from '../planning/answer-shape.ts';
import type { FetchPlan, FetchStep } from '../planning/fetch-plan.ts';
import { createRepresentationWriter } from './representation.ts';
import type { RepresentationWriter } from './representation.ts';
import { createRequestWriter } from './write-request.ts';
import type { RequestWriter } from './write-request.ts';

/** A fetch plan with everything prepared that is the same for every request. */
export interface Executable {
  readonly groups: readonly ExecutableGroup[];
}

export interface ExecutableGroup {
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
  /** The subgraph's own objects may become part of the response; see `mergeAnswer`. */
  readonly adopt: boolean;
}

/** For an operation that asks for nothing a subgraph would have to answer. */
export const nothingToFetch: Executable = { groups: [] };

export function createExecutable(plan: FetchPlan): Executable {
  const steps = plan.steps.map((step) => ({
    ...step,
    represent: step.requires && createRepresentationWriter(step.requires),
    adopt: mayAdopt(step, plan.steps),
  }));
  return {
    groups: plan.groups.map((group, index) => ({
      subgraph: group.subgraph,
      steps: group.steps.flatMap((step) => steps[step] ?? []),
      waitsFor: group.after.length,
      dependents: [...plan.groups.keys()].filter((other) => plan.groups[other]?.after.includes(index)),
      writeRequest: createRequestWriter(),
    })),
  };
}

/**
 * Equal entities at one path are completed alike by everything that follows, so they may share objects. Those of
 * several paths may not if something follows below them; neither may objects that several steps write.
 */
function mayAdopt(step: FetchStep, steps: readonly FetchStep[]): boolean {
  if (!isPlain(step.shape)) return false;
  return step.paths.length === 1 || !steps.some((other) => other.paths.some((path) => isBelow(path, step.paths)));
}

function isPlain(shape: AnswerShape): boolean {
  return (
    shape.fields.every(
      ({ key, responseName, exclusive, shape: inner }) =>
        key === responseName && (inner === undefined || (exclusive && isPlain(inner))),
    ) && shape.typed.every((typed) => isPlain(typed.shape))
  );
}

function isBelow(path: readonly string[], places: readonly (readonly string[])[]): boolean {
  return places.some((place) => path.length > place.length && place.every((element, index) => path[index] === element));
}
