import type { Result } from 'ioredis';
import type { Logger } from '../core/logger.ts';
import { readJson } from '../core/json.ts';
import { RedisUnavailable } from '../redis/connect.ts';
import type { RedisConnection } from '../redis/connect.ts';
import { duplicateClient } from '../redis/create-client.ts';
import type { RedisWait } from '../redis/store.ts';
import { epochLength } from './entry.ts';
import { KnownInvalidations, maxTags } from './known-invalidations.ts';
import type { LoggedTags } from './known-invalidations.ts';
import { newEpoch } from './invalidation-log.ts';
import type { InvalidationLog } from './invalidation-log.ts';
import { appendScript, maxDigits, readScript } from './log-scripts.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    atriumReadLog(
      sequence: string,
      log: string,
      newEpoch: string,
      epoch: string,
      number: number,
    ): Result<unknown, Context>;
    atriumAppendLog(
      sequence: string,
      log: string,
      newEpoch: string,
      max: number,
      ...tags: string[]
    ): Result<unknown, Context>;
  }
}

/** More tags than this in doubt, and everything is. */
const maxDoubts = 1_000;
/** After Redis could not be read or written, while `known` may be behind. */
const retryMs = 500;
const sequenceKey = 'ec:{log}:sequence';
const logKey = 'ec:{log}:tags';

/**
 * The log in Redis: `sequenceKey` holds `<epoch>:<number>:<floor>`, `logKey` is a sorted set of tags by the number of
 * their last invalidation. Published invalidations reach `known` over a connection of its own. Redis without the log is
 * given a new epoch, which makes all entries invalid that were written before.
 */
