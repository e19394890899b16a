import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EntityCache } from '../../src/cache/entity-cache.ts';
import { backendVariants } from './backend-variants.ts';
import type { SharedBackends } from './backend-variants.ts';
import {
  anonymous,
  contextOf,
  createCacheUnderTest,
  forAMinute,
  keep,
  lookupOf,
  productOf,
  readOne,
  readThrough,
  written,
} from './cache-under-test.ts';
import type { Answer } from './cache-under-test.ts';

const replicas = 5;
const old = { name: 'old' };
const lamp = { name: 'Lamp' };

for (const variant of backendVariants) {
  describe.skipIf(variant.isMissing)(`five replicas of the cache ${variant.name}`, () => {
    let shared: SharedBackends;
    let caches: EntityCache[];
    const [first, second] = [0, 1].map((replica) => () => {
      const cache = caches[replica];
      if (cache === undefined) throw new Error('Expected a replica');
      return cache;
    }) as [() => EntityCache, () => EntityCache];

    beforeEach(async () => {
      shared = await variant.open(replicas);
      caches = shared.backends.map((backend) => createCacheUnderTest(backend, { clock: shared.clock }));
    });
    afterEach(async () => {
      await shared.close();
    });

    it('load an expired entity once for 40 requests at once', async () => {
      await keep(first(), lookupOf(), { values: [old] });
      await shared.pass(61_000);
      const load = vi.fn(async (): Promise<Answer> => ({ values: [lamp] }));
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, at) =>
          readThrough(caches[at % replicas] ?? first(), lookupOf(), anonymous(), load),
        ),
      );
      expect(answers).toEqual(answers.map(() => [lamp]));
      expect(load).toHaveBeenCalledTimes(1);
    });

    it('load each entity once also when requests want different ones together', async () => {
      const loaded: string[] = [];
      const want = async (replica: number, ids: readonly string[]) => {
        const lookup = lookupOf({ representations: ids.map(productOf) });
        return readThrough(caches[replica] ?? first(), lookup, anonymous(), async (indexes) => {
          const asked = indexes.map((index) => ids[index] ?? '');
          loaded.push(...asked);
          return { values: asked.map((name) => ({ name })) };
        });
      };
      const wanted = [
        ['1', '2', '3'],
        ['3', '4'],
        ['4', '1', '5'],
        ['5', '6'],
        ['6', '2'],
      ];
      const answers = await Promise.all(wanted.map((ids, replica) => want(replica, ids)));
      expect(answers).toEqual(wanted.map((ids) => ids.map((name) => ({ name }))));
      expect(loaded.toSorted()).toEqual(['1', '2', '3', '4', '5', '6']);
    });

    it.each([
      ['fails', async (): Promise<Answer> => Promise.reject(new Error('gone'))],
      ['brings nothing that may be kept', async (): Promise<Answer> => ({ values: [old], headers: {} })],
      ['brings nothing', async (): Promise<Answer> => ({ values: [undefined] })],
    ])('load by themselves what another %s', async (_, loadOfLeader) => {
      const { promise: mayLoad, resolve: letLoad } = Promise.withResolvers<undefined>();
      const { promise: leads, resolve: hasTheLead } = Promise.withResolvers<undefined>();
      const leader = readThrough(first(), lookupOf(), anonymous(), async () => {
        hasTheLead(undefined);
        await mayLoad;
        return loadOfLeader();
      });
      await leads;
      const load = vi.fn(async (): Promise<Answer> => ({ values: [lamp], headers: {} }));
      const waiting = [
        readThrough(first(), lookupOf(), anonymous(), load),
        readThrough(second(), lookupOf(), anonymous(), load),
      ];
      // Each has asked who loads it by the time the other has.
      await Promise.all([first(), second()].map((cache) => readOne(cache, lookupOf())));
      expect(load).not.toHaveBeenCalled();
      letLoad(undefined);
      await Promise.allSettled([leader]);
      const since = performance.now();
      expect(await Promise.all(waiting)).toEqual([[lamp], [lamp]]);
      // A lease lasts three seconds.
      expect(performance.now() - since).toBeLessThan(2_000);
    });

    it('load by themselves when their time is nearly over, or their client leaves', async () => {
      const leader = await readOne(first(), lookupOf());
      expect((await leader.claim([0])).ours).toEqual([0]);
      const load = vi.fn(async (): Promise<Answer> => ({ values: [lamp], headers: {} }));
      const soon = () => contextOf({ deadline: performance.now() + 30 });
      const gone = new AbortController();
      const left = [first(), second()].map((cache) =>
        readThrough(cache, lookupOf(), contextOf({ signal: gone.signal }), load),
      );
      for (const cache of [first(), second()]) await readThrough(cache, lookupOf(), soon(), load);
      expect(load).toHaveBeenCalledTimes(2);
      gone.abort();
      await Promise.all(left);
      expect(load).toHaveBeenCalledTimes(4);
      leader.release([0]);
    });

    it('find what was written between their look and their wish to load it', async () => {
      const late = await readOne(second(), lookupOf());
      const leader = await readOne(first(), lookupOf());
      await leader.claim([0]);
      leader.keep([0], { values: [lamp], headers: forAMinute, tags: () => undefined });
      await written();
      await shared.backends[0]?.store.getMany(['written']);
      const { ours, others } = await late.claim([0]);
      expect([ours, await others]).toEqual([[], new Map([[0, lamp]])]);
    });

    it('ask for one lease for all requests of a process', async () => {
      const [backend] = shared.backends;
      if (backend === undefined) throw new Error('Expected a backend');
      const take = vi.spyOn(backend.leases, 'take');
      const load = vi.fn(async (): Promise<Answer> => ({ values: [lamp] }));
      await Promise.all(Array.from({ length: 10 }, () => readThrough(first(), lookupOf(), anonymous(), load)));
      expect([load.mock.calls.length, take.mock.calls.length]).toEqual([1, 1]);
    });

    it('wait for nobody where the last answer was not kept', async () => {
      await keep(first(), lookupOf(), { values: [lamp], headers: { 'cache-control': 'no-store' } });
      const reading = await readOne(first(), lookupOf());
      expect(await reading.claim([0])).toEqual({ ours: [0], others: undefined });
      expect(await (await readOne(first(), lookupOf())).claim([0])).toEqual({ ours: [0], others: undefined });
    });

    it('fetch aging entities anew once, and after a failure not at once again', async () => {
      const headers = { 'cache-control': 'public, max-age=60, stale-while-revalidate=600' };
      await keep(first(), lookupOf(), { values: [old], headers });
      await shared.pass(70_000);
      const readings = await Promise.all(caches.map((cache) => readOne(cache, lookupOf())));
      const claims = await Promise.all(readings.map(async (reading) => reading.claimAging()));
      expect(claims.flat()).toEqual([0]);
      const leader = readings[claims.findIndex((claim) => claim.length > 0)];
      leader?.release([0]);
      expect(await (await readOne(second(), lookupOf())).claimAging()).toEqual([]);
      await shared.pass(1_000);
      expect(await (await readOne(second(), lookupOf())).claimAging()).toEqual([0]);
    });

    it('have the values that others fetched each for themselves', async () => {
      const leader = await readOne(first(), lookupOf());
      await leader.claim([0]);
      const waiting = await Promise.all([first(), first()].map((cache) => readOne(cache, lookupOf())));
      const claims = await Promise.all(waiting.map(async (reading) => reading.claim([0])));
      leader.keep([0], { values: [lamp], headers: forAMinute, tags: () => undefined });
      const [one, other] = await Promise.all(claims.map(async ({ others }) => (await others)?.get(0)));
      expect([one, other]).toEqual([lamp, lamp]);
      expect(one).not.toBe(other);
    });
  });
}
