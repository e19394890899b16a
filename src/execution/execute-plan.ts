import type { CacheReading, EntityCache } from '../cache/entity-cache.ts';
import { applySlot, failIncomplete } from './apply-answer.ts';
import { createCacheLoader, fetchThroughCache } from './cached-fetches.ts';
import type { CacheLoader } from './cached-fetches.ts';
import { groupByContext } from './context-values.ts';
import type { Executable, ExecutableGroup, ExecutableStep } from './executable.ts';
import { FaultBook } from './faults.ts';
import { Grouping } from './grouping.ts';
import type { Targets } from './grouping.ts';
import type { ObserveGroup } from './observe-execution.ts';
import { SubgraphLoaders } from './subgraph-loaders.ts';
import type { Sender } from './subgraph-loaders.ts';
import type { ResponseObject } from './targets.ts';
import type { FetchSlot } from './write-request.ts';

/** What a plan needs to run, for one client request. */
export interface Execution extends Sender {
  readonly executable: Executable;
  /** Absent for mutations, which read what they have just written. */
  readonly cache: EntityCache | undefined;
  readonly observeGroup?: ObserveGroup | undefined;
}

/** The data of all subgraphs together under the client's response names, not yet in the client's shape. */
export interface Executed {
  readonly data: ResponseObject;
  readonly faults: FaultBook;
}

/** A plan while it runs. */
export interface Run extends Execution, Executed {
  readonly loaders: SubgraphLoaders;
  readonly lookups: CacheLoader | undefined;
  /** Objects by the place of the steps that concern them, and how they were grouped into entities. */
  readonly collected: Map<string, readonly ResponseObject[]>;
  readonly groupings: Map<number, Grouping>;
  /** One object of `data` may stand at several places. */
  areShared: boolean;
}

/** A step with the objects it concerns and what of it still has to be asked. */
export interface PreparedFetch extends FetchSlot {
  readonly step: ExecutableStep;
  /** For each representation; of a root fetch, all its objects. */
  readonly targets: readonly Targets[];
  /** What the cache knows, and the indexes there of the representations. */
  readonly cached?: { readonly reading: CacheReading; readonly indexes: readonly number[] };
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
    loaders: new SubgraphLoaders(execution),
    lookups: execution.cache && createCacheLoader(execution.cache, execution.context),
    collected: new Map(),
    groupings: new Map(),
    areShared: false,
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

async function runGroup(run: Run, group: ExecutableGroup): Promise<void> {
  const fetches: PreparedFetch[] = [];
  for (const step of group.steps) {
    if (step.contexts.length > 0) {
      fetches.push(...prepareByContext(run, step));
      continue;
    }
    const fetch = prepare(run, step);
    if (fetch !== undefined) fetches.push(fetch);
  }
  if (run.observeGroup === undefined) await fetchGroup(run, group, fetches);
  else await run.observeGroup(group, fetches, () => fetchGroup(run, group, fetches));
}

function fetchGroup(run: Run, group: ExecutableGroup, fetches: readonly PreparedFetch[]): Promise<void> {
  const ask = (asked: readonly PreparedFetch[]) => askSubgraph(run, group, asked);
  return run.lookups === undefined ? ask(fetches) : fetchThroughCache(run, run.lookups, group, fetches, ask);
}

async function askSubgraph(run: Run, group: ExecutableGroup, fetches: readonly PreparedFetch[]): Promise<void> {
  if (fetches.length === 0) return;
  const answers = await run.loaders.send(group, fetches);
  for (const [index, fetch] of fetches.entries()) {
    const answer = answers[index];
    if (answer !== undefined) applySlot(run, fetch, answer);
  }
}

/** undefined when there is nothing to ask for. */
function prepare(run: Run, step: ExecutableStep): PreparedFetch | undefined {
  if (step.represent === undefined) {
    const objects = run.collected.get(step.place) ?? collect(run, step, undefined);
    return objects.length === 0 ? undefined : { step, representations: [], targets: [objects] };
  }
  let grouping = run.groupings.get(step.grouping);
  if (grouping === undefined) {
    grouping = new Grouping(step.represent, step.singleKey);
    const objects = run.collected.get(step.place);
    if (objects === undefined) collect(run, step, grouping);
    else for (const object of objects) grouping.add(object, false);
    failIncomplete(run, step, grouping);
    const isWhole = grouping.incomplete.length + grouping.otherType.length === 0;
    if (isWhole && step.sharesGrouping) run.groupings.set(step.grouping, grouping);
  }
  const { representations, targets } = grouping;
  return representations.length === 0 ? undefined : { step, representations, targets };
}

/** One fetch for each context that objects stand under. */
function prepareByContext(run: Run, step: ExecutableStep): PreparedFetch[] {
  const { represent } = step;
  if (represent === undefined) throw new Error('Only entities are asked for under a context');
  return [...groupByContext(step, run.data)].flatMap(({ objects, values: contexts }) => {
    const grouping = new Grouping(represent, undefined);
    if (contexts === undefined) grouping.incomplete.push(...objects);
    else for (const object of objects) grouping.add(object, false);
    failIncomplete(run, step, grouping);
    const { representations, targets } = grouping;
    return representations.length === 0 || contexts === undefined ? [] : [{ step, contexts, representations, targets }];
  });
}

function collect(run: Run, step: ExecutableStep, grouping: Grouping | undefined): ResponseObject[] {
  const objects: ResponseObject[] = [];
  const { areShared } = run;
  const take = (object: ResponseObject, isInterchangeable: boolean): ResponseObject => {
    const standIn = grouping === undefined ? object : grouping.add(object, isInterchangeable);
    if (standIn === object) objects.push(object);
    else run.areShared = true;
    return standIn;
  };
  step.collect(run.data, take, areShared);
  if (step.sharesPlace) run.collected.set(step.place, objects);
  return objects;
}
