import type { Timeline } from '../core/timeline.ts';

/** A cache entry to write: `ttlMs` counts from now. */
export interface StoreEntry {
  readonly key: string;
  readonly value: string;
  readonly ttlMs: number;
}

/** A client request's record of what it has waited for Redis: all its uses have one budget (`budgetMs` of connect.ts). */
export interface RedisWait {
  redisMs: number;
  readonly timeline?: Timeline | undefined;
}

/**
 * A shared key-value store with expiry, in Redis or in this process. It never rejects: a store that is slow or gone
 * answers like an empty one, because a cache must not fail a request.
 */
export interface Store {
  /** Values in the order of `keys`; null where there is none. */
  getMany(keys: readonly string[], waiting?: RedisWait): Promise<readonly (string | null)[]>;
  setMany(entries: readonly StoreEntry[]): Promise<void>;
  close(): Promise<void>;
}
