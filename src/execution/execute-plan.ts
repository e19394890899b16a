import DataLoader from 'dataloader';
import type { EntityCache, EntityLookup } from '../cache/entity-cache.ts';
import { canonicalJson, isJsonObject } from '../core/json.ts';
import type { RequestContext } from '../core/request-context.ts';
import type { FetchGroup, FetchPlan, FetchStep } from '../planning/fetch-plan.ts';
import type { SubgraphClient, SubgraphError, SubgraphResponse } from '../subgraph/client.ts';
import { FaultBook, faultFrom } from './faults.ts';
import type { Fault } from './faults.ts';
import { mergeAnswer } from './merge.ts';
import { getOwn } from './own.ts';
import { representationOf } from './representation.ts';
import { targetsAt } from './targets.ts';
import type { Target } from './targets.ts';
import { entitiesKey, writeRequest } from './write-request.ts';
import type { FetchSlot } from './write-request.ts';

/** What a plan needs to run, for one client request. */
export interface Execution {
  readonly plan: FetchPlan;
  /** The client's variables as they came (sent to subgraphs), and coerced (conditions are read from them). */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly coercedVariables: Readonly<Record<string, unknown>>;
  readonly context: RequestContext;
  readonly subgraphs: SubgraphClient;
  /** Absent for mutations, which read what they have just written. */
  readonly cache: EntityCache | undefined;
}

/** The data of all subgraphs together under the client's response names, not yet in the client's shape. */
export interface Executed {
  readonly data: Record<string, unknown>;
  readonly faults: FaultBook;
}

/**
 * Runs the plan: a group of fetches is sent the moment the last group it waits for is done. Every fetch is a slot of
 * the request's DataLoader for its subgraph, and the plan's dependency counter, not the event loop, decides when a
 * loader sends its batch: the number of calls is the plan's, whatever the timing.
 */
export function executePlan(execution: Execution): Promise<Executed> {
  const { plan } = execution;
  const run: Run = { ...execution, data: {}, faults: new FaultBook(), loaders: new Map() };
  const waiting = plan.groups.map((group) => group.after.length);
  const dependents = plan.groups.map((_, index) =>
    [...plan.groups.keys()].filter((other) => plan.groups[other]?.after.includes(index)),
  );

  return new Promise((resolve, reject) => {
    let left = plan.groups.length;
    const finish = (): void => resolve({ data: run.data, faults: run.faults });
    const start = (index: number): void => {
      const group = plan.groups[index];
      if (group === undefined) return;
      runGroup(run, group).then(() => {
        left -= 1;
        if (left === 0) finish();
        for (const dependent of dependents[index] ?? []) {
          const open = (waiting[dependent] ?? 0) - 1;
          waiting[dependent] = open;
          if (open === 0) start(dependent);
        }
      }, reject);
    };
    if (left === 0) finish();
    for (const [index, open] of waiting.entries())
      if (open === 0 && plan.groups[index]?.after.length === 0) start(index);
  });
}

interface Run extends Execution, Executed {
  readonly loaders: Map<string, SubgraphLoader>;
}

