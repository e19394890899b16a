import { LRUCache } from 'lru-cache';
import type { Store } from './store.ts';

export interface MemoryStoreOptions {
  /** Upper bound of the text held, keys and values; the entries longest unused make room. */
  readonly maxBytes: number;
  /** Milliseconds from any origin. */
  readonly clock?: () => number;
}

/** The store of a gateway without Redis: in this process, lost when it ends. */
export function createMemoryStore({ maxBytes, clock = () => performance.now() }: MemoryStoreOptions): Store {
  const entries = new LRUCache<string, { readonly value: string; readonly expiresAt: number }>({
    maxSize: maxBytes,
    // V8 keeps a character in one or two bytes.
    sizeCalculation: ({ value }, key) => 2 * (key.length + value.length) || 1,
  });
  return {
    async getMany(keys) {
      const now = clock();
      return keys.map((key) => {
        const entry = entries.get(key);
        if (entry === undefined) return null;
        if (now < entry.expiresAt) return entry.value;
        entries.delete(key);
        return null;
      });
    },
    async setMany(written) {
      const now = clock();
      for (const { key, value, ttlMs } of written) {
        if (ttlMs >= 1) entries.set(key, { value, expiresAt: now + Math.floor(ttlMs) });
      }
    },
    async close() {
      entries.clear();
    },
  };
}
