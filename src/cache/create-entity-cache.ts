import { LRUCache } from 'lru-cache';
import type { Logger } from '../core/logger.ts';
import type { FetchContext } from '../core/request-context.ts';
import type { CacheBackend } from './cache-backend.ts';
import type { CacheParts } from './cache-parts.ts';
import { LookupReading } from './cache-reading.ts';
import type { CacheReading, EntityCache, EntityLookup } from './entity-cache.ts';
import { sortable } from './entry.ts';
import type { EntityLifetimes } from './lifetimes.ts';
import { createLookupPreparation } from './prepare-lookup.ts';
import type { LookupOptions } from './prepare-lookup.ts';
import { WriteQueue } from './write-queue.ts';

export interface EntityCacheOptions extends LookupOptions, EntityLifetimes {
  /** What this process has read or written it need not read again, for so long at most; with 0 bytes it does. */
  readonly firstLevel?: { readonly maxBytes: number; readonly seconds: number } | undefined;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

const maxMemories = 10_000;
const maxBackgroundTasks = 64;

/**
 * Keeps what subgraphs allow to keep (RFC 9111), each entity by itself. What answered a request that carried anything of
 * the client's own is kept only if the subgraph calls it `public` or, for its principal alone, `private` (section 3.5).
 */
export function createEntityCache(backend: CacheBackend, options: EntityCacheOptions): EntityCache {
  const { firstLevel, clock = Date.now, random = Math.random, logger } = options;
  const prepare = createLookupPreparation(options);
  const parts: CacheParts = {
    backend,
    lifetimes: options,
    clock,
    random,
    running: new Map(),
    writes: new WriteQueue(backend.store),
    memory: new LRUCache({ max: maxMemories }),
    firstLevel:
      firstLevel && firstLevel.maxBytes > 0 && backend.isRemote
        ? {
            entries: new LRUCache({
              maxSize: firstLevel.maxBytes,
              // V8 keeps a character in one or two bytes.
              sizeCalculation: ({ text }, key) => 2 * (text.length + key.length),
            }),
            ms: firstLevel.seconds * 1000,
          }
        : undefined,
  };

  function open(lookup: EntityLookup, context: FetchContext): LookupReading | undefined {
    if (options.subgraphs?.[lookup.subgraph]?.enabled === false) return undefined;
    const prepared = prepare(lookup, context);
    return prepared && new LookupReading(parts, prepared, context);
  }

  /** One read of the store; answers the readings that have to read again, under other keys. */
  async function fill(readings: readonly LookupReading[], { record }: FetchContext): Promise<LookupReading[]> {
    const { store, log } = backend;
    const now = sortable(clock());
    const wanted = readings.map((reading) => ({ reading, indexes: reading.missingHere(now) }));
    const keys = wanted.flatMap(({ reading, indexes }) => reading.keysToRead(indexes));
    if (keys.length === 0) return [];
    const texts = await store.getMany([...keys, ...log.keys], record);
    const isJudged = log.follow(texts.at(-1), record);
    if (isJudged !== true && !(await isJudged)) return [];
    let at = 0;
    return wanted.flatMap(({ reading, indexes }) => {
      reading.judge();
      for (const index of indexes) reading.take(index, texts[at++], now);
      return reading.asksVariation && reading.takeVariation(texts[at++]) ? [reading] : [];
    });
  }

  let backgroundTasks = 0;
  return {
    async read(lookups, context) {
      const readings = lookups.map((lookup) => open(lookup, context));
      const readable = readings.filter((reading) => reading !== undefined).filter(({ isRead }) => isRead);
      const again = await fill(readable, context);
      if (again.length > 0) await fill(again, context);
      return readings.map((reading, index) => reading?.filled() ?? unkept(lookups[index]));
    },
    inBackground(task) {
      if (backgroundTasks >= maxBackgroundTasks) return;
      backgroundTasks += 1;
      task()
        .catch((error: unknown) => logger.error({ err: error }, 'aging entities could not be fetched anew'))
        .finally(() => (backgroundTasks -= 1));
    },
  };
}

/** Of what is neither read nor kept. */
function unkept(lookup: EntityLookup | undefined): CacheReading {
  return {
    values: (lookup?.representations ?? []).map(() => undefined),
    aging: [],
    claim: async (indexes) => ({ ours: indexes, others: undefined }),
    claimAging: async () => [],
    keep() {},
    spare: () => undefined,
    release() {},
  };
}
