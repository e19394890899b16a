import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CacheBackend } from '../../src/cache/cache-backend.ts';
import { invalidate } from '../../src/cache/invalidate.ts';
import type { EntityCache } from '../../src/cache/entity-cache.ts';
import type { Invalidation } from '../../src/config/invalidation.ts';
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

  const valueAt = async ({ cache }: Replica) => (await readOne(cache, lookupOf())).values[0];
  const invalidateAt = ({ backend }: Replica, ...request: Invalidation[]) => invalidate(request, backend.log);
  /** By the same way as Redis itself: over what was sent before. */
  const keptEntry = async (): Promise<string> => {
    await keep(near.cache, lookupOf(), { values: [lamp] });
    const [key] = (await redis.keys(`${keyPrefix}ec:{*`)).filter((one) => one.includes('Product'));
    if (key === undefined) throw new Error('Expected an entry in Redis');
    return key;
  };
  /** Redis is asked again, and nothing is wrong for good. */
  const worksAgain = async () => {
    await vi.waitFor(
      async () => {
        await keep(near.cache, lookupOf(), { values: [{ name: 'new' }] });
        for (const replica of [near, far]) {
          expect(await valueAt(replica)).toEqual({ name: 'new' });
          expect(replica.backend.log.isLive()).toBe(true);
        }
      },
      { timeout: 10_000, interval: 20 },
    );
    expect(await invalidateAt(far, { type: 'Product', key: { id: '1' } })).toMatchObject({ outcome: 'invalidated' });
    await vi.waitFor(async () => expect(await valueAt(near)).toBeUndefined(), { interval: 1 });
  };

  it('dies, serves nothing meanwhile but what is valid, and is used again', async () => {
    await keptEntry();
    await proxy.kill();
    // Who cannot hear of invalidations does not use what it has either.
    await vi.waitFor(() => expect(near.backend.log.isLive()).toBe(false), { interval: 1 });
    expect(await valueAt(near)).toBeUndefined();
    expect(await readThrough(near.cache, lookupOf(), anonymous(), () => ({ values: [lamp] }))).toEqual([lamp]);
    await proxy.revive();
    await worksAgain();
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
    await worksAgain();
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
    await worksAgain();
  });

  it('was emptied takes nothing for valid that was written before', async () => {
    const key = await keptEntry();
    const entry = await redis.get(key);
    await redis.flushall();
    await redis.set(key, entry ?? '');
    const reader = createCacheUnderTest(far.backend, { clock: shared.clock });
    expect((await readOne(reader, lookupOf())).values).toEqual([undefined]);
    await worksAgain();
  });

  it.each([
    ['the sequence', () => redis.del(sequenceKey)],
    ['the log', () => redis.del(logKey)],
    ['the end of the log', () => redis.zremrangebyscore(logKey, 2, 2)],
  ])('has lost %s starts anew', async (_, lose) => {
    await invalidateAt(near, { tags: ['a'] }, { tags: ['b'] });
    await invalidateAt(near, { tags: ['c'] });
    await keptEntry();
    await lose();
    // Whoever writes or reads the log notices.
    await invalidateAt(far, { tags: ['d'] });
    await vi.waitFor(async () => expect(await valueAt(near)).toBeUndefined(), { interval: 1 });
    await worksAgain();
  });

  it.each([
    ['the sequence', async () => (await redis.del(sequenceKey)) && redis.lpush(sequenceKey, 'x')],
    ['the sequence, a text of another kind', () => redis.set(sequenceKey, '12')],
    ['the log', async () => (await redis.del(logKey)) + (await redis.sadd(logKey, 'x'))],
    ['an entry', async () => void (await redis.hset(await keptEntry(), 'a', 'b').catch(() => 0))],
  ])('holds something else as %s is written over', async (_, spoil) => {
    await keptEntry();
    await spoil();
    const other = createCacheUnderTest(far.backend, { clock: shared.clock });
    await readOne(other, lookupOf());
    await worksAgain();
  });

  it('was taken over by a replica that had missed the last invalidation starts anew', async () => {
    const key = await keptEntry();
    const [entry, before] = [await redis.get(key), await redis.get(sequenceKey)];
    await invalidateAt(near, { subgraph: 'products' });
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
    expect([await valueAt(near), await valueAt(far)]).toEqual([undefined, undefined]);
    await worksAgain();
  });

  it('has no memory left forgets everything on an invalidation', async () => {
    const key = await keptEntry();
    expect(await valueAt(far)).toEqual(lamp);
    await redis.config('SET', 'maxmemory', '1');
    expect(
      await readThrough(near.cache, lookupOf({ subgraph: 'stock' }), anonymous(), () => ({ values: [lamp] })),
    ).toEqual([lamp]);
    expect(await invalidateAt(near, { tags: ['other'] })).toMatchObject({ outcome: 'invalidated' });
    await vi.waitFor(async () => expect(await valueAt(far)).toBeUndefined(), { interval: 1 });
    expect(await valueAt(near)).toBeUndefined();
    expect(await redis.exists(key)).toBe(1);
    await redis.config('SET', 'maxmemory', '0');
    await worksAgain();
  });

  it('may only be read makes up for invalidations later', async () => {
    await keptEntry();
    await redis.replicaof('127.0.0.1', 1);
    expect(await invalidateAt(near, { subgraph: 'products' })).toMatchObject({ outcome: 'delayed' });
    expect(await valueAt(near)).toBeUndefined();
    await redis.replicaof('NO', 'ONE');
    await worksAgain();
  });

  it('has lost its scripts works on', async () => {
    await keptEntry();
    await redis.script('FLUSH');
    await worksAgain();
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
      ['tags that are none', (text) => `${text.slice(0, 46)}zzzzzzzzz${text.slice(55)}`],
    ];
    it.each(encodings)('%s finds a miss', async (_, spoil) => {
      const key = await keptEntry();
      await redis.set(key, spoil((await redis.get(key)) ?? ''));
      const reader = createCacheUnderTest(far.backend, { clock: shared.clock });
      const reading = await readOne(reader, lookupOf());
      expect([reading.values, reading.aging, reading.spare(0)]).toEqual([[undefined], [], undefined]);
      await worksAgain();
    });

    it('what is private to another gives it to nobody else', async () => {
      await keep(
        near.cache,
        lookupOf(),
        { values: [{ name: 'of ann' }], headers: { 'cache-control': 'private, max-age=60' } },
        signedIn('ann'),
      );
      const [ofAnn] = (await redis.keys(`${keyPrefix}ec:{*`)).filter((one) => one.includes('Product'));
      const text = await redis.get(ofAnn ?? '');
      const ofAll = await keptEntry();
      await redis.set(ofAll, text ?? '');
      const reader = createCacheUnderTest(far.backend, { clock: shared.clock });
      for (const context of [anonymous(), stranger('ann')])
        expect((await readOne(reader, lookupOf(), context)).values).toEqual([undefined]);
    });

    it.each([
      ['{}'],
      ['null'],
      ['{"vary":"accept","isPrivate":false}'],
      ['{"vary":["x"],"isPrivate":1}'],
      ['{"vary":'],
    ])('as its variation %s finds a miss at most', async (variation) => {
      const headers = { ...forAMinute, vary: 'accept-language' };
      await keep(near.cache, lookupOf(), { values: [lamp], headers });
      const [key] = await redis.keys(`${keyPrefix}ec:{*}*[?]`);
      await redis.set(key ?? '', variation);
      const reader = createCacheUnderTest(far.backend, { clock: shared.clock });
      expect((await readOne(reader, lookupOf())).values).toEqual([undefined]);
      await keep(reader, lookupOf(), { values: [lamp], headers });
      expect((await readOne(reader, lookupOf())).values).toEqual([lamp]);
    });
  });
});
