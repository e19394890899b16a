import type { Logger } from '../core/logger.ts';
import type { RedisConnection } from '../redis/connect.ts';
import { createMemoryStore } from '../redis/memory-store.ts';
import type { MemoryStoreOptions } from '../redis/memory-store.ts';
import { createRedisStore } from '../redis/redis-store.ts';
import type { Store } from '../redis/store.ts';
import { createMemoryLog } from './invalidation-log.ts';
import type { InvalidationLog } from './invalidation-log.ts';
import { createMemoryLeases, createRedisLeases } from './leases.ts';
import type { Leases } from './leases.ts';
import { createRedisLog } from './redis-log.ts';

/** What the caches of all replicas have in common. */
export interface CacheBackend {
  readonly store: Store;
  readonly log: InvalidationLog;
  readonly leases: Leases;
  /** Reading from `store` costs a round trip. */
  readonly isRemote: boolean;
  close(): Promise<void>;
}

export function createMemoryBackend(options: MemoryStoreOptions): CacheBackend {
  const store = createMemoryStore(options);
  return {
    store,
    log: createMemoryLog(),
    leases: createMemoryLeases(options.clock),
    isRemote: false,
    close: async () => store.close(),
  };
}

/** The connection stays the caller's to close. */
export function createRedisBackend(
  connection: RedisConnection,
  options: { readonly keyPrefix: string; readonly logger: Logger },
): CacheBackend {
  const store = createRedisStore(connection);
  const log = createRedisLog(connection, options);
  return {
    store,
    log,
    leases: createRedisLeases(connection, store),
    isRemote: true,
    close: async () => log.close(),
  };
}
