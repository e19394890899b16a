import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryBackend } from '../../src/cache/cache-backend.ts';
import type { EntityLookup } from '../../src/cache/entity-cache.ts';
import { entryKeys, leaseKey, variationKey } from '../../src/cache/lookup-keys.ts';
import { canonicalJson } from '../../src/core/json.ts';
import { anonymous, createCacheUnderTest, lookupOf, productOf, textOf } from './cache-under-test.ts';

/** The keys that are read for a look-up, its variation's included. */
async function keysOf(
  lookup: EntityLookup,
  options: Parameters<typeof createCacheUnderTest>[1] = {},
): Promise<string[]> {
  const asked: string[] = [];
  const backend = createMemoryBackend({ maxBytes: 1 });
  const store = {
    ...backend.store,
    async getMany(keys: readonly string[]) {
      asked.push(...keys);
      return keys.map(() => null);
    },
  };
  await createCacheUnderTest({ ...backend, store }, options).read([lookup], anonymous());
  return asked;
}

describe('the keys of the entity cache', () => {
  it('differ when any part differs, also where the same text is split in another way', async () => {
    const text = textOf('{ name }');
    const lookups = [
      lookupOf({ text }),
      lookupOf({ text, subgraph: 'stock' }),
      lookupOf({ text: textOf('products{id}'), isRoot: true, representations: [''] }),
      lookupOf({ text: textOf('{ name } ') }),
      lookupOf({ text: textOf('{ name }', { variableDefinitions: ['$a:Int=1'] }) }),
      lookupOf({ text: textOf('{ name }', { variableDefinitions: ['$a:Int=2'] }) }),
      lookupOf({ text: textOf('{ name }', { directives: '@tracked' }) }),
      lookupOf({ text: textOf('{ name }', { fragments: [{ name: 'f', text: 'fragment f on Product{id}' }] }) }),
      lookupOf({ text, variables: { a: 1 } }),
      lookupOf({ text, variables: { a: '1' } }),
      lookupOf({ text, variables: { a: null } }),
      lookupOf({ text, contexts: ['1'] }),
      lookupOf({ text, contexts: ['1', '2'] }),
      lookupOf({ text, contexts: ['1,2'] }),
      lookupOf({ text, representations: [productOf(1)] }),
      lookupOf({ text, representations: [canonicalJson({ a: 'x', b: 'y' })] }),
      lookupOf({ text, representations: [canonicalJson({ a: 'xb:y' })] }),
      lookupOf({ text, representations: [productOf('x'.repeat(500))] }),
      lookupOf({ text, representations: [productOf('x'.repeat(501))] }),
    ];
    const keys = await Promise.all([
      ...lookups.map(async (lookup) => keysOf(lookup)),
      keysOf(lookupOf({ text }), { supergraphId: 'two' }),
      keysOf(lookupOf({ text }), { forwardedHeaders: [] }),
    ]);
    const different = new Set(keys.flat());
    // A representation is no part of the key of a variation.
    expect(different.size).toBe(keys.length + new Set(keys.map(([, variation]) => variation)).size);
    expect(keys.map((own) => own.length)).toEqual(keys.map(() => 2));
  });

  it('are equal for equal look-ups of different operations', async () => {
    const again = lookupOf({ text: textOf('{...on Product{name}}'), variables: { b: 1, a: { d: 1, c: 2 } } });
    expect(await keysOf(again)).toEqual(await keysOf(lookupOf({ variables: { a: { c: 2, d: 1 }, b: 1 } })));
  });

  it('are of bounded length, in sixteen slots, and never of two kinds', () => {
    const lookup = 'x'.repeat(32);
    const property = fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { minLength: 1 }), (texts) => {
      const representations = texts.map((id) => productOf(id));
      const keyOf = entryKeys(lookup);
      const entries = representations.map(keyOf);
      const all = [...entries, ...entries.map(leaseKey), variationKey(lookup, 'pk'), keyOf('')];
      expect(new Set(all).size).toBe(2 * new Set(representations).size + 2);
      for (const key of all) {
        expect(key.length).toBeLessThan(180);
        expect(Number(/\{([^}]*)\}/.exec(key)?.[1])).toBeLessThan(16);
      }
      for (const key of entries) expect(/\{[^}]*\}/.exec(leaseKey(key))?.[0]).toBe(/\{[^}]*\}/.exec(key)?.[0]);
    });
    fc.assert(property);
  });
});
