import DataLoader from 'dataloader';
import type { CacheReading, EntityCache, EntityLookup } from '../cache/entity-cache.ts';
import { createFetchContext, createRequestContext } from '../core/request-context.ts';
import type { FetchContext } from '../core/request-context.ts';
import { applyEntity } from './apply-answer.ts';
import type { ExecutableGroup } from './executable.ts';
import type { PreparedFetch, Run } from './execute-plan.ts';
import { keepAnswer } from './keep-answer.ts';
import { getOwn } from './own.ts';
import { share } from './slot-answer.ts';

/** Gathers the look-ups of all groups that start together. */
export type CacheLoader = DataLoader<EntityLookup, CacheReading>;

export function createCacheLoader(cache: EntityCache, context: FetchContext): CacheLoader {
  return new DataLoader((lookups) => cache.read(lookups, context), { cache: false });
}

type Ask = (fetches: readonly PreparedFetch[]) => Promise<void>;

/** How long a subgraph may take for what nobody waits for, in milliseconds. */
const refreshMs = 10_000;

/** Completes what the cache knows, asks for what nobody else is asking for, and then for what others have not brought. */
export async function fetchThroughCache(
  run: Run,
  lookups: CacheLoader,
  group: ExecutableGroup,
  fetches: readonly PreparedFetch[],
  ask: Ask,
): Promise<void> {
  const readings = await Promise.all(fetches.map((fetch) => lookups.load(lookupOf(run, fetch))));
  const wanted = fetches.map((fetch, at) => {
    const reading = readings[at];
    if (reading === undefined) throw new Error('Expected a reading for every look-up');
    const missing: number[] = [];
    for (const [index, value] of reading.values.entries()) {
      if (value === undefined) missing.push(index);
      else applyEntity(run, fetch.step, fetch.targets[index] ?? [], value);
    }
    if (reading.aging.length > 0) run.cache?.inBackground(() => refresh(run, group, fetch, reading));
    return { fetch, reading, missing };
  });
  if (wanted.every(({ missing }) => missing.length === 0)) return;
  try {
    const claimed = await Promise.all(
      wanted.map(async (one) => ({ ...one, ...(await one.reading.claim(one.missing)) })),
    );
    const left = claimed.map(async ({ fetch, reading, missing, others }) => {
      const brought = await others;
      if (brought === undefined) return [];
      for (const [index, value] of brought) applyEntity(run, fetch.step, fetch.targets[index] ?? [], value);
      return partOf(
        fetch,
        reading,
        missing.filter((index) => !brought.has(index)),
      );
    });
    await ask(claimed.flatMap(({ fetch, reading, ours }) => partOf(fetch, reading, ours)));
    // What was not kept has to be asked for by whoever waits for it, and those may be whom this request waits for.
    for (const { reading, ours } of claimed) reading.release(ours);
    await ask((await Promise.all(left)).flat());
  } finally {
    for (const { reading, missing } of wanted) reading.release(missing);
  }
}

/** Some of a fetch's representations; nothing when there are none. */
function partOf(fetch: PreparedFetch, reading: CacheReading, indexes: readonly number[]): PreparedFetch[] {
  if (indexes.length === 0) return [];
  return [
    {
      ...fetch,
      representations: indexes.flatMap((index) => fetch.representations[index] ?? []),
      targets: indexes.map((index) => fetch.targets[index] ?? []),
      cached: { reading, indexes },
    },
  ];
}

function lookupOf({ variables }: Run, { step, contexts = [], representations }: PreparedFetch): EntityLookup {
  const isRoot = step.represent === undefined;
  return {
    subgraph: step.subgraph,
    text: step.text,
    isRoot,
    variables: Object.fromEntries(step.variables.map((name) => [name, getOwn(variables, name)])),
    contexts,
    representations: isRoot ? [''] : representations,
  };
}

/** Fetches aging entities anew, with nothing of the client's request but its scope. */
async function refresh(run: Run, group: ExecutableGroup, fetch: PreparedFetch, reading: CacheReading): Promise<void> {
  const indexes = await reading.claimAging();
  const scope = run.context.scopeOf(group.subgraph);
  const [slot] = partOf(fetch, reading, indexes);
  if (slot === undefined || scope === undefined) return;
  const { headers, principal } = scope;
  const request = createRequestContext({ headers, principal, deadline: performance.now() + refreshMs });
  const context = createFetchContext(request, { generation: run.context.generation, scopeOf: () => scope });
  try {
    const response = await run.subgraphs.send(group.writeRequest([slot], run.variables), context);
    for (const answer of share(response, [slot])) keepAnswer(slot, answer);
  } finally {
    reading.release(indexes);
  }
}
