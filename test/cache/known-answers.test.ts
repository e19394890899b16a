import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKnownAnswers } from '../../src/cache/known-answers.ts';
import type { KnownAnswer } from '../../src/cache/known-answers.ts';
import { createMemoryStore } from '../../src/redis/memory-store.ts';
import { storeVariants } from '../redis/store-variants.ts';
import type { StoreUnderTest } from '../redis/store-variants.ts';

const waiting = () => ({ redisMs: 0 });
const answer = (text: string, more: Partial<KnownAnswer> = {}): KnownAnswer => ({
  body: Buffer.from(text),
  headers: [
    ['etag', '"1"'],
    ['x-version', 'a'],
  ],
  operationName: 'A',
  madeAt: 0,
  lifetimeMs: 60_000,
  ...more,
});

for (const variant of storeVariants) {
  describe.skipIf(variant.isMissing)(`known answers in a store ${variant.name}`, () => {
    let opened: StoreUnderTest;
    let now: number;
    const open = () => createKnownAnswers({ maxBytes: 10_000_000, store: opened.store, clock: () => now });
    const textOf = async (key: string) => (await open().find(key, 'alias', waiting()))?.body.toString();
    const pass = async (milliseconds: number) => {
      now += milliseconds;
      vi.setSystemTime(Date.now() + milliseconds);
      await opened.pass(milliseconds);
    };

    beforeEach(async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      opened = await variant.open();
      now = 0;
    });
    afterEach(async () => {
      vi.useRealTimers();
      await opened.close();
    });

    it('are what was kept, whatever it is, at every replica', async () => {
      const kept = fc.record({
        body: fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        headers: fc.array(fc.tuple(fc.string(), fc.string())),
        operationName: fc.option(fc.string()),
        madeAt: fc.constant(0),
        lifetimeMs: fc.integer({ min: 1_000, max: 1_000_000 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.uuid(), kept, async (key, given) => {
          open().keep(key, 'alias', given);
          expect(await open().find(key, 'alias', waiting())).toEqual(given);
        }),
        { numRuns: 20 },
      );
    });

    it('are as old at one replica as at another, and end when their time does', async () => {
      const [one, other] = [open(), open()];
      one.keep('key', 'alias', answer('{}'));
      await pass(20_000);
      expect(now - ((await other.find('key', 'alias', waiting()))?.madeAt ?? NaN)).toBe(20_000);
      await pass(39_000);
      expect([one, other].map((replica) => replica.known('alias')?.body.toString())).toEqual(['{}', '{}']);
      await pass(1_000);
      expect([one, other].map((replica) => replica.known('alias'))).toEqual([undefined, undefined]);
      expect(await textOf('key')).toBeUndefined();
    });

    it('are not older than their time allows when the clock of the replica that made them is ahead', async () => {
      open().keep('key', 'alias', answer('{}'));
      vi.setSystemTime(Date.now() - 3_600_000);
      const replica = open();
      await replica.find('key', 'alias', waiting());
      now += 60_000;
      expect(replica.known('alias')).toBeUndefined();
    });

    it('of another version stand under other keys', async () => {
      const setMany = vi.spyOn(opened.store, 'setMany');
      open().keep('key', 'alias', answer('{}'));
      expect(setMany.mock.calls[0]?.[0][0]?.key).toBe('ka:1:key');
    });
  });
}

describe('what is no known answer', () => {
  const store = createMemoryStore({ maxBytes: 100_000_000 });
  const setMany = vi.spyOn(store, 'setMany');
  const open = () => createKnownAnswers({ maxBytes: 10_000_000, store, clock: () => 0 });
  const textOf = async (key: string) => (await open().find(key, 'alias', waiting()))?.body.toString();
  const written = (key: string, text: string) => {
    open().keep(key, 'alias', answer(text));
    const [entry] = setMany.mock.lastCall?.[0] ?? [];
    if (entry === undefined) throw new Error('expected an entry');
    return entry;
  };

  it('is anything else in the store under its key', async () => {
    const foreign = written('other', '{"data":{"a":2}}');
    const own = written('key', '{"data":{"a":1}}');
    const { value } = own;
    expect(await textOf('key')).toBe('{"data":{"a":1}}');

    const place = fc.nat({ max: value.length - 1 });
    const damage = fc.oneof(
      place.map((length) => value.slice(0, length)),
      fc
        .tuple(place, fc.string({ minLength: 1, maxLength: 1 }))
        .map(([at, character]) => value.slice(0, at) + character + value.slice(at + 1)),
      fc.string().map((more) => value + more),
      fc.string(),
      fc.json(),
      fc.constantFrom(foreign.value, '', 'null', `${value}\n${value}`, 'x'.repeat(5_000_000)),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (damaged) => {
        fc.pre(damaged !== value);
        await store.setMany([{ ...own, value: damaged }]);
        expect(await textOf('key')).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it('is one that is too long', async () => {
    open().keep('long', 'alias', answer('x'.repeat(2_097_153)));
    open().keep('fits', 'alias', answer('x'.repeat(2_097_152)));
    expect([await textOf('long'), (await textOf('fits'))?.length]).toEqual([undefined, 2_097_152]);
  });
});

describe('known answers of one process', () => {
  it('make room for each other within their bytes', () => {
    const answers = createKnownAnswers({ maxBytes: 25_000, clock: () => 0 });
    for (const key of ['1', '2', '3']) answers.keep(key, key, answer('x'.repeat(10_000)));
    answers.keep('huge', 'huge', answer('x'.repeat(30_000)));
    expect(['1', '2', '3', 'huge'].map((alias) => answers.known(alias) !== undefined)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('count with their names and headers, which are not ours to choose', () => {
    const long = 'x'.repeat(6_000);
    for (const more of [{ operationName: long }, { headers: [['x-a', long] as const] }]) {
      const answers = createKnownAnswers({ maxBytes: 25_000, clock: () => 0 });
      for (const key of ['1', '2']) answers.keep(key, key, answer('{}', more));
      expect(['1', '2'].map((alias) => answers.known(alias) !== undefined)).toEqual([false, true]);
    }
  });

  it('are found by any text that asks the same, once it was asked', async () => {
    const answers = createKnownAnswers({ maxBytes: 25_000, clock: () => 0 });
    answers.keep('key', 'one', answer('{}'));
    expect(answers.known('other')).toBeUndefined();
    await answers.find('key', 'other', waiting());
    expect(answers.known('other')).toBe(answers.known('one'));
  });
});
