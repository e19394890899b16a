import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { connectRedis } from '../../src/redis/connect.ts';
import type { RedisConnections } from '../../src/redis/connect.ts';
import { createRedisStore } from '../../src/redis/redis-store.ts';
import type { Store } from '../../src/redis/store.ts';
import { createRecordingLogger } from './recording-logger.ts';
import { startTcpProxy } from './tcp-proxy.ts';
import type { TcpProxy } from './tcp-proxy.ts';
import { whenReady } from './when-ready.ts';

const redisUrl = inject('redisUrl');

describe.skipIf(redisUrl === null)('a Redis that fails', () => {
  let proxy: TcpProxy;
  let connections: RedisConnections;
  let store: Store;
  let lines: string[];

  beforeEach(async () => {
    proxy = await startTcpProxy(new URL(redisUrl ?? ''));
  });
  afterEach(async () => {
    connections.close();
    await proxy.close();
  });

  async function connect({ awaitReady, url = proxy.url }: { awaitReady: boolean; url?: string }): Promise<void> {
    const { logger, lines: written } = createRecordingLogger();
    lines = written;
    const options = { url, keyPrefix: `atrium-test:${randomUUID()}:` };
    connections = connectRedis(options, logger);
    store = createRedisStore(connections.caches);
    if (awaitReady) await Promise.all([whenReady(connections.caches.redis), whenReady(connections.limits.redis)]);
  }

  const setAndGet = async () => {
    await store.setMany([{ key: 'a', value: '1', ttlMs: 60_000 }]);
    return store.getMany(['a']);
  };

  async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
    const start = performance.now();
    await work();
    return performance.now() - start;
  }

  it('is an empty store while it is down, from the start, and is used when it comes', async () => {
    await proxy.kill();
    await connect({ awaitReady: false });
    expect(await setAndGet()).toEqual([null]);
    await proxy.revive();
    await whenReady(connections.caches.redis);
    expect(await setAndGet()).toEqual(['1']);
  });

  it('is an empty store when it dies in service, says so once a connection, and is used again when it is back', async () => {
    await connect({ awaitReady: true });
    expect(await setAndGet()).toEqual(['1']);
    await proxy.kill();
    const attempts = vi.fn();
    connections.caches.redis.on('error', attempts);
    connections.limits.redis.on('error', attempts);
    await vi.waitFor(() => expect(attempts.mock.calls.length).toBeGreaterThan(3), { timeout: 5000 });
    expect(await setAndGet()).toEqual([null]);
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([
      'warn Redis is not reachable: going on without it',
      'warn Redis is not reachable: going on without it',
    ]);
    await proxy.revive();
    await whenReady(connections.caches.redis);
    expect(await setAndGet()).toEqual(['1']);
  });

  it('is closed without a word', async () => {
    await connect({ awaitReady: true });
    const ended = new Promise((resolve) => connections.caches.redis.once('end', resolve));
    connections.close();
    await ended;
    expect(lines).toEqual(['info Redis is connected', 'info Redis is connected']);
    expect(await store.getMany(['a'])).toEqual([null]);
  });

  it('costs the first request 50 ms when it hangs, and those after it nothing', async () => {
    await connect({ awaitReady: true });
    await setAndGet();
    proxy.freeze();
    const first = await millisecondsOf(async () => expect(await store.getMany(['a'])).toEqual([null]));
    expect(first).toBeGreaterThan(45);
    expect(first).toBeLessThan(1000);
    const next = await millisecondsOf(async () => {
      for (let call = 0; call < 100; call += 1) expect(await store.getMany(['a'])).toEqual([null]);
    });
    expect(next).toBeLessThan(1000);
    expect(lines).toContain('warn Redis answers too slowly: going on without it');
    proxy.thaw();
    await vi.waitFor(async () => expect(await store.getMany(['a'])).toEqual(['1']), { timeout: 5000, interval: 20 });
  });

  it('opens for every connection when it hangs for one of them', async () => {
    await connect({ awaitReady: true });
    proxy.freeze();
    await store.getMany(['a']);
    await expect(connections.limits.run(async (redis) => redis.get('a'))).rejects.toThrow(
      'Redis did not answer in time a moment ago',
    );
  });

  it('is not taken to be slow when this process itself was blocked', async () => {
    // Without the proxy, which would be blocked as well.
    await connect({ awaitReady: true, url: redisUrl ?? '' });
    await setAndGet();
    const read = store.getMany(['a']);
    const end = performance.now() + 200;
    while (performance.now() < end);
    expect(await read).toEqual(['1']);
  });

  it('answers errors of the server itself as misses, too', async () => {
    await connect({ awaitReady: true });
    await connections.caches.redis.lpush('list', 'x');
    await connections.caches.redis.pexpire('list', 60_000);
    expect(await store.getMany(['list'])).toEqual([null]);
    await expect(connections.caches.run(async (redis) => redis.get('list'))).rejects.toThrow('WRONGTYPE');
    expect(await setAndGet()).toEqual(['1']);
  });
});
