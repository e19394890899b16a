import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { RedisWait, Store } from '../redis/store.ts';

/** Texts that clients registered under their SHA-256 (automatic persisted queries). */
export interface PersistedQueries {
  /** undefined when nobody registered it, or too long ago, or the store does not tell. Never rejects. */
  find(sha256: string, waiting: RedisWait): Promise<string | undefined>;
  /**
   * For Apollo Server, which checks what it registers. It is not to read here: it would wait without a limit, and execute
   * whatever it is given.
   */
  readonly cache: {
    get(sha256: string): Promise<undefined>;
    set(key: string, text: string): Promise<void>;
    delete(key: string): Promise<boolean>;
  };
}

export interface PersistedQueryOptions {
  /** What replicas share; absent: this process alone. */
  readonly store?: Store | undefined;
  /** Longer texts are not kept. */
  readonly maxTextBytes: number;
  /** Milliseconds from any origin. */
  readonly clock?: () => number;
}

/** Since it was last asked for. */
const ttlMs = 24 * 60 * 60_000;
/** A text in use is written anew when so much of its time has gone by. */
const refreshMs = ttlMs / 8;
const maxBytes = 16_777_216;
const prefix = 'apq:';
const isSha256 = /^[\da-f]{64}$/;

export function createPersistedQueries({
  store,
  maxTextBytes,
  clock = () => performance.now(),
}: PersistedQueryOptions): PersistedQueries {
  const texts = new LRUCache<string, { readonly text: string; usedAt: number; writtenAt: number }>({
    maxSize: maxBytes,
    sizeCalculation: ({ text }, sha256) => 2 * (text.length + sha256.length),
  });

  const keep = (sha256: string, text: string): void => {
    if (Buffer.byteLength(text) > maxTextBytes) return;
    const now = clock();
    texts.set(sha256, { text, usedAt: now, writtenAt: now });
    void store?.setMany([{ key: prefix + sha256, value: text, ttlMs }]);
  };

  return {
    async find(sha256, waiting) {
      const now = clock();
      const known = texts.get(sha256);
      if (known !== undefined && now - known.usedAt < ttlMs) {
        known.usedAt = now;
        if (now - known.writtenAt >= refreshMs) keep(sha256, known.text);
        return known.text;
      }
      if (store === undefined || !isSha256.test(sha256)) return undefined;
      const [text = null] = await store.getMany([prefix + sha256], waiting);
      if (text === null || Buffer.byteLength(text) > maxTextBytes || hash('sha256', text) !== sha256) return undefined;
      keep(sha256, text);
      return text;
    },
    cache: {
      async get() {
        return undefined;
      },
      // Apollo Server's keys have this prefix already.
      async set(key, text) {
        keep(key.slice(prefix.length), text);
      },
      async delete() {
        return false;
      },
    },
  };
}
