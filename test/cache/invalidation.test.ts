import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { invalidate } from '../../src/cache/invalidate.ts';
import type { EntityCache, EntityLookup } from '../../src/cache/entity-cache.ts';
import type { InvalidationLog } from '../../src/cache/invalidation-log.ts';
import type { Invalidation } from '../../src/config/invalidation.ts';
import { canonicalJson } from '../../src/core/json.ts';
import { backendVariants } from './backend-variants.ts';
import type { SharedBackends } from './backend-variants.ts';
import {
  createCacheUnderTest,
  forAMinute,
  keep,
  lookupOf,
  productOf,
  readOne,
  textOf,
  written,
} from './cache-under-test.ts';

const rootOf = (selection: string, more: Partial<EntityLookup> = {}) =>
  lookupOf({ isRoot: true, text: textOf(selection), representations: [''], ...more });

/** Under the name of what they are about. */
const lookups = {
  'the name of product 1': lookupOf(),
  'the name of product 2': lookupOf({ representations: [productOf('2')] }),
  'the name of product 3, by another key': lookupOf({
    representations: [canonicalJson({ __typename: 'Product', sku: 'a', maker: { id: 7 } })],
  }),
  'the products related to product 4': lookupOf({
    text: textOf('{...on Product{related{name}}}'),
    representations: [productOf('4')],
  }),
  'the keys of products related to product 5': lookupOf({
    text: textOf('{...on Product{related{__typename id}}}'),
    representations: [productOf('5')],
  }),
  'the stock of product 1': lookupOf({ subgraph: 'stock', text: textOf('{...on Product{left}}') }),
  'the maker 7': lookupOf({
    text: textOf('{...on Maker{name}}'),
    representations: [canonicalJson({ __typename: 'Maker', id: '7' })],
  }),
  'the root field of product 1': rootOf('product(id:$id){name}', {
    text: textOf('product(id:$id){name}', { variableDefinitions: ['$id:ID!'] }),
    variables: { id: '1' },
  }),
  'all products': rootOf('products{...f}', {
    text: textOf('products{...f}', { fragments: [{ name: 'f', text: 'fragment f on Product{name}' }] }),
  }),
  'the keys of all products': rootOf('products{__typename id}'),
  'what is shown': rootOf('shown{name}'),
  'a search by default': rootOf('search{id}'),
  'a search for lamps': rootOf('search(text:"lamps",page:{first:1}){id}'),
};
type Name = keyof typeof lookups;
const names = Object.keys(lookups) as Name[];

