import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/redis/memory-store.ts';
import { storeVariants } from './store-variants.ts';
import type { StoreUnderTest } from './store-variants.ts';

for (const variant of storeVariants) {
  describe.skipIf(variant.isMissing)(`a store ${variant.name}`, () => {
    let opened: StoreUnderTest;

    beforeEach(async () => {
      opened = await variant.open();
    });
    afterEach(async () => {
      await opened.close();
    });

    it('gives values in the order of the keys and null where there is none', async () => {
      await opened.store.setMany([
        { key: 'a', value: '1', ttlMs: 60_000 },
        { key: 'b', value: 'zwölf – 十二', ttlMs: 60_000 },
      ]);
      expect(await opened.store.getMany(['b', 'missing', 'a', 'b'])).toEqual([
        'zwölf – 十二',
        null,
        '1',
        'zwölf – 十二',
      ]);
    });

    it('answers and accepts empty lists', async () => {
      await opened.store.setMany([]);
      expect(await opened.store.getMany([])).toEqual([]);
    });

    it('does not keep an entry without time to live, and leaves an older one in place', async () => {
      await opened.store.setMany([{ key: 'a', value: 'old', ttlMs: 60_000 }]);
      await opened.store.setMany([
        { key: 'a', value: 'new', ttlMs: 0 },
        { key: 'b', value: 'new', ttlMs: -1 },
      ]);
      expect(await opened.store.getMany(['a', 'b'])).toEqual(['old', null]);
    });

    it('agrees with a map whose entries expire, whatever is set, read and waited for', async () => {
      const key = fc.constantFrom('a', 'b', 'c', 'd');
      // Whole minutes and odd waits: no entry comes so near its end that the real clock decides.
      const step = fc.oneof(
        fc.record({ set: fc.array(fc.record({ key, value: fc.string(), minutes: fc.integer({ min: 1, max: 5 }) })) }),
        fc.record({ get: fc.array(key) }),
        fc.record({ pass: fc.integer({ min: 0, max: 3 }).map((minutes) => minutes * 60_000 + 7000) }),
      );
      type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
      const run = async (steps: readonly Step[]) => {
        const fresh = await variant.open();
        const model = new Map<string, { value: string; expiresAt: number }>();
        let now = 0;
        const expected: (string | null)[] = [];
        const actual: (string | null)[] = [];
        for (const action of steps) {
          if ('set' in action) {
            const entries = action.set.map(({ minutes, ...entry }) => ({ ...entry, ttlMs: minutes * 60_000 }));
            for (const { key, value, ttlMs } of entries) model.set(key, { value, expiresAt: now + ttlMs });
            await fresh.store.setMany(entries);
          } else if ('pass' in action) {
            now += action.pass;
            await fresh.pass(action.pass);
          } else {
            for (const name of action.get) {
              const entry = model.get(name);
              expected.push(entry !== undefined && now < entry.expiresAt ? entry.value : null);
            }
            actual.push(...(await fresh.store.getMany(action.get)));
          }
        }
        await fresh.close();
        expect(actual).toEqual(expected);
      };
      await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), run), { numRuns: 40 });
    });
  });
}

describe('the bound of a store in process', () => {
  const entry = (key: string, length: number) => ({ key, value: 'x'.repeat(length), ttlMs: 60_000 });

  it('drops the entry longest unused when the text held exceeds it', async () => {
    const store = createMemoryStore({ maxBytes: 2 * 302, clock: () => 0 });
    await store.setMany([entry('a', 100), entry('b', 100)]);
    await store.getMany(['a']);
    await store.setMany([entry('c', 100)]);
    const values = await store.getMany(['a', 'b', 'c']);
    expect(values.map((value) => value !== null)).toEqual([true, false, true]);
  });

  it('does not keep an entry larger than itself, nor drop others for it', async () => {
    const store = createMemoryStore({ maxBytes: 1000, clock: () => 0 });
    await store.setMany([entry('small', 10), entry('large', 5000)]);
    expect(await store.getMany(['small', 'large'])).toEqual(['xxxxxxxxxx', null]);
  });
});
