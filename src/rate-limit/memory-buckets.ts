import { LRUCache } from 'lru-cache';
import { admits, backlogOf } from './gcra.ts';
import type { Buckets } from './gcra.ts';

const maxBuckets = 100_000;

/** Buckets in this process. `clock` gives milliseconds from any origin. */
export function createMemoryBuckets(clock: () => number): Buckets {
  const arrivals = new LRUCache<string, number>({ max: maxBuckets });
  return {
    async take(charges) {
      const now = Math.round(clock() * 1000);
      const backlogs = charges.map(({ key, tolerance }) => {
        const arrival = arrivals.get(key);
        if (arrival !== undefined && arrival > now + tolerance) arrivals.set(key, now + tolerance);
        return backlogOf(arrival, tolerance, now);
      });
      if (charges.every((charge, index) => admits(charge, backlogs[index] ?? 0))) {
        for (const [index, { key, increment }] of charges.entries()) {
          arrivals.set(key, now + (backlogs[index] ?? 0) + increment);
        }
      }
      return backlogs;
    },
  };
}
