import type { Result } from 'ioredis';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../core/logger.ts';
import type { RedisConnection } from '../redis/connect.ts';
import { admits, backlogOf } from './gcra.ts';
import type { Buckets, Charge } from './gcra.ts';
import { gcraScript } from './gcra-script.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    atriumTake(keyCount: number, ...keysThenNumbers: (string | number)[]): Result<number[], Context>;
  }
}

const maxRefusals = 10_000;

export interface RedisBucketsOptions {
  /** Counts while Redis cannot. */
  readonly fallback: Buckets;
  readonly logger: Logger;
  /** Milliseconds from any origin. */
  readonly clock: () => number;
}

/**
 * Buckets shared by all replicas, on Redis' clock. A bucket that refused is remembered here until it has drained
 * enough, so that a client who keeps asking costs Redis nothing.
 */
export function createRedisBuckets(
  connection: RedisConnection,
  { fallback, logger, clock }: RedisBucketsOptions,
): Buckets {
  connection.redis.defineCommand('atriumTake', { lua: gcraScript });
  const refusals = new LRUCache<string, number>({ max: maxRefusals });
  const now = () => Math.round(clock() * 1000);
  let isShared = true;

  async function takeFromRedis(charges: readonly Charge[]): Promise<readonly number[]> {
    const backlogs = await connection.run(async (redis) =>
      redis.atriumTake(
        charges.length,
        ...charges.map(({ key }) => key),
        ...charges.flatMap(({ increment, tolerance }) => [increment, tolerance]),
      ),
    );
    for (const [index, charge] of charges.entries()) {
      const backlog = backlogs[index] ?? 0;
      if (!admits(charge, backlog)) refusals.set(charge.key, now() + backlog);
    }
    return backlogs;
  }

  return {
    async take(charges) {
      const remembered = charges.map((charge) => rememberedBacklog(charge, refusals.get(charge.key), now()));
      if (remembered.some((backlog) => backlog !== undefined)) return remembered;
      try {
        const backlogs = await takeFromRedis(charges);
        if (!isShared) logger.info({}, 'rate limits are counted in Redis again');
        isShared = true;
        return backlogs;
      } catch (error) {
        if (isShared) logger.warn({ err: error }, 'rate limits are counted by this process alone while Redis cannot');
        isShared = false;
        return fallback.take(charges);
      }
    },
  };
}

/** What the bucket still holds if that is enough to refuse again; undefined when only Redis can tell. */
function rememberedBacklog(charge: Charge, arrival: number | undefined, now: number): number | undefined {
  if (arrival === undefined) return undefined;
  const backlog = backlogOf(arrival, charge.tolerance, now);
  return admits(charge, backlog) ? undefined : backlog;
}
