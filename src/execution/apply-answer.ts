import { addPart } from '../cache/answer-part.ts';
import { isJsonObject } from '../core/json.ts';
import type { AnswerShape, ShapeField } from '../planning/answer-shape.ts';
import type { SubgraphError } from '../subgraph/client.ts';
import type { PreparedFetch, Run } from './execute-plan.ts';
import type { ExecutableStep } from './executable.ts';
import { faultFrom } from './faults.ts';
import type { Fault, FaultStep } from './faults.ts';
import { isSeveral } from './grouping.ts';
import type { Grouping, Targets } from './grouping.ts';
import { keepAnswer } from './keep-answer.ts';
import { forget } from './merge.ts';
import { getOwn } from './own.ts';
import type { SlotAnswer } from './slot-answer.ts';
import { positionsAt } from './targets.ts';
import type { ResponseObject } from './targets.ts';

/** Puts a slot's answer where it belongs in the response, with its errors; keeps in the cache what may be kept. */
export function applySlot(run: Run, asked: PreparedFetch, answer: SlotAnswer): void {
  keepAnswer(asked, answer);
  const fetch = serveSpares(run, asked, answer);
  const { response, errors, unplaced } = answer;
  const { reuse } = run.context.record;
  if (errors.length + unplaced.length > 0) reuse?.forbid();
  else if (reuse !== undefined) addPart(reuse, response.headers);
  if (response.data !== null && answer.reportsUnplaced) {
    for (const error of unplaced) run.faults.general.push(faultFrom(error));
  }
  const [reason] = errors.length === 0 ? unplaced : errors;
  const failure = reason === undefined ? unreadable : faultFrom(reason);
  if (fetch.step.represent === undefined) applyRoot(run, fetch, answer, failure);
  else applyEntities(run, fetch, answer, failure);
}

function applyRoot(run: Run, { step, targets }: PreparedFetch, { response, errors }: SlotAnswer, failure: Fault): void {
  errorPlacer(run, step, 0)(targets[0] ?? [], errors);
  each(targets[0] ?? [], (object) => {
    if (response.data === null) fail(run, object, step, failure);
    else step.merge(object, response.data);
  });
}

function applyEntities(run: Run, fetch: PreparedFetch, answer: SlotAnswer, failure: Fault): void {
  const { step, targets } = fetch;
  const { data } = answer.response;
  const entities = data === null ? undefined : getOwn(data, answer.key);
  const isAnswer = Array.isArray(entities) && entities.length === targets.length;
  const placeErrors = errorPlacer(run, step, 2);
  const errorsAt = answer.errors.length === 0 ? undefined : Map.groupBy(answer.errors, ({ path }) => path?.[1]);
  for (const [index, objects] of targets.entries()) {
    const entity: unknown = isAnswer ? entities[index] : undefined;
    const errors = errorsAt?.get(index);
    if (errors !== undefined) placeErrors(objects, errors);
    const fault = errors?.[0] && faultFrom(errors[0]);
    if (isAnswer && (fault === undefined || isJsonObject(entity))) applyEntity(run, step, objects, entity);
    else each(objects, (object) => fail(run, object, step, fault ?? failure));
  }
}

/** Completes what may be stale when a subgraph cannot be asked; what is left of the fetch. */
function serveSpares(run: Run, fetch: PreparedFetch, { response: { failure } }: SlotAnswer): PreparedFetch {
  const { step, cached } = fetch;
  const isDown =
    failure !== undefined &&
    failure.code !== 'SUBGRAPH_INVALID_RESPONSE' &&
    (failure.code !== 'SUBGRAPH_HTTP_ERROR' || failure.status >= 500);
  if (cached === undefined || !isDown) return fetch;
  const targets = fetch.targets.filter((objects, at) => {
    const spare = cached.reading.spare(cached.indexes[at] ?? -1);
    if (spare !== undefined) applyEntity(run, step, objects, spare);
    return spare === undefined;
  });
  return { ...fetch, targets };
}

