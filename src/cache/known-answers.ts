import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { readJson } from '../core/json.ts';
import type { RedisWait, Store } from '../redis/store.ts';

/** The answer to a query, as it is sent. */
export interface KnownAnswer {
  readonly body: Buffer;
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly operationName: string | null;
  /** In milliseconds of `performance.now()`. */
  readonly madeAt: number;
  /** From `madeAt`: an older one is none. */
  readonly lifetimeMs: number;
}

/** Answers by keys that stand for all that they depend on; `alias` is any other such key of the same answer. */
export interface KnownAnswers {
  /** What this process knows by an alias that `keep` or `find` was given. */
  known(alias: string): KnownAnswer | undefined;
  /** Also what other replicas keep. Never rejects. */
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
/** Of an answer and its keys, beside what `sizeOf` counts. */
const overheadBytes = 1_000;

export function createKnownAnswers({
  maxBytes,
  store,
  clock = () => performance.now(),
}: KnownAnswerOptions): KnownAnswers {
  const keys = new LRUCache<string, string>({ max: maxAliases });
  const answers = new LRUCache<string, KnownAnswer>({
    maxSize: maxBytes,
    sizeCalculation: sizeOf,
  });
  const fresh = (answer: KnownAnswer | undefined): KnownAnswer | undefined =>
    answer !== undefined && clock() - answer.madeAt < answer.lifetimeMs ? answer : undefined;
  const hold = (key: string, alias: string, answer: KnownAnswer): void => {
    answers.set(key, answer);
    keys.set(alias, key);
  };

  return {
    known: (alias) => fresh(answers.get(keys.get(alias) ?? '')),
    async find(key, alias, waiting) {
      let answer = fresh(answers.get(key));
      if (answer === undefined && store !== undefined) {
        const [text = null] = await store.getMany([storeKeyOf(key)], waiting);
        answer = text === null ? undefined : fresh(decode(key, text, clock()));
      }
      if (answer !== undefined) hold(key, alias, answer);
      return answer;
    },
    keep(key, alias, answer) {
      if (answer.body.length > maxAnswerBytes) return;
      hold(key, alias, answer);
      const { lifetimeMs: ttlMs } = answer;
      void store?.setMany([{ key: storeKeyOf(key), value: encode(key, answer, clock()), ttlMs }]);
    },
  };
}

/** V8 keeps a character in one or two bytes; clients choose the name. */
function sizeOf({ body, headers, operationName }: KnownAnswer): number {
  const texts = [operationName ?? '', ...headers.flat()].reduce((sum, text) => sum + text.length, 0);
  return body.length + 2 * texts + overheadBytes;
}

function storeKeyOf(key: string): string {
  return `ka:${formatVersion}:${key}`;
}

const digestLength = 43;
const aboutSchema = z.object({
  headers: z.array(z.tuple([z.string(), z.string()])),
  operationName: z.string().nullable(),
  /** Here in milliseconds since 1970. */
  madeAt: z.number(),
  lifetimeMs: z.number(),
});

/** A digest of the key and all that follows, a line of JSON, the body. */
function encode(key: string, { body, ...about }: KnownAnswer, now: number): string {
  const madeAt = Date.now() - (now - about.madeAt);
  const text = `${JSON.stringify({ ...about, madeAt })}\n${body.toString()}`;
  return hash('sha256', key + text, 'base64url') + text;
}

/** undefined for a text that `encode` did not write under this key. */
function decode(key: string, value: string, now: number): KnownAnswer | undefined {
  const text = value.slice(digestLength);
  if (hash('sha256', key + text, 'base64url') !== value.slice(0, digestLength)) return undefined;
  const end = text.indexOf('\n');
  const { data: about } = aboutSchema.safeParse(readJson(text.slice(0, end)));
  if (about === undefined) return undefined;
  // The clock of whoever made it may be ahead.
  const age = Math.max(0, Date.now() - about.madeAt);
  return { ...about, madeAt: now - age, body: Buffer.from(text.slice(end + 1)) };
}
