import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRedisBackend } from '../../src/cache/cache-backend.ts';
import type { CacheBackend } from '../../src/cache/cache-backend.ts';
import { invalidate } from '../../src/cache/invalidate.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { connectRedis } from '../../src/redis/connect.ts';
import type { RedisConnections } from '../../src/redis/connect.ts';
import { findExecutable } from '../support/find-executable.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';
import type { TestRedisCluster } from '../support/redis-cluster.ts';
import {
  anonymous,
  createCacheUnderTest,
  keep,
  lookupOf,
  productOf,
  readOne,
  readThrough,
} from './cache-under-test.ts';

const keyPrefix = 'p:';
const patient = { timeout: 20_000, interval: 20 };

const hasServer = (await findExecutable('redis-server')) !== undefined;

describe.skipIf(!hasServer)('the cache in a Redis Cluster', () => {
  let cluster: TestRedisCluster;
  let connections: RedisConnections[];
  let backends: CacheBackend[];

  beforeAll(async () => {
    cluster = await startRedisCluster();
    connections = [1, 2].map(() => connectRedis({ cluster: cluster.urls, keyPrefix }, silentLogger));
    backends = connections.map(({ caches }) => createRedisBackend(caches, { keyPrefix, logger: silentLogger }));
    await vi.waitFor(() => {
      if (!backends.every(({ log }) => log.isLive())) throw new Error('expected all to be subscribed');
    }, patient);
  }, 60_000);
  afterAll(async () => {
    await Promise.all((backends ?? []).map((backend) => backend.close()));
    for (const connection of connections ?? []) connection.close();
    await cluster?.stop();
  });

  it('finds, invalidates and loads once whatever lies in any slot', async () => {
    const [near, far] = backends.map((backend) => createCacheUnderTest(backend));
    if (near === undefined || far === undefined) throw new Error('Expected two replicas');
    const ids = Array.from({ length: 40 }, (_, index) => String(index));
    const lookup = lookupOf({ representations: ids.map(productOf) });
    const values = ids.map((name) => ({ name }));

    // Each node is connected to when it is first asked.
    await vi.waitFor(async () => {
      await keep(near, lookup, { values });
      for (const cache of [near, far]) expect((await readOne(cache, lookup)).values).toEqual(values);
    }, patient);
    const [, log] = backends.map((backend) => backend.log);
    if (log === undefined) throw new Error('Expected two replicas');
    await vi.waitFor(async () => {
      expect(await invalidate([{ type: 'Product', key: { id: '7' } }], log)).toMatchObject({ outcome: 'invalidated' });
    }, patient);
    const afterwards = values.map((value) => (value.name === '7' ? undefined : value));
    await vi.waitFor(async () => {
      for (const cache of [near, far]) expect((await readOne(cache, lookup)).values).toEqual(afterwards);
    }, patient);

    const others = { ...lookup, subgraph: 'stock' };
    const load = vi.fn(async (indexes: readonly number[]) => ({ values: indexes.map((index) => values[index]) }));
    const both = await Promise.all([near, far].map((cache) => readThrough(cache, others, anonymous(), load)));
    expect(both).toEqual([values, values]);
    expect(load.mock.calls.flatMap(([indexes]) => indexes).toSorted((a, b) => a - b)).toEqual([...ids.keys()]);
  });
});