/** Completes the objects that one representation stands for. */
export function applyEntity(run: Run, step: ExecutableStep, targets: Targets, entity: unknown): void {
  if (!isJsonObject(entity)) {
    each(targets, (object) => {
      if (entity === null) absent(run, object, step);
      else fail(run, object, step, unreadable);
    });
  } else if (isSeveral(targets)) {
    run.areShared ||= step.mergeShares;
    for (const object of targets) step.merge(object, entity);
  } else {
    step.merge(targets, entity);
  }
}

/** Objects the step cannot or need not ask for: their fields are told missing, once, by whoever is to blame. */
export function failIncomplete(run: Run, step: ExecutableStep, { incomplete, otherType }: Grouping): void {
  for (const object of otherType) {
    forget(object, step.shape);
    // Without its type nobody can be asked about it; with another one it is not asked about here.
    if (typeof object['__typename'] !== 'string') fail(run, object, step, notAsked);
  }
  for (const object of incomplete) {
    // Whoever failed to deliver what this step needs has left its reason with the object, unless it simply left it out.
    if (run.faults.isAbsent(object)) forget(object, step.shape);
    else fail(run, object, step, notAsked);
  }
}

/** An error at a field below an object belongs to every position of the response where that object stands. */
function errorPlacer(run: Run, step: ExecutableStep, skip: number) {
  let positions: ReadonlyMap<object, (string | number)[][]>[] | undefined;
  return (targets: Targets, errors: readonly SubgraphError[]): void => {
    for (const error of errors) {
      const rest = (error.path ?? []).slice(skip);
      if (rest.length === 0) continue;
      const fault = faultFrom(error);
      const known = (positions ??= step.paths.map((path) => positionsAt(run.data, path)));
      each(targets, (object) => {
        for (const position of known.flatMap((places) => places.get(object) ?? [])) {
          run.faults.addAt([...position.map((key) => ({ key })), ...inResponse(rest, step.shape)], fault);
        }
      });
    }
  };
}

/** A path in a subgraph's answer by the keys its fields have in the response. */
function inResponse(path: readonly (string | number)[], shape: AnswerShape): FaultStep[] {
  let within: AnswerShape | undefined = shape;
  return path.map((element) => {
    if (typeof element === 'number') return { key: element };
    const found = within === undefined ? [] : fieldsNamed(element, within, undefined);
    const [first] = found;
    within = first?.field.shape;
    const isTyped = found.length > 0 && found.every(({ types }) => types !== undefined);
    const types = isTyped ? new Set(found.flatMap((one) => [...(one.types ?? [])])) : undefined;
    return { key: first?.field.key ?? element, types };
  });
}

function fieldsNamed(
  responseName: string,
  { fields, typed }: AnswerShape,
  types: FaultStep['types'],
): { readonly field: ShapeField; readonly types: FaultStep['types'] }[] {
  const own = fields.filter((field) => field.responseName === responseName).map((field) => ({ field, types }));
  return [...own, ...typed.flatMap((one) => fieldsNamed(responseName, one.shape, one.types))];
}

function each(targets: Targets, visit: (object: ResponseObject) => void): void {
  if (isSeveral(targets)) targets.forEach(visit);
  else visit(targets);
}

function absent(run: Run, object: ResponseObject, step: ExecutableStep): void {
  run.faults.markAbsent(object);
  forget(object, step.shape);
}

function fail(run: Run, object: ResponseObject, step: ExecutableStep, fault: Fault): void {
  run.faults.fail(object, fault);
  forget(object, step.shape);
}

const unreadable: Fault = {
  message: 'A subgraph did not answer what it was asked.',
  extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' },
};

const notAsked: Fault = {
  message: 'A subgraph was not asked, because a field it needs is missing from the answer of another.',
  extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' },
};
