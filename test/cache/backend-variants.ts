import { randomUUID } from 'node:crypto';
import { inject, vi } from 'vitest';
import { createMemoryBackend, createRedisBackend } from '../../src/cache/cache-backend.ts';
import type { CacheBackend } from '../../src/cache/cache-backend.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { connectRedis } from '../../src/redis/connect.ts';
import { whenReady } from '../redis/when-ready.ts';

/** What some replicas share, each with a backend of its own in Redis and with one for all in a process. */
export interface SharedBackends {
  readonly backends: readonly CacheBackend[];
  /** The time that entries are judged by. */
  readonly clock: () => number;
  /** Lets time pass, for stored entries too. */
  pass(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

export interface BackendVariant {
  readonly name: string;
  readonly isMissing: boolean;
  open(replicas?: number): Promise<SharedBackends>;
}

const redisUrl = inject('redisUrl');

export const backendVariants: readonly BackendVariant[] = [
  { name: 'in process', isMissing: false, open: openInProcess },
  { name: 'in Redis', isMissing: redisUrl === null, open: async (replicas) => openInRedis(redisUrl ?? '', replicas) },
];

async function openInProcess(replicas = 1): Promise<SharedBackends> {
  let now = 1e12;
  const clock = () => now;
  const backend = createMemoryBackend({ maxBytes: 10_000_000, clock });
  return {
    backends: Array.from({ length: replicas }, () => backend),
    clock,
    async pass(milliseconds) {
      now += milliseconds;
    },
    close: async () => backend.close(),
  };
}

export async function openInRedis(
  url: string,
  replicas = 1,
  keyPrefix = `atrium-test:${randomUUID()}:`,
): Promise<SharedBackends> {
  let now = 1e12;
  const opened = Array.from({ length: replicas }, () => {
    const connections = connectRedis({ url, keyPrefix }, silentLogger);
    return { connections, backend: createRedisBackend(connections.caches, { keyPrefix, logger: silentLogger }) };
  });
  await Promise.all(opened.map(async ({ connections }) => whenReady(connections.caches.redis)));
  await vi.waitFor(
    () => {
      if (!opened.every(({ backend }) => backend.log.isLive())) throw new Error('expected all to be subscribed');
    },
    { timeout: 10_000, interval: 5 },
  );
  const redis = opened[0]?.connections.caches.redis;
  const storedKeys = async () => ((await redis?.keys(`${keyPrefix}*`)) ?? []).map((key) => key.slice(keyPrefix.length));
  return {
    backends: opened.map(({ backend }) => backend),
    clock: () => now,
    // Redis has no clock to set: what is stored comes that much nearer to its end.
    async pass(milliseconds) {
      now += milliseconds;
      for (const key of await storedKeys()) {
        const left = (await redis?.pttl(key)) ?? -1;
        if (left > 0) await redis?.pexpire(key, left - milliseconds);
      }
    },
    async close() {
      for (const key of redis?.status === 'ready' ? await storedKeys() : []) await redis?.del(key);
      for (const { connections, backend } of opened) {
        await backend.close();
        connections.close();
      }
    },
  };
}
