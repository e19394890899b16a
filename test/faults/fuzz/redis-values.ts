import * as fc from 'fast-check';
import type { Redis } from 'ioredis';
import { expect, vi } from 'vitest';
import { isJsonObject } from '../../../src/core/json.ts';
import { keepsInvariants } from '../invariants.ts';
import type { Laboratory } from '../laboratory.ts';
import { question } from '../shop.ts';
import type { Fuzzer } from './fuzzer.ts';
import { mutated, mutations, written } from './mutation.ts';

const change = fc.record({
  key: fc.nat(),
  mutations,
  bytes: fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { maxLength: 3 }),
});

/** What somebody else has put into Redis where the gateway keeps what it knows. */
export const redisValues = (redis: Redis, keyPrefix: string): Fuzzer => ({
  name: 'values in Redis',
  runs: [30, 150],
  property: (lab) =>
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const answer = await keepsInvariants(lab, async () => {
        const keys = await keptKeys(lab, redis, keyPrefix);
        const hurt = [];
        for (const one of changes) {
          const key = keys[one.key % keys.length];
          const known = key === undefined ? null : await redis.getBuffer(key);
          if (key === undefined || known === null) continue;
          await redis.set(key, changed(known, one), 'KEEPTTL');
          hurt.push(key);
        }
        const answer = await lab.ask(question);
        await redis.del(...hurt);
        return answer;
      });
      expect(answer.status).toBe(200);
      // A value may be any: that it is of this service nobody can tell. There is one, though, or an error.
      expect(isJsonObject(answer.body) && isJsonObject(answer.body['data'])).toBe(true);
    }),
});

/** Asks until something is kept: that is written after the answer, and not without the log of invalidations. */
async function keptKeys(lab: Laboratory, redis: Redis, keyPrefix: string): Promise<string[]> {
  return vi.waitUntil(
    async () => {
      await lab.ask(question);
      const keys = (await redis.keys(`${keyPrefix}*`)).filter((key) => !key.includes('{log}')).toSorted();
      const types = await Promise.all(keys.map((key) => redis.type(key)));
      const texts = keys.filter((_, at) => types[at] === 'string');
      return texts.length > 0 ? texts : undefined;
    },
    { timeout: 5_000, interval: 2 },
  );
}

function changed(
  known: Buffer,
  { mutations, bytes }: { mutations: Parameters<typeof mutated>[1]; bytes: { at: number; byte: number }[] },
): Buffer {
  const text = known.toString();
  const start = text.indexOf('{');
  let value: Buffer = known;
  try {
    value = Buffer.from(text.slice(0, start) + written(mutated(JSON.parse(text.slice(start)), mutations)));
  } catch {
    // No JSON to begin with: bytes will do.
  }
  const copy = Buffer.from(value);
  for (const { at, byte } of bytes) if (copy.length > 0) copy[at % copy.length] = byte;
  return copy;
}
