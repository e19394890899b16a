import { LRUCache } from 'lru-cache';
import { backlogOf, isRefused, refusedGroups } from './gcra.ts';
import type { Buckets } from './gcra.ts';

const maxBuckets = 100_000;

/** Buckets in this process. `clock` gives milliseconds from any origin. */
export function createMemoryBuckets(clock: () => number): Buckets {
  const arrivals = new LRUCache<string, number>({ max: maxBuckets });
  const now = () => Math.round(clock() * 1000);
  const buckets: Buckets = {
    async take(charges) {
      const at = now();
      const backlogs = charges.map(({ key, tolerance }) => {
        const arrival = arrivals.get(key);
        if (arrival !== undefined && arrival > at + tolerance) arrivals.set(key, at + tolerance);
        return backlogOf(arrival, tolerance, at);
      });
      const refused = refusedGroups(charges, backlogs);
      for (const [index, charge] of charges.entries()) {
        if (!isRefused(refused, charge)) arrivals.set(charge.key, at + (backlogs[index] ?? 0) + charge.increment);
      }
      return { backlogs, from: buckets };
    },
    async adjust(charges) {
      const at = now();
      for (const { key, increment, tolerance } of charges) {
        const backlog = Math.min(backlogOf(arrivals.get(key), tolerance, at) + increment, tolerance);
        if (backlog > 0) arrivals.set(key, at + backlog);
        else arrivals.delete(key);
      }
    },
  };
  return buckets;
}
