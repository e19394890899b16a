import DataLoader from 'dataloader';
import type { EntityCache, EntityLookup } from '../cache/entity-cache.ts';
import { canonicalJson, isJsonObject } from '../core/json.ts';
import type { RequestContext } from '../core/request-context.ts';
import type { StepText } from '../planning/fetch-plan.ts';
import type { SubgraphClient, SubgraphError, SubgraphResponse } from '../subgraph/client.ts';
import type { Executable, ExecutableGroup, ExecutableStep } from './executable.ts';
import { FaultBook, faultFrom } from './faults.ts';
import type { Fault } from './faults.ts';
import { forget } from './merge.ts';
import { getOwn } from './own.ts';
import { MISSING, OTHER_TYPE } from './representation.ts';
import type { RepresentationWriter } from './representation.ts';
import { positionsAt } from './targets.ts';
import type { ResponseObject } from './targets.ts';
import { entitiesKey } from './write-request.ts';
import type { FetchSlot } from './write-request.ts';

/** What a plan needs to run, for one client request. */
export interface Execution {
  readonly executable: Executable;
  /** The client's variables as they came: they are sent to subgraphs. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: RequestContext;
  readonly subgraphs: SubgraphClient;
  /** Absent for mutations, which read what they have just written. */
  readonly cache: EntityCache | undefined;
}

/** The data of all subgraphs together under the client's response names, not yet in the client's shape. */
export interface Executed {
  readonly data: ResponseObject;
  readonly faults: FaultBook;
}

/**
 * Runs a plan: a group of fetches is sent the moment the last group it waits for is done. Every fetch is a slot of
 * the request's DataLoader for its subgraph, and the plan's dependency counter, not the event loop, decides when a
 * loader sends its batch: the number of calls is the plan's, whatever the timing.
 */
export function executePlan(execution: Execution): Promise<Executed> {
  const { groups } = execution.executable;
  const run: Run = {
    ...execution,
    data: {},
    faults: new FaultBook(),
    loaders: new Map(),
    collected: new Map(),
    groupings: new Map(),
  };
  const waiting = groups.map((group) => group.waitsFor);
  return new Promise((resolve, reject) => {
    let left = groups.length;
    const start = async (index: number): Promise<void> => {
      const group = groups[index];
      if (group === undefined) return;
      try {
        await runGroup(run, group);
      } catch (error) {
        reject(error);
        return;
      }
      left -= 1;
      if (left === 0) resolve({ data: run.data, faults: run.faults });
      for (const dependent of group.dependents) {
        const open = (waiting[dependent] ?? 0) - 1;
        waiting[dependent] = open;
        if (open === 0) void start(dependent);
      }
    };
    if (left === 0) resolve({ data: run.data, faults: run.faults });
    for (const [index, group] of groups.entries()) if (group.waitsFor === 0) void start(index);
  });
}

interface Run extends Execution, Executed {
  readonly loaders: Map<string, SubgraphLoader>;
  /** Objects by the place of the steps that concern them, and how they were grouped into entities. */
  readonly collected: Map<string, ResponseObject[]>;
  readonly groupings: Map<string, Grouping>;
}

/** Distinct representations, and for each the objects it stands for. */
interface Grouping {
  readonly representations: readonly string[];
  readonly targets: readonly (readonly ResponseObject[])[];
}

interface SubgraphLoader {
  readonly loader: DataLoader<FetchSlot, SlotAnswer>;
  /** Set by the loader as soon as it has something to send. */
  dispatch: () => void;
  group: ExecutableGroup;
}

/** One slot's share of a response. */
interface SlotAnswer {
  readonly response: SubgraphResponse;
  /** Where its entities stand in the response's data. */
  readonly key: string;
  /** Errors below the slot's key, or of a root fetch. */
  readonly errors: readonly SubgraphError[];
  /** Errors that belong to no slot: they are reported once, and explain to every slot why data is missing. */
  readonly unplaced: readonly SubgraphError[];
  readonly reportsUnplaced: boolean;
}

async function runGroup(run: Run, group: ExecutableGroup): Promise<void> {
  const fetches: PreparedFetch[] = [];
  for (const step of group.steps) {
    const fetch = prepare(run, step);
    if (fetch !== undefined) fetches.push(fetch);
  }
  if (run.cache !== undefined) await Promise.all(fetches.map((fetch) => readCache(run, fetch, run.cache)));
  const open = fetches.filter((fetch) => fetch.step.represent === undefined || fetch.representations.length > 0);
  if (open.length === 0) return;
  const entry = loaderFor(run, group);
  entry.group = group;
  const answers = open.map((fetch) => entry.loader.load(fetch));
  entry.dispatch();
  for (const [index, answer] of (await Promise.all(answers)).entries()) {
    const fetch = open[index];
    if (fetch !== undefined) apply(run, fetch, answer);
  }
}

