import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import type { Result } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isRefused, refusedGroups } from '../../src/rate-limit/gcra.ts';
import type { Buckets, Charge } from '../../src/rate-limit/gcra.ts';
import { adjustScript, takeScript } from '../../src/rate-limit/gcra-script.ts';
import { createMemoryBuckets } from '../../src/rate-limit/memory-buckets.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    atriumTakeAt(keyCount: number, ...keysThenNumbers: (string | number)[]): Result<number[], Context>;
    atriumAdjustAt(key: string, ...numbers: number[]): Result<unknown, Context>;
  }
}

const minute = 60_000_000;
const charge: fc.Arbitrary<Charge> = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c'),
    limit: fc.integer({ min: 1, max: 5 }),
    burst: fc.integer({ min: 1, max: 5 }),
    // Also more than the burst, which is never admitted.
    amount: fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 6 })),
    group: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ name, limit, burst, amount, group }) => {
    const unit = Math.ceil(minute / limit);
    const key = `${name}:${limit}:${burst}`;
    return { key, increment: unit * amount, tolerance: unit * burst, group, onError: 'local' };
  });
const charges = fc.uniqueArray(charge, { minLength: 1, maxLength: 3, selector: ({ key }) => key });

/** A token bucket in microseconds of credit: the same law as GCRA, said from the other side. */
function createTokenBuckets() {
  const buckets = new Map<string, { credit: number; at: number }>();
  const creditOf = ({ key, tolerance }: Charge, now: number): number => {
    const { credit, at } = buckets.get(key) ?? { credit: tolerance, at: now };
    return Math.min(tolerance, credit + now - at);
  };
  return {
    /** Which of the charges are taken. */
    take(wanted: readonly Charge[], now: number): boolean[] {
      const refused = new Set(
        wanted.filter((charge) => creditOf(charge, now) < charge.increment).map(({ group }) => group),
      );
      const taken = wanted.map(({ group }) => !refused.has(0) && !refused.has(group));
      for (const [index, charge] of wanted.entries()) {
        const credit = creditOf(charge, now) - (taken[index] === true ? charge.increment : 0);
        buckets.set(charge.key, { credit, at: now });
      }
      return taken;
    },
    adjust(charge: Charge, now: number): void {
      const credit = Math.min(charge.tolerance, Math.max(0, creditOf(charge, now) - charge.increment));
      buckets.set(charge.key, { credit, at: now });
    },
  };
}

async function takenBy(buckets: Buckets, wanted: readonly Charge[]): Promise<boolean[]> {
  const refused = refusedGroups(wanted, (await buckets.take(wanted)).backlogs);
  return wanted.map((charge) => !isRefused(refused, charge));
}

/** What was taken is given back, or more, or something else is charged. */
const change = fc.integer({ min: -3 * minute, max: 3 * minute });

describe('GCRA in process', () => {
  it('admits what token buckets admit, each group whole, as time goes on', async () => {
    const step = fc.record({ charges, waitMs: fc.integer({ min: 0, max: 90_000 }), changes: fc.array(change) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        let now = 1_000_000;
        const buckets = createMemoryBuckets(() => now);
        const model = createTokenBuckets();
        for (const { charges: wanted, waitMs, changes } of steps) {
          now += waitMs;
          expect(await takenBy(buckets, wanted)).toEqual(model.take(wanted, now * 1000));
          for (const [index, charge] of wanted.entries()) {
            const changed = { ...charge, increment: changes[index] ?? 0 };
            await buckets.adjust([changed]);
            model.adjust(changed, now * 1000);
          }
        }
      }),
    );
  });

  it('never refuses longer than the burst takes to come back, however far the clock is set back', async () => {
    const burstOf3: Charge = { key: 'a', increment: 1_000_000, tolerance: 3_000_000, group: 0, onError: 'local' };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e9 }), async (setBackMs) => {
        let now = 2e9;
        const buckets = createMemoryBuckets(() => now);
        for (let request = 0; request < 3; request += 1) await buckets.take([burstOf3]);
        now -= setBackMs;
        await buckets.take([burstOf3]);
        now += 3000;
        expect(await takenBy(buckets, [burstOf3])).toEqual([true]);
      }),
    );
  });
});

describe.skipIf(inject('redisUrl') === null)('GCRA in Redis', () => {
  const keyPrefix = `atrium-test:${randomUUID()}:`;
  let redis: Redis;

  beforeAll(async () => {
    redis = new Redis(inject('redisUrl') ?? '', { keyPrefix, lazyConnect: true });
    await redis.connect();
    // The production script takes its time from Redis and from nowhere else; here it follows the bucket's numbers.
    const now = 'local now = tonumber(ARGV[#ARGV])';
    redis.defineCommand('atriumTakeAt', { lua: `${now}\n${takeScript}` });
    redis.defineCommand('atriumAdjustAt', { lua: `${now}\n${adjustScript}`, numberOfKeys: 1 });
  });
  afterAll(async () => {
    for (const key of await redis.keys(`${keyPrefix}*`)) await redis.del(key.slice(keyPrefix.length));
    redis.disconnect();
  });

  it('calculates what this process does, to the microsecond and whatever the clock does', async () => {
    const step = fc.record({ charges, stepMs: fc.integer({ min: -90_000, max: 90_000 }), change });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        run += 1;
        let now = 1_800_000_000_000;
        const local = createMemoryBuckets(() => now);
        for (const { charges: wanted, stepMs, change: increment } of steps) {
          now += stepMs;
          const inRedis = await redis.atriumTakeAt(
            wanted.length,
            ...wanted.map(({ key }) => `${run}:${key}`),
            ...wanted.flatMap((charge) => [charge.increment, charge.tolerance, charge.group]),
            now * 1000,
          );
          expect(inRedis).toEqual((await local.take(wanted)).backlogs);
          for (const charge of wanted.slice(0, 1)) {
            await local.adjust([{ ...charge, increment }]);
            await redis.atriumAdjustAt(`${run}:${charge.key}`, increment, charge.tolerance, now * 1000);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('writes nothing when it refuses', async () => {
    const [open, full] = ['open', 'full'];
    const take = async () => redis.atriumTakeAt(2, open, full, 1e6, 9e6, 0, 1e6, 1e6, 0, 1e15);
    await take();
    const before = await redis.mget(open, full);
    expect(await take()).toEqual([1e6, 1e6]);
    expect(await redis.mget(open, full)).toEqual(before);
    expect(before).toEqual(['1000000001000000', '1000000001000000']);
  });

  it('lets a bucket expire when it has drained', async () => {
    await redis.atriumTakeAt(1, 'drains', 90_000_000, 900_000_000, 0, 1e15);
    const left = await redis.pttl('drains');
    expect(left).toBeGreaterThan(80_000);
    expect(left).toBeLessThanOrEqual(90_000);
  });
});