for (const variant of backendVariants) {
  describe.skipIf(variant.isMissing)(`invalidation ${variant.name}`, () => {
    let shared: SharedBackends;
    let caches: EntityCache[];
    let logs: InvalidationLog[];

    beforeEach(async () => {
      shared = await variant.open(2);
      const options = { clock: shared.clock, firstLevel: { maxBytes: 1_000_000, seconds: 60 } };
      caches = shared.backends.map((backend) => createCacheUnderTest(backend, options));
      logs = shared.backends.map(({ log }) => log);
    });
    afterEach(async () => {
      await shared.close();
    });

    const cacheOf = (replica: number): EntityCache => {
      const cache = caches[replica];
      if (cache === undefined) throw new Error('Expected a replica');
      return cache;
    };
    const invalidateAt = async (replica: number, ...request: Invalidation[]) => {
      const log = logs[replica];
      if (log === undefined) throw new Error('Expected a replica');
      // On a busy machine Redis may be too late once.
      const outcome = { outcome: 'invalidated', invalidations: request.length };
      await vi.waitFor(async () => expect(await invalidate(request, log)).toEqual(outcome), { timeout: 10_000 });
      // Others hear of it a moment later.
      await vi.waitFor(() => expect(logs.map(({ known }) => known.number)).toEqual(logs.map(() => log.known.number)), {
        interval: 1,
      });
    };
    const isKept = async (lookup: EntityLookup, replica = 0) =>
      (await readOne(cacheOf(replica), lookup)).values[0] !== undefined;

    it.each<[string, Invalidation, Name[]]>([
      ['a subgraph', { subgraph: 'stock' }, ['the stock of product 1']],
      [
        'a type in a subgraph, with all that holds data of it',
        { subgraph: 'products', type: 'Product' },
        names.filter(
          (name) =>
            ![
              'the stock of product 1',
              'the maker 7',
              'the keys of all products',
              'a search by default',
              'a search for lamps',
            ].includes(name),
        ),
      ],
      ['a type elsewhere', { subgraph: 'stock', type: 'Product' }, ['the stock of product 1']],
      ['a type that is asked for alone', { subgraph: 'products', type: 'Maker' }, ['the maker 7']],
      [
        'the root type',
        { subgraph: 'products', type: 'Query' },
        [
          'the root field of product 1',
          'all products',
          'the keys of all products',
          'what is shown',
          'a search by default',
          'a search for lamps',
        ],
      ],
      [
        'an entity in all subgraphs, with answers that may hold it',
        { type: 'Product', key: { id: 1 } },
        [
          'the name of product 1',
          'the name of product 3, by another key',
          'the products related to product 4',
          'the stock of product 1',
          'the root field of product 1',
          'all products',
          'what is shown',
        ],
      ],
      [
        'an entity by another key, whatever the order of its fields, with those that do not tell theirs',
        { type: 'Product', key: { maker: { id: '7' }, sku: 'a' } },
        names.filter((name) => name.includes('product') && name !== 'the keys of all products').concat('what is shown'),
      ],
      ['a tag of an entity', { tags: ['stock-1'] }, ['the stock of product 1']],
      ['a tag with an argument', { tags: ['nothing', 'asked-1'] }, ['the root field of product 1']],
      ['a tag with the default of an argument', { tags: ['search-all'] }, ['a search by default']],
      ['a tag with a literal argument', { tags: ['search-lamps'] }, ['a search for lamps']],
      ['nothing that is there', { tags: ['other'] }, []],
    ])('of %s', async (_, invalidation, expected) => {
      for (const lookup of Object.values(lookups)) await keep(cacheOf(0), lookup, { values: [{ some: 'value' }] });
      await invalidateAt(1, invalidation);
      for (const replica of [1, 0]) {
        const gone = [];
        for (const name of names) if (!(await isKept(lookups[name], replica))) gone.push(name);
        expect(gone.toSorted()).toEqual(expected.toSorted());
      }
    });

    it('finds an entity by the keys that its answer tells', async () => {
      await keep(cacheOf(0), lookupOf(), { values: [{ sku: 'a', maker: { id: '7' } }] });
      await keep(cacheOf(0), lookups['the name of product 2'], { values: [{ sku: 'b', maker: { id: '7' } }] });
      await invalidateAt(1, { type: 'Product', key: { sku: 'a', maker: { id: '7' } } });
      expect([await isKept(lookupOf()), await isKept(lookups['the name of product 2'])]).toEqual([false, true]);
    });

    it('goes by the tags of a response, each entity by its own', async () => {
      const lookup = lookupOf({ representations: ['1', '2'].map(productOf) });
      await keep(cacheOf(0), lookup, {
        values: [{ name: 'a' }, { name: 'b' }],
        tags: (at) => [['new', 'red'], ['new']][at],
      });
      await invalidateAt(1, { tags: ['red'] });
      expect((await readOne(cacheOf(0), lookup)).values).toEqual([undefined, { name: 'b' }]);
      await invalidateAt(1, { tags: ['new'] });
      expect((await readOne(cacheOf(0), lookup)).values).toEqual([undefined, undefined]);
    });

    it.each([['red'], [[1]], [{}], [Array.from({ length: 51 }, () => 'a')], [['x'.repeat(501)]]])(
      'keeps nothing whose tags cannot be read: %o',
      async (tags) => {
        await keep(cacheOf(0), lookupOf(), { values: [{ name: 'a' }], tags: () => tags });
        expect(await isKept(lookupOf())).toBe(false);
      },
    );

    it('keeps nothing whose tags cannot be told, or filled in', async () => {
      const reading = await readOne(cacheOf(0), lookupOf());
      reading.keep([0], { values: [{ name: 'a' }], headers: forAMinute, tags: undefined });
      await written();
      expect(await isKept(lookupOf())).toBe(false);
      const unknown = rootOf('product(id:$id){name}', {
        text: textOf('product(id:$id){name}', { variableDefinitions: ['$id:ID!'] }),
      });
      await keep(cacheOf(0), unknown, { values: [{ product: { name: 'a' } }] });
      expect(await isKept(unknown)).toBe(false);
    });

    it('refuses what was fetched before it and written after it', async () => {
      const slow = await readOne(cacheOf(0), lookupOf());
      const other = await readOne(cacheOf(0), lookups['the name of product 2']);
      await invalidateAt(1, { type: 'Product', key: { id: '1' } });
      for (const reading of [slow, other])
        reading.keep([0], { values: [{ name: 'old' }], headers: forAMinute, tags: () => undefined });
      await written();
      for (const replica of [0, 1]) {
        expect(await isKept(lookupOf(), replica)).toBe(false);
        expect(await isKept(lookups['the name of product 2'], replica)).toBe(true);
      }
      await keep(cacheOf(0), lookupOf(), { values: [{ name: 'new' }] });
      for (const replica of [0, 1]) expect(await isKept(lookupOf(), replica)).toBe(true);
    });

    it('refuses what somebody else fetched before it to those who ask after it', async () => {
      const leader = await readOne(cacheOf(0), lookupOf());
      expect(await leader.claim([0])).toEqual({ ours: [0], others: undefined });
      await invalidateAt(1, { subgraph: 'products' });
      const here = await readOne(cacheOf(0), lookupOf());
      const claim = await here.claim([0]);
      leader.keep([0], { values: [{ name: 'old' }], headers: forAMinute, tags: () => undefined });
      leader.release([0]);
      expect([claim.ours, await claim.others]).toEqual([[], new Map()]);
    });

    it('is remembered by tag up to a bound; what is forgotten is taken for invalidated', async () => {
      await keep(cacheOf(0), lookups['the maker 7'], { values: [{ name: 'a' }] });
      const tags = Array.from({ length: 10_000 }, (_, index) => `tag ${index}`);
      for (let from = 0; from < tags.length; from += 1000)
        await invalidateAt(1, { tags: tags.slice(from, from + 1000) });
      await keep(cacheOf(0), lookups['the stock of product 1'], { values: [{ left: 1 }] });
      for (const replica of [0, 1]) {
        expect(await isKept(lookups['the maker 7'], replica)).toBe(false);
        expect(await isKept(lookups['the stock of product 1'], replica)).toBe(true);
      }
    });
  });
}