function loaderFor(run: Run, group: ExecutableGroup): SubgraphLoader {
  const known = run.loaders.get(group.subgraph);
  if (known !== undefined) return known;
  const created: SubgraphLoader = {
    group,
    dispatch: () => {},
    loader: new DataLoader(
      async (slots) => {
        const request = created.group.writeRequest(slots, run.variables);
        return share(await run.subgraphs.send(request, run.context), slots);
      },
      { cache: false, batchScheduleFn: (dispatch) => (created.dispatch = dispatch) },
    ),
  };
  run.loaders.set(group.subgraph, created);
  return created;
}

const noErrors: readonly SubgraphError[] = [];

function share(response: SubgraphResponse, slots: readonly FetchSlot[]): SlotAnswer[] {
  const keys = slots.map((_, index) => entitiesKey(index, slots.length));
  if (response.errors.length === 0) {
    return keys.map((key) => ({ response, key, errors: noErrors, unplaced: noErrors, reportsUnplaced: false }));
  }
  const owns = ({ path }: SubgraphError, slot: number): boolean =>
    slots[slot]?.step.requires === undefined
      ? path !== undefined && path.length > 0
      : path?.[0] === keys[slot] && typeof path?.[1] === 'number';
  const unplaced = response.errors.filter((error) => !keys.some((_, slot) => owns(error, slot)));
  return keys.map((key, slot) => ({
    response,
    key,
    errors: response.errors.filter((error) => owns(error, slot)),
    unplaced,
    reportsUnplaced: slot === 0,
  }));
}

/** A step with the objects it concerns and what of it still has to be asked. */
interface PreparedFetch extends FetchSlot {
  readonly step: ExecutableStep;
  /** Distinct representations, and for each the objects it stands for. A root fetch has one target and no texts. */
  representations: readonly string[];
  targets: readonly (readonly ResponseObject[])[];
  lookup: EntityLookup | undefined;
}

/** undefined when there is nothing to ask for. */
function prepare(run: Run, step: ExecutableStep): PreparedFetch | undefined {
  let objects = run.collected.get(step.place);
  if (objects === undefined) {
    objects = step.collect(run.data);
    run.collected.set(step.place, objects);
  }
  if (objects.length === 0) return undefined;
  if (step.represent === undefined) return { step, representations: [], targets: [objects], lookup: undefined };
  const { representations, targets } = run.groupings.get(step.grouping) ?? group(run, step, step.represent, objects);
  return representations.length === 0 ? undefined : { step, representations, targets, lookup: undefined };
}

function group(
  run: Run,
  step: ExecutableStep,
  represent: RepresentationWriter,
  objects: readonly ResponseObject[],
): Grouping {
  const indexOf = new Map<string, number>();
  const representations: string[] = [];
  const targets: ResponseObject[][] = [];
  let isWhole = true;
  for (const object of objects) {
    const text = represent(object);
    if (text === OTHER_TYPE) {
      forget(object, step.shape);
      // Without its type nobody can be asked about it; with another one it is not asked about here.
      if (typeof object['__typename'] !== 'string') fail(run, object, step, incomplete);
      continue;
    }
    if (text === MISSING) {
      isWhole = false;
      // Whoever failed to deliver what this step needs has left its reason with the object, unless it simply left it out.
      if (run.faults.isAbsent(object)) forget(object, step.shape);
      else fail(run, object, step, incomplete);
      continue;
    }
    const index = indexOf.get(text);
    if (index !== undefined) {
      targets[index]?.push(object);
      continue;
    }
    indexOf.set(text, representations.length);
    representations.push(text);
    targets.push([object]);
  }
  const grouping: Grouping = { representations, targets };
  if (isWhole) run.groupings.set(step.grouping, grouping);
  return grouping;
}

/** Completes what the cache knows and leaves the rest to be asked. */
async function readCache(run: Run, fetch: PreparedFetch, cache: EntityCache | undefined): Promise<void> {
  const { step, representations, targets } = fetch;
  if (cache === undefined || step.represent === undefined) return;
  const used = Object.fromEntries(step.variables.map((name) => [name, getOwn(run.variables, name)]));
  const lookup: EntityLookup = {
    subgraph: step.subgraph,
    selection: selectionText(step.text),
    variables: canonicalJson(used),
    representations,
  };
  const cached = await cache.read(lookup, run.context);
  const missing: number[] = [];
  for (const index of representations.keys()) {
    if (cached[index] === undefined) missing.push(index);
    else complete(run, step, targets[index] ?? [], cached[index]);
  }
  fetch.representations = missing.flatMap((index) => representations[index] ?? []);
  fetch.targets = missing.map((index) => targets[index] ?? []);
  fetch.lookup = { ...lookup, representations: fetch.representations };
}

