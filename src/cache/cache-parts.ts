import type { LRUCache } from 'lru-cache';
import type { Variation } from './asker.ts';
import type { CacheBackend } from './cache-backend.ts';
import type { EntityLifetimes } from './lifetimes.ts';
import type { RunningLoads } from './loads.ts';
import type { WriteQueue } from './write-queue.ts';

/** What the readings of one cache have in common. */
export interface CacheParts {
  readonly backend: CacheBackend;
  readonly lifetimes: EntityLifetimes;
  readonly clock: () => number;
  readonly random: () => number;
  readonly running: RunningLoads;
  readonly writes: WriteQueue;
  /** What the last answer has shown, by the key of the variation. */
  readonly memory: LRUCache<string, AnswerMemory>;
  /** Texts of entries that this process has, until a time of `clock`. */
  readonly firstLevel:
    | { readonly entries: LRUCache<string, { readonly text: string; readonly until: number }>; readonly ms: number }
    | undefined;
}

export interface AnswerMemory {
  readonly variation: Variation;
  /** It was kept, so that it is worth waiting for the next one. */
  readonly isKept: boolean;
  /** Answers in a row that might not be kept. */
  readonly refusals: number;
}
