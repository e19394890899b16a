import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { isJsonObject, readJson } from '../core/json.ts';
import type { RedisWait, Store } from '../redis/store.ts';

/** The answer to a query, as it is sent. */
export interface KnownAnswer {
  readonly body: Buffer;
  /** Headers of the operation's, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly operationName: string | null;
  /** In milliseconds of `performance.now()`. */
  readonly madeAt: number;
  /** From `madeAt`. */
  readonly lifetimeMs: number;
}

/** Answers by keys that stand for all that they depend on; an older answer than its lifetime is none. */
export interface KnownAnswers {
  /** Of this process alone, at once. `alias` is any other key that `find` was given beside an answer's own. */
  known(alias: string): KnownAnswer | undefined;
  /** Also what other replicas keep; what is found is known by the alias from now on. Never rejects. */
  find(key: string, alias: string, waiting: RedisWait): Promise<KnownAnswer | undefined>;
  keep(key: string, alias: string, answer: KnownAnswer): void;
}

export interface KnownAnswerOptions {
  /** Of the answers held in this process. */
  readonly maxBytes: number;
  /** What replicas share; absent: this process alone. */
  readonly store?: Store | undefined;
  /** As `performance.now()`. */
  readonly clock?: () => number;
}

/** Changes whenever a stored value's format or meaning does. */
const formatVersion = 1;
/** Longer ones are made anew. */
const maxAnswerBytes = 2_097_152;
const maxAliases = 20_000;
/** Of an answer and its keys, beside the body. */
const overheadBytes = 1_000;

export function createKnownAnswers({
  maxBytes,
  store,
  clock = () => performance.now(),
}: KnownAnswerOptions): KnownAnswers {
  const answers = new LRUCache<string, KnownAnswer>({
    maxSize: maxBytes,
    sizeCalculation: ({ body }) => body.length + overheadBytes,
  });
  const keysByAlias = new LRUCache<string, string>({ max: maxAliases });

  const fresh = (answer: KnownAnswer | undefined): KnownAnswer | undefined =>
    answer !== undefined && clock() - answer.madeAt < answer.lifetimeMs ? answer : undefined;
  const hold = (key: string, alias: string, answer: KnownAnswer): void => {
    answers.set(key, answer);
    keysByAlias.set(alias, key);
  };

  return {
    known(alias) {
      const key = keysByAlias.get(alias);
      return key === undefined ? undefined : fresh(answers.get(key));
    },
    async find(key, alias, waiting) {
      let answer = fresh(answers.get(key));
      if (answer === undefined && store !== undefined) {
        const storeKey = storeKeyOf(key);
        const [text = null] = await store.getMany([storeKey], waiting);
        answer = fresh(text === null ? undefined : decode(storeKey, text, clock()));
      }
      if (answer !== undefined) hold(key, alias, answer);
      return answer;
    },
    keep(key, alias, answer) {
      if (answer.body.length > maxAnswerBytes) return;
      hold(key, alias, answer);
      if (store === undefined) return;
      const storeKey = storeKeyOf(key);
      void store.setMany([{ key: storeKey, value: encode(storeKey, answer, clock()), ttlMs: answer.lifetimeMs }]);
    },
  };
}

function storeKeyOf(key: string): string {
  return `ka:${formatVersion}:${key}`;
}

const digestLength = 43;

/** A digest of all that follows and of the key, a line of JSON, the body. `madeAt` is there in milliseconds since 1970. */
function encode(storeKey: string, { body, ...about }: KnownAnswer, now: number): string {
  const madeAt = Date.now() - (now - about.madeAt);
  const text = `${JSON.stringify({ ...about, madeAt })}\n${body.toString()}`;
  return hash('sha256', storeKey + text, 'base64url') + text;
}

/** undefined for a text that `encode` did not write under this key. */
function decode(storeKey: string, value: string, now: number): KnownAnswer | undefined {
  const text = value.slice(digestLength);
  if (
    value.length > 2 * maxAnswerBytes ||
    hash('sha256', storeKey + text, 'base64url') !== value.slice(0, digestLength)
  ) {
    return undefined;
  }
  const end = text.indexOf('\n');
  const about = readJson(text.slice(0, end));
  if (!isAbout(about)) return undefined;
  // The clock of whoever made it may be ahead.
  const age = Math.max(0, Date.now() - about.madeAt);
  return { ...about, madeAt: now - age, body: Buffer.from(text.slice(end + 1)) };
}

function isAbout(value: unknown): value is Omit<KnownAnswer, 'body'> {
  if (!isJsonObject(value)) return false;
  const { headers, operationName, madeAt, lifetimeMs } = value;
  return (
    Array.isArray(headers) &&
    headers.every(
      (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string'),
    ) &&
    (operationName === null || typeof operationName === 'string') &&
    typeof madeAt === 'number' &&
    typeof lifetimeMs === 'number'
  );
}
