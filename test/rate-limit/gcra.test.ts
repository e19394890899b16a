import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import type { Result } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { admits } from '../../src/rate-limit/gcra.ts';
import type { Buckets, Charge } from '../../src/rate-limit/gcra.ts';
import { takeScript } from '../../src/rate-limit/gcra-script.ts';
import { createMemoryBuckets } from '../../src/rate-limit/memory-buckets.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    atriumTakeAt(keyCount: number, ...keysThenNumbers: (string | number)[]): Result<number[], Context>;
  }
}

const minute = 60_000_000;
const charge: fc.Arbitrary<Charge> = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c'),
    limit: fc.integer({ min: 1, max: 5 }),
    burst: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ name, limit, burst }) => {
    const increment = Math.ceil(minute / limit);
    return { key: `${name}:${limit}:${burst}`, increment, tolerance: increment * burst };
  });
const charges = fc.uniqueArray(charge, { minLength: 1, maxLength: 3, selector: ({ key }) => key });

/** A token bucket in microseconds of credit: the same law as GCRA, said from the other side. */
function createTokenBuckets() {
  const buckets = new Map<string, { credit: number; at: number }>();
  return (wanted: readonly Charge[], now: number): boolean => {
    const filled = wanted.map(({ key, increment, tolerance }) => {
      const { credit, at } = buckets.get(key) ?? { credit: tolerance, at: now };
      return { key, increment, credit: Math.min(tolerance, credit + now - at) };
    });
    const admitted = filled.every(({ credit, increment }) => credit >= increment);
    for (const { key, increment, credit } of filled) {
      buckets.set(key, { credit: admitted ? credit - increment : credit, at: now });
    }
    return admitted;
  };
}

async function isAdmitted(buckets: Buckets, wanted: readonly Charge[]): Promise<boolean> {
  const backlogs = await buckets.take(wanted);
  return wanted.every((charge, index) => admits(charge, backlogs[index] ?? Infinity));
}

describe('GCRA in process', () => {
  it('admits what token buckets admit, all or nothing, as time goes on', async () => {
    const step = fc.record({ charges, waitMs: fc.integer({ min: 0, max: 90_000 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        let now = 1_000_000;
        const buckets = createMemoryBuckets(() => now);
        const model = createTokenBuckets();
        for (const { charges: wanted, waitMs } of steps) {
          now += waitMs;
          expect(await isAdmitted(buckets, wanted)).toBe(model(wanted, now * 1000));
        }
      }),
    );
  });

  it('never refuses longer than the burst takes to come back, however far the clock is set back', async () => {
    const burstOf3: Charge = { key: 'a', increment: 1_000_000, tolerance: 3_000_000 };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e9 }), async (setBackMs) => {
        let now = 2e9;
        const buckets = createMemoryBuckets(() => now);
        for (let request = 0; request < 3; request += 1) await buckets.take([burstOf3]);
        now -= setBackMs;
        await buckets.take([burstOf3]);
        now += 3000;
        expect(await isAdmitted(buckets, [burstOf3])).toBe(true);
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
    redis.defineCommand('atriumTakeAt', { lua: `local now = tonumber(ARGV[#ARGV])\n${takeScript}` });
  });
  afterAll(async () => {
    for (const key of await redis.keys(`${keyPrefix}*`)) await redis.del(key.slice(keyPrefix.length));
    redis.disconnect();
  });

  it('calculates what this process does, to the microsecond and whatever the clock does', async () => {
    const step = fc.record({ charges, stepMs: fc.integer({ min: -90_000, max: 90_000 }) });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        run += 1;
        let now = 1_800_000_000_000;
        const local = createMemoryBuckets(() => now);
        for (const { charges: wanted, stepMs } of steps) {
          now += stepMs;
          const inRedis = await redis.atriumTakeAt(
            wanted.length,
            ...wanted.map(({ key }) => `${run}:${key}`),
            ...wanted.flatMap(({ increment, tolerance }) => [increment, tolerance]),
            now * 1000,
          );
          expect(inRedis).toEqual(await local.take(wanted));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('writes nothing when it refuses', async () => {
    const [open, full] = ['open', 'full'];
    const take = async () => redis.atriumTakeAt(2, open, full, 1e6, 9e6, 1e6, 1e6, 1e15);
    await take();
    const before = await redis.mget(open, full);
    expect(await take()).toEqual([1e6, 1e6]);
    expect(await redis.mget(open, full)).toEqual(before);
    expect(before).toEqual(['1000000001000000', '1000000001000000']);
  });

  it('lets a bucket expire when it has drained', async () => {
    await redis.atriumTakeAt(1, 'drains', 90_000_000, 900_000_000, 1e15);
    const left = await redis.pttl('drains');
    expect(left).toBeGreaterThan(80_000);
    expect(left).toBeLessThanOrEqual(90_000);
  });
});
