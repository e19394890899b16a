import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import { connectRedis } from '../../src/redis/connect.ts';
import { createMemoryStore } from '../../src/redis/memory-store.ts';
import { createRedisStore } from '../../src/redis/redis-store.ts';
import type { Store } from '../../src/redis/store.ts';
import { whenReady } from './when-ready.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Lets time pass for everything stored. */
  pass(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

export interface StoreVariant {
  readonly name: string;
  readonly isMissing: boolean;
  open(): Promise<StoreUnderTest>;
}

const redisUrl = inject('redisUrl');

/** Every suite about stores runs over these. */
export const storeVariants: readonly StoreVariant[] = [
  { name: 'in process', isMissing: false, open: openMemoryStore },
  { name: 'in Redis', isMissing: redisUrl === null, open: async () => openRedisStore(redisUrl ?? '') },
];

async function openMemoryStore(): Promise<StoreUnderTest> {
  let now = 0;
  const store = createMemoryStore({ maxBytes: 10_000_000, clock: () => now });
  return {
    store,
    async pass(milliseconds) {
      now += milliseconds;
    },
    close: async () => store.close(),
  };
}

async function openRedisStore(url: string): Promise<StoreUnderTest> {
  const keyPrefix = `atrium-test:${randomUUID()}:`;
  const connections = connectRedis({ url, keyPrefix }, silentLogger);
  const { redis } = connections.caches;
  await whenReady(redis);
  const storedKeys = async () => (await redis.keys(`${keyPrefix}*`)).map((key) => key.slice(keyPrefix.length));
  return {
    store: createRedisStore(connections.caches),
    // Redis has no clock to set: what is stored comes that much nearer to its end.
    async pass(milliseconds) {
      for (const key of await storedKeys()) await redis.pexpire(key, (await redis.pttl(key)) - milliseconds);
    },
    async close() {
      for (const key of await storedKeys()) await redis.del(key);
      connections.close();
    },
  };
}