export function createRedisLog(
  connection: RedisConnection,
  { keyPrefix, logger }: { readonly keyPrefix: string; readonly logger: Logger },
): InvalidationLog {
  const known = new KnownInvalidations();
  const { redis } = connection;
  const channel = keyPrefix + sequenceKey;
  redis.defineCommand('atriumReadLog', { lua: readScript, numberOfKeys: 2 });
  redis.defineCommand('atriumAppendLog', { lua: appendScript, numberOfKeys: 2 });
  /** Counts subscriptions; 0 while there is none. `known` is complete since it was last read in the same one. */
  let subscriptions = 0;
  let subscription = 0;
  let readDuring = -1;
  /** A sequence that `known` is up to date with, as long as its epoch is. */
  let followed: string | undefined;
  const isLive = () => subscription === readDuring;

  let retry: NodeJS.Timeout | undefined;
  function retryLater(): void {
    retry ??= setTimeout(() => {
      retry = undefined;
      void readLog();
    }, retryMs).unref();
  }

  async function readLog(waiting?: RedisWait): Promise<boolean> {
    const { epoch, number } = known;
    const during = subscription;
    try {
      const answer = await connection.run(
        async (client) => client.atriumReadLog(sequenceKey, logKey, newEpoch(), epoch, number),
        waiting,
      );
      const sequence = isTexts(answer) ? readSequence(answer[0]) : undefined;
      if (sequence?.epoch === epoch) {
        // The end without its beginning, which was forgotten meanwhile.
        if (known.epoch !== epoch) return await readLog(waiting);
        // A replica of Redis that had missed the end has taken over.
        if (sequence.number < number) {
          await drop(waiting);
          return await readLog(waiting);
        }
      }
      if (!learn(answer)) return false;
      if (during !== 0 && during !== readDuring) logger.info({}, 'The cache hears of invalidations as they come');
      readDuring = during === 0 ? -1 : during;
      if (appending === 0 && known.doubts().size > 0) append().catch(retryLater);
      return true;
    } catch {
      retryLater();
      return false;
    }
  }

  /** What the scripts answer and what is published: the sequence, then tags with their numbers in turn. */
  function learn(answer: unknown): boolean {
    if (!isTexts(answer)) return false;
    const sequence = readSequence(answer[0]);
    if (sequence === undefined) return false;
    if (sequence.epoch !== known.epoch) followed = undefined;
    known.learn(sequence.epoch, sequence.number, sequence.floor, loggedTags(answer.slice(1)));
    return true;
  }

  /** False when something is missing before it. */
  function learnNext(answer: unknown): boolean {
    const sequence = isTexts(answer) ? readSequence(answer[0]) : undefined;
    if (sequence?.epoch !== known.epoch || sequence.number > known.number + 1) return false;
    return learn(answer);
  }

  async function learnPublished(published: unknown, waiting?: RedisWait): Promise<void> {
    if (learnNext(published)) return;
    forget();
    await readLog(waiting);
  }

  /** Makes everything invalid. */
  async function drop(waiting?: RedisWait): Promise<void> {
    await connection.run(
      async (client) => Promise.all([client.del(sequenceKey, logKey), client.publish(channel, '')]),
      waiting,
    );
    forget();
  }

  function forget(): void {
    followed = undefined;
    known.learn('', 0, 0, []);
  }

  let appending = 0;
  /** Appends all that is in doubt. */
  async function append(waiting?: RedisWait): Promise<void> {
    const doubts = known.doubts();
    appending += 1;
    try {
      if (doubts.size > maxDoubts) await drop(waiting);
      else await appendTags([...doubts.keys()], waiting);
      known.settle(doubts);
    } finally {
      appending -= 1;
    }
  }

  async function appendTags(tags: readonly string[], waiting?: RedisWait): Promise<void> {
    try {
      const answer = await connection.run(
        async (client) => client.atriumAppendLog(sequenceKey, logKey, newEpoch(), maxTags, ...tags),
        waiting,
      );
      await learnPublished(answer, waiting);
    } catch (error) {
      if (error instanceof RedisUnavailable) throw error;
      // What Redis cannot write down, for want of memory, it may still be able to forget: then nothing is valid.
      await drop(waiting);
    }
  }

  // The connection for commands reports what is wrong with Redis.
  const subscriber = duplicateClient(redis);
  subscriber.on('error', () => {});
  subscriber.on('message', (_channel: string, message: string) => {
    void learnPublished(readJson(message));
  });
  subscriber.on('close', () => (subscription = 0));
  subscriber.on('ready', () => {
    const current = (subscriptions += 1);
    subscriber.subscribe(channel).then(
      () => {
        subscription = current;
        void readLog();
      },
      (error: unknown) => logger.warn({ err: error }, 'Redis does not let the cache subscribe to invalidations'),
    );
  });
  subscriber.connect().catch(() => {});

  return {
    known,
    keys: [sequenceKey],
    isLive,
    follow(text, waiting) {
      if (followed !== undefined && text === followed) return true;
      const sequence = readSequence(text);
      if (sequence?.epoch !== known.epoch || sequence.number > known.number) return readLog(waiting);
      followed = String(text);
      return true;
    },
    async invalidate(tags, waiting) {
      known.doubt(tags);
      try {
        await append(waiting);
        return true;
      } catch (error) {
        retryLater();
        logger.warn({ err: error }, 'an invalidation reaches the other replicas when Redis can be written again');
        return false;
      }
    },
    close() {
      clearTimeout(retry);
      subscriber.disconnect();
    },
  };
}

const digits = `(\\d{1,${maxDigits}})`;
const sequencePattern = new RegExp(`^([\\w-]{${epochLength}}):${digits}:${digits}$`);

function readSequence(text: unknown): { epoch: string; number: number; floor: number } | undefined {
  const [, epoch, number, floor] = sequencePattern.exec(String(text)) ?? [];
  return epoch === undefined ? undefined : { epoch, number: Number(number), floor: Number(floor) };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function loggedTags(pairs: readonly string[]): LoggedTags[] {
  const logged: LoggedTags[] = [];
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    logged.push({ tags: [pairs[index] ?? ''], number: Number(pairs[index + 1]) });
  }
  return logged;
}
