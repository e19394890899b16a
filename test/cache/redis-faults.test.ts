import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CacheBackend } from '../../src/cache/cache-backend.ts';
import { invalidate } from '../../src/cache/invalidate.ts';
import type { EntityCache, EntityLookup } from '../../src/cache/entity-cache.ts';
import type { Invalidation } from '../../src/config/invalidation.ts';
import type { FetchContext } from '../../src/core/request-context.ts';
import { startTcpProxy } from '../redis/tcp-proxy.ts';
import type { TcpProxy } from '../redis/tcp-proxy.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { openInRedis } from './backend-variants.ts';
import type { SharedBackends } from './backend-variants.ts';
import {
  anonymous,
  createCacheUnderTest,
  forAMinute,
  keep,
  lookupOf,
  productOf,
  readOne,
  readThrough,
  signedIn,
  stranger,
} from './cache-under-test.ts';

const server = await startRedisServer();
const keyPrefix = 'p:';
const sequenceKey = `${keyPrefix}ec:{log}:sequence`;
const logKey = `${keyPrefix}ec:{log}:tags`;
const lamp = { name: 'Lamp' };

describe.skipIf(server === undefined)('the entity cache with a Redis that', () => {
  /** Asks Redis directly, whatever becomes of the replicas' connections. */
  let redis: Redis;
  let proxy: TcpProxy;
  let shared: SharedBackends;
  let near: Replica;
  let far: Replica;

  interface Replica {
    readonly backend: CacheBackend;
    readonly cache: EntityCache;
  }

  beforeAll(() => {
    redis = new Redis(server?.url ?? '');
  });
  afterAll(async () => {
    redis.disconnect();
    await server?.stop();
  });
  beforeEach(async () => {
    proxy = await startTcpProxy(new URL(server?.url ?? ''));
    shared = await openInRedis(proxy.url, 2, keyPrefix);
    const [first, second] = shared.backends.map((backend) => ({
      backend,
      cache: createCacheUnderTest(backend, {
        clock: shared.clock,
        firstLevel: { maxBytes: 1_000_000, seconds: 3_600 },
      }),
    }));
    if (first === undefined || second === undefined) throw new Error('Expected two replicas');
    [near, far] = [first, second];
  });
  afterEach(async () => {
    await shared.close();
    await proxy.close();
    await redis.config('SET', 'maxmemory', '0');
    await redis.flushall();
  });

  const valueAt = async ({ cache }: Replica, lookup = lookupOf()) => (await readOne(cache, lookup)).values[0];
  const invalidateAt = ({ backend }: Replica, ...request: Invalidation[]) => invalidate(request, backend.log);
  /** Again and again: on a busy machine Redis may be too late once. */
  const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 });
  const invalidated = async (replica: Replica, ...request: Invalidation[]) =>
    eventually(async () => expect(await invalidateAt(replica, ...request)).toMatchObject({ outcome: 'invalidated' }));
  /** The key of the entry with this text in it. */
  const keyOf = async (text: string): Promise<string> => {
    for (const key of await redis.keys(`${keyPrefix}ec:{*`)) {
      if ((await redis.type(key)) === 'string' && (await redis.get(key))?.includes(text)) return key;
    }
    throw new Error(`Expected an entry with ${text} in Redis, got none`);
  };
  const keptEntry = async (): Promise<string> => {
    let key = '';
    await eventually(async () => {
      await keep(near.cache, lookupOf(), { values: [lamp] });
      key = await keyOf('Lamp');
    });
    return key;
  };
  /** Redis is asked again, and nothing is wrong for good. */
  const expectItToWork = async () => {
    const lookup = lookupOf();
    await eventually(async () => {
      Object.assign(lookup, { representations: [productOf(randomUUID())] });
      await keep(near.cache, lookup, { values: [{ name: 'new' }] });
      for (const replica of [near, far]) {
        expect(await valueAt(replica, lookup)).toEqual({ name: 'new' });
        expect(replica.backend.log.isLive()).toBe(true);
      }
    });
    await invalidated(far, { subgraph: 'products' });
    await eventually(async () => expect(await valueAt(near, lookup)).toBeUndefined());
  };

  it('dies, serves nothing meanwhile but what is valid, and is used again', async () => {
    await keptEntry();
    await proxy.kill();
    // Who cannot hear of invalidations does not use what it has either.
    await eventually(() => expect(near.backend.log.isLive()).toBe(false));
    expect(await valueAt(near)).toBeUndefined();
    expect(await readThrough(near.cache, lookupOf(), anonymous(), () => ({ values: [lamp] }))).toEqual([lamp]);
    await proxy.revive();
    await expectItToWork();
  });

  it('dies before an invalidation, which then reaches all when it is back', async () => {
    await keptEntry();
    expect(await valueAt(far)).toEqual(lamp);
    await proxy.kill();
    expect(await invalidateAt(near, { subgraph: 'products' })).toEqual({ outcome: 'delayed', invalidations: 1 });
    await proxy.revive();
    await vi.waitFor(
      async () => {
        expect(near.backend.log.isLive() && far.backend.log.isLive()).toBe(true);
        expect(near.backend.log.known.doubts().size).toBe(0);
        expect(far.backend.log.known.number).toBe(near.backend.log.known.number);
      },
      { timeout: 10_000, interval: 20 },
    );
    expect([await valueAt(near), await valueAt(far)]).toEqual([undefined, undefined]);
    await expectItToWork();
  });

  it('hangs costs a request no more than its budget, and an invalidation is made up for', async () => {
    await keptEntry();
    await shared.pass(1);
    proxy.freeze();
    const context = anonymous();
    const other = lookupOf({ representations: ['{"__typename":"Product","id":"2"}'] });
    await readThrough(near.cache, other, context, () => ({ values: [lamp] }));
    expect(context.record.redisMs).toBeLessThan(200);
    const next = anonymous();
    await readThrough(near.cache, other, next, () => ({ values: [lamp] }));
    expect(next.record.redisMs).toBeLessThan(50);
    expect(await invalidateAt(near, { subgraph: 'products' })).toMatchObject({ outcome: 'delayed' });
    expect(await valueAt(near)).toBeUndefined();
    proxy.thaw();
    await expectItToWork();
  });

  it('was emptied takes nothing for valid that was written before', async () => {
    const key = await keptEntry();
    const entry = await redis.get(key);
    await redis.flushall();
    await redis.set(key, entry ?? '');
    const reader = createCacheUnderTest(far.backend, { clock: shared.clock });
    expect((await readOne(reader, lookupOf())).values).toEqual([undefined]);
    await expectItToWork();
  });

  it.each([
    ['the sequence', () => redis.del(sequenceKey)],
    ['the log', () => redis.del(logKey)],
    ['the log to something else', async () => (await redis.del(logKey)) + (await redis.sadd(logKey, 'x'))],
    ['the end of the log', () => redis.zremrangebyscore(logKey, 2, 2)],
  ])('has lost %s starts anew', async (_, lose) => {
    await invalidated(near, { tags: ['a'] }, { tags: ['b'] });
    await invalidated(near, { tags: ['c'] });
    await keptEntry();
    await lose();
    // Whoever writes or reads the log notices.
    await invalidated(far, { tags: ['d'] });
    await eventually(async () => expect(await valueAt(near)).toBeUndefined());
    await expectItToWork();
  });

  it.each([
    ['the sequence', async () => (await redis.del(sequenceKey)) && redis.lpush(sequenceKey, 'x')],
    ['the sequence, a text of another kind', () => redis.set(sequenceKey, '12')],
  ])('holds something else as %s starts anew', async (_, spoil) => {
    await invalidated(near, { tags: ['a'] });
    await keptEntry();
    await spoil();
    const other = createCacheUnderTest(far.backend, { clock: shared.clock });
    await eventually(async () => {
      await readOne(other, lookupOf());
      expect(await redis.get(sequenceKey)).toMatch(/^[\w-]{8}:0:0$/);
    });
    await expectItToWork();
  });

  describe.each([
    ['nothing', 0],
    ['something', 1],
  ])('after %s was invalidated', (_name, invalidations) => {
    const set = (text: string) => () => redis.set(sequenceKey, text);
    const replaceLog = (write: () => Promise<unknown>) => async () => (await redis.del(logKey)) && write();

    it.each<[string, () => Promise<unknown>]>([
      ['a text for the log', () => redis.set(logKey, 'x')],
      ['a list for the log', async () => (await redis.del(logKey)) + (await redis.lpush(logKey, 'x'))],
      ['a score that no number has', () => redis.zadd(logKey, 'inf', 'x')],
      ['a score between two numbers', () => redis.zadd(logKey, 0.5, 'x')],
      ['a number beyond the last', () => redis.zadd(logKey, 7, 'x')],
      ['an empty log', replaceLog(() => Promise.resolve())],
      ['a short epoch', set(`x:${invalidations}:0`)],
      ['a long epoch', set(`aaaaaaaaaaaa:${invalidations}:0`)],
      ['more digits than are read', set(`aaaaaaaa:${invalidations}:1234567890123456`)],
      ['more forgotten than there was', set(`aaaaaaaa:${invalidations}:500`)],
      ['zeros in front of a number', set(`aaaaaaaa:000${invalidations}:0`)],
      ['a foreign epoch', set(`aaaaaaaa:${invalidations}:0`)],
    ])('finds %s at the next reading of the log, and keeps things again', async (_, spoil) => {
      if (invalidations > 0) await invalidated(near, { tags: ['a'] });
      await keptEntry();
      await spoil();
      // Whoever loses Redis reads the log again.
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await expectItToWork();
      expect(await redis.get(sequenceKey)).toMatch(/^[\w-]{8}:[12]:0$/);
    });
  });

  it('was taken over by a replica that had missed the last invalidation starts anew', async () => {
    const key = await keptEntry();
    const [entry, before] = [await redis.get(key), await redis.get(sequenceKey)];
    await invalidated(near, { subgraph: 'products' });
    await redis
      .multi()
      .set(sequenceKey, before ?? '')
      .del(logKey)
      .set(key, entry ?? '')
      .exec();
    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await vi.waitFor(async () => expect(await redis.get(sequenceKey)).not.toContain(before?.slice(0, 8)), {
      timeout: 5_000,
    });
    await eventually(async () => expect([await valueAt(near), await valueAt(far)]).toEqual([undefined, undefined]));
    await expectItToWork();
  });

  it('has no memory left forgets everything on an invalidation', async () => {
    const key = await keptEntry();
    expect(await valueAt(far)).toEqual(lamp);
    await redis.config('SET', 'maxmemory', '1');
    expect(
      await readThrough(near.cache, lookupOf({ subgraph: 'stock' }), anonymous(), () => ({ values: [lamp] })),
    ).toEqual([lamp]);
    await invalidated(near, { tags: ['other'] });
    await eventually(async () => expect(await valueAt(far)).toBeUndefined());
    expect(await valueAt(near)).toBeUndefined();
    expect(await redis.exists(key)).toBe(1);
    await redis.config('SET', 'maxmemory', '0');
    await expectItToWork();
  });

  it('may only be read makes up for invalidations later', async () => {
    await keptEntry();
    await redis.replicaof('127.0.0.1', 1);
    expect(await invalidateAt(near, { subgraph: 'products' })).toMatchObject({ outcome: 'delayed' });
    expect(await valueAt(near)).toBeUndefined();
    await redis.replicaof('NO', 'ONE');
    await expectItToWork();
  });

  it('has lost its scripts works on', async () => {
    await keptEntry();
    expect(await redis.script('FLUSH')).toBe('OK');
    await expectItToWork();
  });

  describe('holds for an entry', () => {
    const encodings: [string, (text: string) => string][] = [
      ['nothing', () => ''],
      ['something foreign', () => '{"name":"Lamp"}'],
      ['only the head', (text) => text.slice(0, 52)],
      ['a part of the head', (text) => text.slice(0, 20)],
      ['all but the last character', (text) => text.slice(0, -1)],
      ['another version', (text) => `1${text.slice(1)}`],
      ['another epoch', (text) => `${text.slice(0, 2)}aaaaaaaa${text.slice(10)}`],
      ['an unknown audience', (text) => `${text[0]}x${text.slice(2)}`],
      ['a list', (text) => text.replace(JSON.stringify(lamp), '[{}]')],
      ['a text', (text) => text.replace(JSON.stringify(lamp), '"Lamp"')],
      ['more than may be', (text) => text.replace('Lamp', 'x'.repeat(600_000))],
      ['tags that are none', (text) => `${text.slice(0, 46)}[1\n${text.slice(46)}`],
      ['tags without an end', (text) => `${text.slice(0, 46)}["a"]`],
    ];
    /** What another process finds beside something intact. */
    const readBesideIntact = async () => {
      const both = lookupOf({ representations: ['1', '2'].map(productOf) });
      const reader = createCacheUnderTest(far.backend, { clock: shared.clock });
      const reading = await eventuallyRead(reader, both);
      return [reading.values[0], reading.aging, reading.spare(0)];
    };
    const eventuallyRead = async (reader: EntityCache, lookup: EntityLookup, context?: FetchContext) =>
      vi.waitFor(
        async () => {
          await keep(near.cache, lookupOf({ representations: [productOf('2')] }), { values: [{ name: 'Desk' }] });
          const reading = await readOne(reader, lookup, context);
          expect(reading.values[1]).toEqual({ name: 'Desk' });
          return reading;
        },
        { timeout: 10_000, interval: 20 },
      );

    it.each(encodings)('%s finds a miss', async (_, spoil) => {
      const key = await keptEntry();
      await redis.set(key, spoil((await redis.get(key)) ?? ''));
      expect(await readBesideIntact()).toEqual([undefined, [], undefined]);
      await expectItToWork();
    });

    it('a value of another type finds a miss', async () => {
      const key = await keptEntry();
      await redis.del(key);
      await redis.hset(key, 'a', 'b');
      expect(await readBesideIntact()).toEqual([undefined, [], undefined]);
      await expectItToWork();
    });

    it('what is private to another gives it to nobody else', async () => {
      const answer = { values: [{ name: 'of ann' }], headers: { 'cache-control': 'private, max-age=60' } };
      let text: string | null = null;
      await eventually(async () => {
        await keep(near.cache, lookupOf(), answer, signedIn('ann'));
        text = await redis.get(await keyOf('of ann'));
      });
      await redis.set(await keptEntry(), text ?? '');
      const both = lookupOf({ representations: ['1', '2'].map(productOf) });
      const reader = createCacheUnderTest(far.backend, { clock: shared.clock });
      for (const context of [anonymous(), stranger('ann')])
        expect((await eventuallyRead(reader, both, context)).values[0]).toBeUndefined();
    });

    it.each([
      ['{}'],
      ['null'],
      ['{"vary":"accept","isPrivate":false}'],
      ['{"vary":["x"],"isPrivate":1}'],
      ['{"vary":'],
    ])('as its variation %s finds a miss at most', async (variation) => {
      const headers = { ...forAMinute, vary: 'accept-language' };
      let key = '';
      await eventually(async () => {
        await keep(near.cache, lookupOf(), { values: [lamp], headers });
        key = await keyOf('{"vary"');
      });
      await redis.set(key, variation);
      const reader = createCacheUnderTest(far.backend, { clock: shared.clock });
      expect((await readOne(reader, lookupOf())).values).toEqual([undefined]);
      await eventually(async () => {
        await keep(reader, lookupOf(), { values: [lamp], headers });
        expect((await readOne(reader, lookupOf())).values).toEqual([lamp]);
      });
    });
  });
});
