import { randomBytes } from 'node:crypto';
import type { RedisWait } from '../redis/store.ts';
import { epochLength } from './entry.ts';
import { KnownInvalidations } from './known-invalidations.ts';

/** The invalidations of all replicas, in one order. Nothing here rejects. */
export interface InvalidationLog {
  readonly known: KnownInvalidations;
  /** To be read together with entries: from what they hold `follow` tells whether `known` is up to date. */
  readonly keys: readonly string[];
  /** Brings `known` up to what was read, or past it; false when that cannot be done, and so nothing be judged by it. */
  follow(sequence: string | null | undefined, waiting?: RedisWait): boolean | Promise<boolean>;
  /** Whether `known` learns of every invalidation at once without `follow`. */
  isLive(): boolean;
  /** False when other replicas may not have heard of it, and will when that is possible again. */
  invalidate(tags: readonly string[], waiting?: RedisWait): Promise<boolean>;
  close(): void;
}

/** The log of a gateway without Redis. */
export function createMemoryLog(): InvalidationLog {
  const known = new KnownInvalidations();
  const epoch = newEpoch();
  known.learn(epoch, 0, 0, []);
  return {
    known,
    keys: [],
    follow: () => true,
    isLive: () => true,
    async invalidate(tags) {
      const number = known.number + 1;
      known.learn(epoch, number, 0, [{ number, tags }]);
      return true;
    },
    close() {},
  };
}

export function newEpoch(): string {
  return randomBytes((epochLength * 3) / 4).toString('base64url');
}
