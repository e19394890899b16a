import type { CacheReading, EntityCache, EntityLookup } from '../../src/cache/entity-cache.ts';

export interface RememberingCache extends EntityCache {
  /** What was looked up, in order. */
  readonly lookups: EntityLookup[];
}

/** Keeps all that it may; `known` answers first. */
export function rememberingCache(known: (representation: string) => unknown = () => undefined): RememberingCache {
  const entities = new Map<string, unknown>();
  const lookups: EntityLookup[] = [];
  return {
    lookups,
    async read(asked) {
      lookups.push(...asked);
      return asked.map(({ representations, ...lookup }): CacheReading => {
        const keyOf = (index: number) => JSON.stringify([lookup, representations[index]]);
        return {
          values: representations.map((text, index) => known(text) ?? structuredClone(entities.get(keyOf(index)))),
          aging: [],
          claim: async (indexes) => ({ ours: indexes, others: undefined }),
          claimAging: async () => [],
          keep(indexes, { values }) {
            for (const [at, index] of indexes.entries()) {
              if (values[at] !== undefined) entities.set(keyOf(index), structuredClone(values[at]));
            }
          },
          spare: () => undefined,
          release() {},
        };
      });
    },
    inBackground() {},
  };
}
