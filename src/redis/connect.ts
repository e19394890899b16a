import { Redis } from 'ioredis';
import type { Logger } from '../core/logger.ts';
import { createBreaker } from './breaker.ts';
import type { Breaker } from './breaker.ts';
import type { RedisWait } from './store.ts';

export interface RedisOptions {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  /** Stands before every key, so that several gateways can share one Redis. */
  readonly keyPrefix: string;
}

/** One connection and the rules for using it. */
export interface RedisConnection {
  /** For defining scripts and for events; commands go through `run`. */
  readonly redis: Redis;
  /**
   * Runs one command or pipeline. Rejects with a `RedisUnavailable` at once when there is no connection or Redis was
   * too slow a moment ago, and after `budgetMs` when it does not answer; with the server's own error otherwise. With
   * `waiting`, the budget is what the same client request's other uses have left of it.
   */
  run<T>(command: (redis: Redis) => Promise<T>, waiting?: RedisWait): Promise<T>;
}

/** Apart, so that a large cache read does not hold up the limiter; one breaker, so that only one of them finds out. */
export interface RedisConnections {
  readonly limits: RedisConnection;
  readonly caches: RedisConnection;
  close(): void;
}

/** Redis cannot be asked now. Whoever asked goes on without it. */
export class RedisUnavailable extends Error {
  override name = 'RedisUnavailable';
}

/** What a client request may wait for Redis in all, in milliseconds. */
export const budgetMs = 50;
const skipAfterTimeoutMs = 500;

/** Returns at once and connects in the background, again and again until it is closed. */
export function connectRedis(options: RedisOptions, logger: Logger): RedisConnections {
  const breaker = createBreaker({
    skipMs: skipAfterTimeoutMs,
    clock: () => performance.now(),
    onChange: (open) =>
      open
        ? logger.warn({ timeoutMs: budgetMs }, 'Redis answers too slowly: going on without it')
        : logger.info({}, 'Redis answers in time again'),
  });
  const limits = openConnection('limits', options, logger);
  const caches = openConnection('caches', options, logger);
  return {
    limits: guardConnection(limits.redis, breaker),
    caches: guardConnection(caches.redis, breaker),
    close() {
      limits.close();
      caches.close();
    },
  };
}

function openConnection(
  purpose: string,
  { url, keyPrefix }: RedisOptions,
  logger: Logger,
): { redis: Redis; close(): void } {
  const redis = new Redis(url, {
    keyPrefix,
    lazyConnect: true,
    connectTimeout: 1000,
    // A server that stopped answering is cut off, or its connection would gather commands for ever.
    socketTimeout: 250,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // The default sends what was in flight a second time after a reconnect.
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(1000, 25 * 2 ** attempt) * (0.5 + Math.random() / 2),
    // A replica that was the primary until a moment ago.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  let state: 'new' | 'up' | 'down' | 'closed' = 'new';
  redis.on('ready', () => {
    state = 'up';
    logger.info({ purpose }, 'Redis is connected');
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

function guardConnection(redis: Redis, breaker: Breaker): RedisConnection {
  return {
    redis,
    async run(command, waiting = { redisMs: 0 }) {
      if (redis.status !== 'ready') throw new RedisUnavailable(`the connection is ${redis.status}, not ready`);
      const leftMs = budgetMs - waiting.redisMs;
      if (leftMs <= 0) throw new RedisUnavailable('the request has no time left for Redis');
      if (!breaker.admits()) throw new RedisUnavailable('Redis did not answer in time a moment ago');
      const since = performance.now();
      try {
        const result = await withTimeout(command(redis), leftMs);
        breaker.answered();
        return result;
      } catch (error) {
        if (error instanceof CommandTimeout) breaker.timedOut();
        else breaker.answered();
        throw error;
      } finally {
        waiting.redisMs += performance.now() - since;
      }
    },
  };
}

class CommandTimeout extends RedisUnavailable {}

/**
 * ioredis' own `commandTimeout` also counts the time in which this process did not run: after a blocked event loop
 * its timer fires before the answer that has long arrived is read. `setImmediate` comes after that read.
 */
async function withTimeout<T>(command: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(
      () => setImmediate(() => reject(new CommandTimeout(`no answer within ${Math.ceil(timeoutMs)} ms`))),
      timeoutMs,
    );
    void command.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
