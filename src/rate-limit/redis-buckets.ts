import type { Result } from 'ioredis';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../core/logger.ts';
import type { RedisConnection } from '../redis/connect.ts';
import type { RedisWait } from '../redis/store.ts';
import { admits, backlogOf, isRefused, refusedGroups } from './gcra.ts';
import type { Buckets, Charge, Taken } from './gcra.ts';
import { adjustNowScript, takeNowScript } from './gcra-script.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    atriumTake(keyCount: number, ...keysThenNumbers: (string | number)[]): Result<number[], Context>;
    atriumAdjust(key: string, increment: number, tolerance: number): Result<unknown, Context>;
  }
}

const maxRefusals = 10_000;
/** Without a failure for so long, Redis counts again. */
const recoveredAfterMs = 1000;

export interface RedisBucketsOptions {
  /** Counts while Redis cannot. */
  readonly fallback: Buckets;
  readonly logger: Logger;
  /** Milliseconds from any origin. */
  readonly clock: () => number;
}

type Backlogs = (number | undefined)[];
type Take = (charges: readonly Charge[]) => Promise<Taken['backlogs']>;

/**
 * Buckets shared by all replicas, on Redis' clock. A bucket that refused is remembered here until it has drained
 * enough, so that a client who keeps asking costs Redis nothing.
 */
export function createRedisBuckets(
  connection: RedisConnection,
  { fallback, logger, clock }: RedisBucketsOptions,
): Buckets {
  const { redis } = connection;
  redis.defineCommand('atriumTake', { lua: takeNowScript });
  redis.defineCommand('atriumAdjust', { lua: adjustNowScript, numberOfKeys: 1 });
  const refusals = new LRUCache<string, number>({ max: maxRefusals });
  let failedAt: number | undefined;

  const buckets: Buckets = {
    async take(charges, waiting) {
      const remembered = refusals.size === 0 ? [] : charges.map(rememberedBacklog);
      try {
        return { backlogs: await takeShared(charges, [...remembered], waiting), from: buckets };
      } catch (error) {
        if (failedAt === undefined)
          logger.warn({ err: error }, 'rate limits are counted by this process alone while Redis cannot');
        failedAt = clock();
        const backlogs = charges.map(
          ({ onError }, index) => remembered[index] ?? (onError === 'closed' ? Infinity : undefined),
        );
        const takeLocally: Take = async (asked) => (await fallback.take(asked)).backlogs;
        await takeOpen(charges, backlogs, ({ onError }) => onError === 'local', takeLocally);
        return { backlogs, from: fallback };
      }
    },
    async adjust(charges, waiting) {
      const adjusted = charges.map(async ({ key, increment, tolerance }) => {
        refusals.delete(key);
        await connection.run(async () => redis.atriumAdjust(key, increment, tolerance), waiting);
      });
      // What is not given back drains by itself.
      await Promise.allSettled(adjusted);
    },
  };
  return buckets;

  async function takeShared(
    charges: readonly Charge[],
    known: Backlogs,
    waiting?: RedisWait,
  ): Promise<Taken['backlogs']> {
    if (known.length === 0 && !redis.isCluster) return takeByScript(charges, waiting);
    const take: Take = async (asked) => takeByScript(asked, waiting);
    // One script for each slot; what one took for a group that a later one refuses is given back.
    const tags = redis.isCluster ? new Set(charges.map(tagOf)) : [undefined];
    const taken: Charge[] = [];
    let refused: ReadonlySet<number> | undefined = new Set([0]);
    try {
      for (const tag of tags) {
        taken.push(...(await takeOpen(charges, known, (charge) => tag === undefined || tagOf(charge) === tag, take)));
      }
      refused = refusedGroups(charges, known);
      return known;
    } finally {
      const tooMuch = taken.filter((charge) => isRefused(refused, charge));
      if (tooMuch.length > 0) await buckets.adjust(tooMuch.map(refundOf), waiting);
    }
  }

  async function takeByScript(charges: readonly Charge[], waiting?: RedisWait): Promise<readonly number[]> {
    const values: (string | number)[] = charges.map(({ key }) => key);
    for (const { increment, tolerance, group } of charges) values.push(increment, tolerance, group);
    const backlogs = await connection.run(async () => redis.atriumTake(charges.length, ...values), waiting);
    if (failedAt !== undefined && clock() - failedAt >= recoveredAfterMs) {
      failedAt = undefined;
      logger.info({}, 'rate limits are counted in Redis again');
    }
    for (const [index, charge] of charges.entries()) {
      const backlog = backlogs[index] ?? 0;
      if (!admits(charge, backlog)) refusals.set(charge.key, clock() * 1000 + backlog);
    }
    return backlogs;
  }

  /** What the bucket still holds if that is enough to refuse again; undefined when only Redis can tell. */
  function rememberedBacklog(charge: Charge): number | undefined {
    const arrival = refusals.get(charge.key);
    if (arrival === undefined) return undefined;
    const backlog = Math.round(backlogOf(arrival, charge.tolerance, clock() * 1000));
    return admits(charge, backlog) ? undefined : backlog;
  }
}

/** Takes what is asked for and not refused by what is known, notes what its buckets held, and gives what was taken. */
async function takeOpen(
  charges: readonly Charge[],
  known: Backlogs,
  isAsked: (charge: Charge) => boolean,
  take: Take,
): Promise<readonly Charge[]> {
  const before = refusedGroups(charges, known);
  const asked = charges.filter((charge) => isAsked(charge) && !isRefused(before, charge));
  if (asked.length === 0) return [];
  const backlogs = await take(asked);
  for (const [index, charge] of asked.entries()) known[charges.indexOf(charge)] = backlogs[index];
  const refused = refusedGroups(asked, backlogs);
  return asked.filter((charge) => !isRefused(refused, charge));
}

function tagOf({ key }: Charge): string {
  return key.slice(0, key.indexOf('}'));
}

export function refundOf(charge: Charge): Charge {
  return { ...charge, increment: -charge.increment };
}