describe('a request to invalidate', () => {
  const outcomeOf = async (request: unknown) => {
    const invalidated: string[] = [];
    const log = {
      async invalidate(tags: readonly string[]) {
        invalidated.push(...tags);
        return false;
      },
    } as unknown as InvalidationLog;
    return { ...(await invalidate(request, log)), invalidated };
  };
  const one = 'one of { subgraph }, { subgraph, type }, { type, key: { … } } and { tags: […] }';

  it('says when other replicas will hear of it only later', async () => {
    expect(await outcomeOf([{ kind: 'subgraph', subgraph: 'products' }])).toMatchObject({ outcome: 'delayed' });
  });

  it('takes every kind, named or not', async () => {
    const named = [
      { kind: 'subgraph', subgraph: 'products' },
      { kind: 'type', subgraph: 'products', type: 'Product' },
      { kind: 'entity', type: 'Product', key: { id: '1' } },
      { kind: 'cache_tag', tags: ['a', 'b'] },
    ];
    const unnamed = named.map((one) => ({ ...one, kind: undefined }));
    expect(await outcomeOf(named)).toEqual(await outcomeOf(unnamed));
    expect(await outcomeOf(named)).toMatchObject({ invalidations: 4 });
  });

  it.each([
    [undefined, 'expected a list of 1 to 1000 invalidations, got nothing'],
    [null, 'expected a list of 1 to 1000 invalidations, got null'],
    [{}, 'expected a list of 1 to 1000 invalidations, got an object'],
    [[], 'expected a list of 1 to 1000 invalidations, got an empty list'],
    [Array.from({ length: 1001 }, () => ({ subgraph: 'a' })), 'expected a list of 1 to 1000 invalidations, got a list'],
    [['products'], `[0]: expected ${one}, got "products"`],
    [[{ subgraph: 'a' }, {}], `[1]: expected ${one}, got an object`],
    [[{ subgraph: '' }], `[0]: expected ${one}, got an object`],
    [[{ subgraph: 'a', typ: 'b' }], `[0]: expected ${one}, got an object`],
    [[{ kind: 'type', subgraph: 'a' }], `[0]: expected ${one}, got an object`],
    [[{ kind: 'all' }], `[0]: expected ${one}, got an object`],
    [[{ type: 'Product' }], `[0]: expected ${one}, got an object`],
    [[{ type: 'Product', key: {} }], `[0]: expected ${one}, got an object`],
    [[{ type: 'Product', key: 'a' }], `[0]: expected ${one}, got an object`],
    [[{ tags: [] }], `[0]: expected ${one}, got an object`],
    [[{ tags: [1] }], `[0]: expected ${one}, got an object`],
    [[{ tags: ['x'.repeat(501)] }], `[0]: expected ${one}, got an object`],
  ])('is refused whole when it is %o', async (request, problem) => {
    expect(await outcomeOf(request)).toEqual({ outcome: 'refused', problems: [problem], invalidated: [] });
  });
});