interface SubgraphLoader {
  readonly loader: DataLoader<FetchSlot, SlotAnswer>;
  dispatch: () => void;
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

async function runGroup(run: Run, group: FetchGroup): Promise<void> {
  const steps = group.steps.flatMap((index) => run.plan.steps[index] ?? []);
  const active = steps.filter(({ conditions }) =>
    conditions.every(({ variable, value }) => getOwn(run.coercedVariables, variable) === value),
  );
  const prepared = await Promise.all(active.map((step) => prepare(run, step)));
  const open = prepared.filter((fetch) => fetch.step.requires === undefined || fetch.missing.length > 0);
  if (open.length === 0) return;
  const { loader, dispatch } = loaderFor(run, group.subgraph);
  const answers = open.map(async (fetch) => {
    const representations = fetch.missing.flatMap((index) => fetch.representations[index] ?? []);
    apply(run, fetch, await loader.load({ step: fetch.step, representations }));
  });
  dispatch();
  await Promise.all(answers);
}

function loaderFor(run: Run, subgraph: string): { loader: SubgraphLoader['loader']; dispatch: () => void } {
  let entry = run.loaders.get(subgraph);
  if (entry === undefined) {
    const created: SubgraphLoader = {
      dispatch: () => {},
      loader: new DataLoader(
        async (slots) => {
          const response = await run.subgraphs.send(writeRequest(slots, run.variables), run.context);
          return share(response, slots);
        },
        { cache: false, batchScheduleFn: (dispatch) => (created.dispatch = dispatch) },
      ),
    };
    entry = created;
    run.loaders.set(subgraph, entry);
  }
  const { loader } = entry;
  return { loader, dispatch: () => entry.dispatch() };
}

function share(response: SubgraphResponse, slots: readonly FetchSlot[]): SlotAnswer[] {
  const keys = slots.map((_, index) => entitiesKey(index, slots.length));
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
interface PreparedFetch {
  readonly step: FetchStep;
  /** Distinct representations, and for each the objects it stands for. A root fetch has one target and no texts. */
  readonly representations: readonly string[];
  readonly targets: readonly (readonly Target[])[];
  /** Indexes of representations that no cache answered. */
  readonly missing: readonly number[];
  readonly lookup: EntityLookup | undefined;
}

async function prepare(run: Run, step: FetchStep): Promise<PreparedFetch> {
  const targets = step.paths.flatMap((path) => targetsAt(run.data, path));
  if (step.requires === undefined)
    return { step, representations: [], targets: [targets], missing: [], lookup: undefined };

  const indexOf = new Map<string, number>();
  const byRepresentation: Target[][] = [];
  for (const target of targets) {
    const representation = representationOf(target.object, step.requires);
    if (representation === 'other type') continue;
    if (representation === 'missing') {
      // Whoever failed to deliver what this step needs has left its reason with the object, unless it simply left it out.
      if (!run.faults.isAbsent(target.object)) run.faults.fail(target.object, incomplete(step.subgraph));
      continue;
    }
    const index = indexOf.get(representation.text) ?? indexOf.size;
    indexOf.set(representation.text, index);
    (byRepresentation[index] ??= []).push(target);
  }
  const representations = [...indexOf.keys()];
  const fetch = { step, representations, targets: byRepresentation };
  if (run.cache === undefined || representations.length === 0) {
    return { ...fetch, missing: [...representations.keys()], lookup: undefined };
  }

  const lookup = lookupOf(run, step, representations);
  const cached = await run.cache.read(lookup, run.context);
  const missing: number[] = [];
  for (const index of representations.keys()) {
    if (cached[index] === undefined) missing.push(index);
    else complete(run, step, byRepresentation[index] ?? [], cached[index]);
  }
  return { ...fetch, missing, lookup };
}

function lookupOf(run: Run, step: FetchStep, representations: readonly string[]): EntityLookup {
  const used = Object.fromEntries(step.variables.map((name) => [name, getOwn(run.variables, name)]));
  return {
    subgraph: step.subgraph,
    selection: step.text.selection + step.text.fragments.map(({ text }) => text).join(''),
    variables: canonicalJson(used),
    representations,
  };
}

function apply(run: Run, fetch: PreparedFetch, answer: SlotAnswer): void {
  const { response, errors, unplaced } = answer;
  const { step } = fetch;
  const [reason] = [...errors, ...unplaced];
  const failure = reason === undefined ? unreadable(step.subgraph) : faultFrom(reason, step.subgraph);
  if (response.data !== null && answer.reportsUnplaced) {
    run.faults.general.push(...unplaced.map((error) => faultFrom(error, step.subgraph)));
  }
  if (step.requires === undefined) applyRoot(run, fetch, answer, failure);
  else applyEntities(run, fetch, answer, failure);
}

function applyRoot(run: Run, { step, targets }: PreparedFetch, answer: SlotAnswer, failure: Fault): void {
  const { data } = answer.response;
  for (const { object, path } of targets.flat()) {
    for (const error of answer.errors)
      run.faults.addAt([...path, ...(error.path ?? [])], faultFrom(error, step.subgraph));
    if (data === null) run.faults.fail(object, failure);
    else mergeAnswer(object, data, step.shape);
  }
}

function applyEntities(run: Run, fetch: PreparedFetch, answer: SlotAnswer, failure: Fault): void {
  const { step } = fetch;
  const { data, headers } = answer.response;
  const asked = fetch.missing.map((index) => fetch.targets[index] ?? []);
  const failedAt = new Map<number, Fault>();
  for (const error of answer.errors) {
    const [, index, ...rest] = error.path ?? [];
    if (typeof index !== 'number') continue;
    const fault = faultFrom(error, step.subgraph);
    if (!failedAt.has(index)) failedAt.set(index, fault);
    for (const { path } of rest.length === 0 ? [] : (asked[index] ?? [])) run.faults.addAt([...path, ...rest], fault);
  }

  const entities = data === null ? undefined : getOwn(data, answer.key);
  const isAnswer = Array.isArray(entities) && entities.length === asked.length;
  for (const [index, targets] of asked.entries()) {
    const entity: unknown = isAnswer ? entities[index] : undefined;
    const fault = failedAt.get(index) ?? (isAnswer ? undefined : failure);
    if (fault === undefined || isJsonObject(entity)) complete(run, step, targets, entity);
    else for (const { object } of targets) run.faults.fail(object, fault);
  }

  // Errors are never cached, and an error without a place may concern any entity.
  if (!isAnswer || answer.unplaced.length > 0 || run.cache === undefined || fetch.lookup === undefined) return;
  const representations = fetch.missing.flatMap((index) => fetch.representations[index] ?? []);
  const values = entities.map((entity: unknown, index) =>
    failedAt.has(index) || !isJsonObject(entity) ? undefined : entity,
  );
  run.cache.write({ ...fetch.lookup, representations }, values, headers, run.context);
}

function complete(run: Run, step: FetchStep, targets: readonly Target[], entity: unknown): void {
  for (const { object } of targets) {
    if (isJsonObject(entity)) mergeAnswer(object, entity, step.shape);
    else if (entity === null) run.faults.markAbsent(object);
    else run.faults.fail(object, unreadable(step.subgraph));
  }
}

function unreadable(subgraph: string): Fault {
  return {
    message: `The subgraph ${subgraph} did not answer what it was asked.`,
    extensions: { code: 'SUBGRAPH_INVALID_RESPONSE', serviceName: subgraph },
  };
}

function incomplete(subgraph: string): Fault {
  return {
    message: `The subgraph ${subgraph} was not asked: a field it needs is missing from another subgraph's answer.`,
    extensions: { code: 'SUBGRAPH_INVALID_RESPONSE', serviceName: subgraph },
  };
}
