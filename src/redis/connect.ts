import type { Logger } from '../core/logger.ts';
import type { RedisOutcome } from '../telemetry/metrics.ts';
import { createBreaker } from './breaker.ts';
import type { Breaker } from './breaker.ts';
import { createClient, isConnected } from './create-client.ts';
import type { RedisAccess, RedisClient } from './create-client.ts';
import type { RedisWait } from './store.ts';
import { createTimeouts } from './timeouts.ts';

/** One connection and the rules for using it. */
export interface RedisConnection {
  /** For defining scripts and for events; commands go through `run`. */
  readonly redis: RedisClient;
  readonly counters: Readonly<RedisCounters>;
  /**
   * Runs one command or pipeline. Rejects with a `RedisUnavailable` at once when there is no connection or Redis was
   * too slow a moment ago, and after `budgetMs` when it does not answer; with the server's own error otherwise. With
   * `waiting`, the budget is what the same client request's other uses have left of it.
   */
  run<T>(command: (redis: RedisClient) => Promise<T>, waiting?: RedisWait): Promise<T>;
}

/** What became of the uses of one connection since it was opened. */
export interface RedisCounters {
  /** Sent, whatever came of them. */
  commands: number;
  timeouts: number;
  /** Answered with an error, or cut off. */
  errors: number;
  /** Not sent: without a connection, after a timeout, or without time left. */
  skipped: number;
}

/** Apart, so that a large cache read does not hold up the limiter; one breaker, so that only one of them finds out. */
export interface RedisConnections {
  readonly limits: RedisConnection;
  readonly caches: RedisConnection;
  /** False while commands of one of them are skipped. */
  isAvailable(): boolean;
  close(): void;
}

/** Redis cannot be asked now. Whoever asked goes on without it. */
export class RedisUnavailable extends Error {
  override name = 'RedisUnavailable';
}

/** Made once: while Redis is away, stack traces would be most of what a request costs. */
const notConnected = new RedisUnavailable('there is no connection to Redis');
const noTimeLeft = new RedisUnavailable('the request has no time left for Redis');
const tooSlow = new RedisUnavailable('Redis did not answer in time a moment ago');

/** What a client request may wait for Redis in all, in milliseconds. */
export const budgetMs = 50;
const skipAfterTimeoutMs = 500;

/** Returns at once and connects in the background, again and again until it is closed. */
export function connectRedis(access: RedisAccess, logger: Logger): RedisConnections {
  const breaker = createBreaker({
    skipMs: skipAfterTimeoutMs,
    clock: () => performance.now(),
    onChange: (open) =>
      open
        ? logger.warn({ timeoutMs: budgetMs }, 'Redis answers too slowly: going on without it')
        : logger.info({}, 'Redis answers in time again'),
  });
  const limits = openConnection('limits', access, logger);
  const caches = openConnection('caches', access, logger);
  return {
    limits: guardConnection(limits.redis, breaker),
    caches: guardConnection(caches.redis, breaker),
    isAvailable: () => [limits, caches].every(({ redis }) => isConnected(redis)) && breaker.isClosed(),
    close() {
      limits.close();
      caches.close();
    },
  };
}

function openConnection(purpose: string, access: RedisAccess, logger: Logger): { redis: RedisClient; close(): void } {
  let state: 'new' | 'up' | 'renewed' | 'down' | 'closed' = 'new';
  const redis = createClient(access, (error) => {
    // It was the primary until a moment ago, and its address may lead to the new one. Nobody needs to hear of it again
    // and again while it does not.
    if (!error.message.startsWith('READONLY')) return false;
    if (state === 'up') state = 'renewed';
    return true;
  });
  redis.on('ready', () => {
    if (state !== 'renewed') logger.info({ purpose }, 'Redis is connected');
    state = 'up';
  });
  const reportLoss = (reason: string) => {
    if (state === 'down' || state === 'closed') return;
    state = 'down';
    logger.warn({ purpose, reason }, 'Redis is not reachable: going on without it');
  };
  redis.on('error', (error: NodeJS.ErrnoException) => reportLoss(error.code ?? error.message));
  redis.on('close', () => {
    if (state === 'up') reportLoss('the connection was closed');
  });
  redis.connect().catch((error: NodeJS.ErrnoException) => reportLoss(error.code ?? error.message));
  return {
    redis,
    close() {
      state = 'closed';
      redis.disconnect();
    },
  };
}

/** What became of the commands of each connection. */
export function redisNumbers({ limits, caches }: RedisConnections): Record<string, Record<RedisOutcome, number>> {
  const outcomes = ({ counters: { commands, timeouts, errors, skipped } }: RedisConnection) => ({
    answered: commands - timeouts - errors,
    timeout: timeouts,
    error: errors,
    skipped,
  });
  return { limits: outcomes(limits), caches: outcomes(caches) };
}

function guardConnection(redis: RedisClient, breaker: Breaker): RedisConnection {
  const counters = { commands: 0, timeouts: 0, errors: 0, skipped: 0 };
  const timeouts = createTimeouts();
  /** Commands that Redis has not answered. */
  let underWay = 0;
  const skip = (reason: RedisUnavailable): RedisUnavailable => {
    counters.skipped += 1;
    return reason;
  };
  return {
    redis,
    counters,
    async run(command, waiting = { redisMs: 0 }) {
      if (redis.status !== 'ready') throw skip(notConnected);
      const leftMs = budgetMs - waiting.redisMs;
      if (leftMs <= 0) throw skip(noTimeLeft);
      // Who has hardly any time left learns nothing about Redis by waiting.
      const isProof = leftMs >= budgetMs / 2;
      if (!(isProof ? breaker.admits() : breaker.isClosed())) throw skip(tooSlow);
      counters.commands += 1;
      const since = performance.now();
      const span = waiting.timeline?.start('redis');
      const endSpan = (outcome: string): void => {
        if (span === undefined) return;
        span.facts['outcome'] = outcome;
        waiting.timeline?.end(span);
      };
      underWay += 1;
      if (underWay > 1) gatherWrites(redis);
      return new Promise((resolve, reject) => {
        const call = timeouts.start(since + leftMs, () => {
          counters.timeouts += 1;
          waiting.redisMs += performance.now() - since;
          if (isProof) breaker.timedOut();
          endSpan('timeout');
          reject(new RedisUnavailable(`no answer within ${Math.ceil(leftMs)} ms`));
        });
        const isInTime = (): boolean => {
          underWay -= 1;
          if (!timeouts.stop(call)) return false;
          waiting.redisMs += performance.now() - since;
          breaker.answered();
          return true;
        };
        command(redis).then(
          (result) => {
            if (!isInTime()) return;
            endSpan('answered');
            resolve(result);
          },
          (error: unknown) => {
            if (!isInTime()) return;
            counters.errors += 1;
            endSpan('error');
            reject(error);
          },
        );
      });
    },
  };
}

/** Commands of one turn of the event loop go out together: a system call for each would be half of what they cost. */
function gatherWrites(redis: RedisClient): void {
  if (!('stream' in redis) || redis.stream.writableCorked > 0) return;
  const { stream } = redis;
  stream.cork();
  setImmediate(() => stream.uncork());
}