/** With the definitions of its variables: their defaults decide the answer where the client sends no value. */
function selectionText({ variableDefinitions, directives, selection, fragments }: StepText): string {
  return [`(${variableDefinitions.join()})`, directives, selection, ...fragments.map(({ text }) => text)].join('');
}

function apply(run: Run, fetch: PreparedFetch, answer: SlotAnswer): void {
  const { response, errors, unplaced } = answer;
  const { step } = fetch;
  if (response.data !== null && answer.reportsUnplaced) {
    for (const error of unplaced) run.faults.general.push(faultFrom(error));
  }
  const [reason] = errors.length === 0 ? unplaced : errors;
  const failure = reason === undefined ? unreadable : faultFrom(reason);
  if (step.represent === undefined) applyRoot(run, fetch, answer, failure);
  else applyEntities(run, fetch, answer, failure);
}

function applyRoot(run: Run, { step, targets }: PreparedFetch, { response, errors }: SlotAnswer, failure: Fault): void {
  const addErrors = errorPlacer(run, step, 0);
  for (const object of targets[0] ?? []) {
    addErrors(object, errors);
    if (response.data === null) fail(run, object, step, failure);
    else step.merge(object, response.data);
  }
}

function applyEntities(run: Run, fetch: PreparedFetch, answer: SlotAnswer, failure: Fault): void {
  const { step, targets } = fetch;
  const { data, headers } = answer.response;
  const addErrors = errorPlacer(run, step, 2);
  const errorsAt = Map.groupBy(answer.errors, ({ path }) => path?.[1]);
  const entities = data === null ? undefined : getOwn(data, answer.key);
  const isAnswer = Array.isArray(entities) && entities.length === targets.length;
  for (const [index, objects] of targets.entries()) {
    const entity: unknown = isAnswer ? entities[index] : undefined;
    const errors = errorsAt.get(index) ?? noErrors;
    for (const object of errors.length === 0 ? [] : objects) addErrors(object, errors);
    const fault = errors[0] === undefined ? undefined : faultFrom(errors[0]);
    if (isAnswer && (fault === undefined || isJsonObject(entity))) complete(run, step, objects, entity);
    else for (const object of objects) fail(run, object, step, fault ?? failure);
  }

  // Errors are never cached, and an error without a place may concern any entity.
  if (!isAnswer || answer.unplaced.length > 0 || run.cache === undefined || fetch.lookup === undefined) return;
  const values = entities.map((entity: unknown, index) =>
    errorsAt.has(index) || !isJsonObject(entity) ? undefined : entity,
  );
  run.cache.write(fetch.lookup, values, headers, run.context);
}

/** An error at a field below an object belongs to every position of the response where that object stands. */
function errorPlacer(run: Run, step: ExecutableStep, skip: number) {
  let positions: ReadonlyMap<object, (string | number)[][]>[] | undefined;
  return (object: ResponseObject, errors: readonly SubgraphError[]): void => {
    for (const error of errors) {
      const rest = (error.path ?? []).slice(skip);
      if (rest.length === 0) continue;
      const fault = faultFrom(error);
      positions ??= step.paths.map((path) => positionsAt(run.data, path));
      for (const position of positions.flatMap((known) => known.get(object) ?? [])) {
        run.faults.addAt([...position, ...rest], fault);
      }
    }
  };
}

function complete(run: Run, step: ExecutableStep, objects: readonly ResponseObject[], entity: unknown): void {
  for (const object of objects) {
    if (isJsonObject(entity)) {
      step.merge(object, entity);
    } else if (entity === null) {
      run.faults.markAbsent(object);
      forget(object, step.shape);
    } else {
      fail(run, object, step, unreadable);
    }
  }
}

function fail(run: Run, object: ResponseObject, step: ExecutableStep, fault: Fault): void {
  run.faults.fail(object, fault);
  forget(object, step.shape);
}

const unreadable: Fault = {
  message: 'A subgraph did not answer what it was asked.',
  extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' },
};

const incomplete: Fault = {
  message: 'A subgraph was not asked, because a field it needs is missing from the answer of another.',
  extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' },
};
