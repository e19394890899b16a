import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { RedisWait, Store } from '../redis/store.ts';

/** Texts that clients registered under their SHA-256 (automatic persisted queries). */
export interface PersistedQueries {
  /** undefined when nobody registered it, or too long ago, or the store does not tell. Never rejects. */
  find(sha256: string, waiting: RedisWait): Promise<string | undefined>;
  /**
   * Where Apollo Server registers what it has checked. It is not to read here: it would wait without a limit, and execute
   * whatever it is given.
   */
  readonly cache: {
    get(key: string): Promise<undefined>;
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
const maxBytes = 16_777_216;
const prefix = 'apq:';
const isSha256 = /^[\da-f]{64}$/;

export function createPersistedQueries({
  store,
  maxTextBytes,
  clock = () => performance.now(),
}: PersistedQueryOptions): PersistedQueries {
  const texts = new LRUCache<string, string>({
    maxSize: maxBytes,
    sizeCalculation: (text, sha256) => 2 * (text.length + sha256.length),
    // With a store now and then it is asked, and what it holds gets new time, for what is in use here.
    ttl: store === undefined ? ttlMs : ttlMs / 8,
    updateAgeOnGet: store === undefined,
    ttlResolution: 0,
    perf: { now: clock },
  });
  const keep = (sha256: string, text: string): void => {
    if (Buffer.byteLength(text) > maxTextBytes) return;
    texts.set(sha256, text);
    void store?.setMany([{ key: prefix + sha256, value: text, ttlMs }]);
  };

  return {
    async find(sha256, waiting) {
      const known = texts.get(sha256);
      if (known !== undefined || store === undefined || !isSha256.test(sha256)) return known;
      const [text = null] = await store.getMany([prefix + sha256], waiting);
      if (text === null || Buffer.byteLength(text) > maxTextBytes || hash('sha256', text) !== sha256) return undefined;
      keep(sha256, text);
      return text;
    },
    cache: {
      get: async () => undefined,
      // Apollo Server's keys have this prefix already.
      set: async (key, text) => keep(key.slice(prefix.length), text),
      delete: async () => false,
    },
  };
}
