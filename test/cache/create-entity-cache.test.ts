import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEntityCache } from '../../src/cache/create-entity-cache.ts';
import type { EntityLookup } from '../../src/cache/entity-cache.ts';
import { canonicalJson } from '../../src/core/json.ts';
import { createRequestRecord } from '../../src/core/request-context.ts';
import type { RequestContext } from '../../src/core/request-context.ts';
import { createMemoryStore } from '../../src/redis/memory-store.ts';
import type { Store, StoreEntry } from '../../src/redis/store.ts';
import { storeVariants } from '../redis/store-variants.ts';
import type { StoreUnderTest } from '../redis/store-variants.ts';

function contextOf(headers: Record<string, string> = {}): RequestContext {
  return {
    requestId: 'test',
    headers,
    principal: null,
    clientAddress: '192.0.2.1',
    signal: new AbortController().signal,
    deadline: Infinity,
    responseHeaders: new Map(),
    record: createRequestRecord(),
  };
}
const anonymous = () => contextOf();
const ann = () => contextOf({ authorization: 'Bearer ann' });
const bob = () => contextOf({ authorization: 'Bearer bob' });

function lookupOf(more: Partial<EntityLookup> = {}): EntityLookup {
  return {
    subgraph: 'products',
    selection: '{ name }',
    variables: '{}',
    representations: [canonicalJson({ __typename: 'Product', id: '1' })],
    ...more,
  };
}
const options = { supergraphId: 'one', forwardedHeaders: ['authorization'] };
const forAMinute = { 'cache-control': 'public, max-age=60' };

for (const variant of storeVariants) {
  describe.skipIf(variant.isMissing)(`the entity cache with a store ${variant.name}`, () => {
    let opened: StoreUnderTest;

    beforeEach(async () => {
      opened = await variant.open();
    });
    afterEach(async () => {
      await opened.close();
    });

    it('gives back each entity by itself and counts hits and misses', async () => {
      const cache = createEntityCache(opened.store, options);
      const [one, two, three] = ['1', '2', '3'].map((id) => canonicalJson({ __typename: 'Product', id }));
      const representations = [one ?? '', two ?? ''];
      cache.write(lookupOf({ representations }), [{ name: 'Lamp' }, { name: 'Desk' }], forAMinute, anonymous());
      const context = anonymous();
      const asked = lookupOf({ representations: [two ?? '', three ?? '', one ?? ''] });
      expect(await cache.read(asked, context)).toEqual([{ name: 'Desk' }, undefined, { name: 'Lamp' }]);
      expect(context.record).toMatchObject({ cacheHits: 2, cacheMisses: 1 });
    });

    it('agrees with a model, whoever writes and reads what and when', async () => {
      const client = fc.constantFrom('anonymous', 'ann', 'bob');
      const id = fc.constantFrom('1', '2');
      const step = fc.oneof(
        fc.record({
          kind: fc.constant('write'),
          client,
          id,
          isPublic: fc.boolean(),
          minutes: fc.integer({ min: 1, max: 4 }),
        }),
        fc.record({ kind: fc.constant('read'), client, id }),
        fc.record({ kind: fc.constant('pass'), minutes: fc.integer({ min: 0, max: 3 }) }),
      );
      type Step = { kind: string; client?: string; id?: string; isPublic?: boolean; minutes?: number };
      const run = async (steps: readonly Step[]) => {
        const fresh = await variant.open();
        const cache = createEntityCache(fresh.store, options);
        const contexts = { anonymous, ann, bob };
        const model = new Map<string, { value: string; isPublic: boolean; expiresAt: number }>();
        const [expected, actual]: [unknown[], unknown[]] = [[], []];
        let now = 0;
        for (const [index, { kind, client = 'anonymous', id = '', isPublic = false, minutes = 0 }] of steps.entries()) {
          const context = contexts[client === 'ann' || client === 'bob' ? client : 'anonymous']();
          const lookup = lookupOf({ representations: [canonicalJson({ id })] });
          const mayBePersonal = client !== 'anonymous' && !isPublic;
          if (kind === 'pass') {
            // Not a whole minute: no entry comes so near its end that the real clock decides.
            const milliseconds = minutes * 60_000 + 7000;
            now += milliseconds;
            await fresh.pass(milliseconds);
          } else if (kind === 'write') {
            const value = `${client} ${index}`;
            const cacheControl = `max-age=${minutes * 60}${isPublic ? ', public' : ''}`;
            cache.write(lookup, [{ value }], { 'cache-control': cacheControl }, context);
            if (!mayBePersonal) model.set(id, { value, isPublic, expiresAt: now + minutes * 60_000 });
          } else {
            const entry = model.get(id);
            const isVisible =
              entry !== undefined && now < entry.expiresAt && (entry.isPublic || client === 'anonymous');
            expected.push(isVisible ? { value: entry.value } : undefined);
            actual.push(...(await cache.read(lookup, context)));
          }
        }
        await fresh.close();
        expect(actual).toEqual(expected);
      };
      await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 15 }), run), { numRuns: 40 });
    });
  });
}

describe('what the entity cache stores', () => {
  let store: Store;
  beforeEach(() => {
    store = createMemoryStore({ maxBytes: 10_000_000, clock: () => 0 });
  });

  async function isStored(
    headers: Record<string, string>,
    {
      by = anonymous(),
      entities = [{ name: 'Lamp' }],
      forwardedHeaders = ['authorization'],
    }: { by?: RequestContext; entities?: unknown[]; forwardedHeaders?: string[] } = {},
  ): Promise<boolean> {
    const cache = createEntityCache(store, { supergraphId: 'one', forwardedHeaders });
    cache.write(lookupOf(), entities, headers, by);
    const [found] = await cache.read(lookupOf(), by);
    return found !== undefined;
  }

  it('is nothing that does not say it may be', async () => {
    expect(await isStored({})).toBe(false);
    expect(await isStored({ 'cache-control': 'no-store' })).toBe(false);
    expect(await isStored({ 'cache-control': 'private, max-age=60' })).toBe(false);
    expect(await isStored({ 'cache-control': 'private, max-age=60' }, { by: ann() })).toBe(false);
    expect(await isStored({ 'cache-control': 'max-age=60' })).toBe(true);
  });

  it('is of an answer to a token only what is called public', async () => {
    expect(await isStored({ 'cache-control': 'max-age=60' }, { by: ann() })).toBe(false);
    expect(await isStored({ 'cache-control': 's-maxage=60' }, { by: ann() })).toBe(false);
    expect(await isStored({ 'cache-control': 'public, max-age=60' }, { by: ann() })).toBe(true);
  });

  it('takes any forwarded header of the client for credentials, and none that is not forwarded', async () => {
    const by = contextOf({ 'x-api-key': 'k' });
    const plain = { 'cache-control': 'max-age=60' };
    expect(await isStored(plain, { by, forwardedHeaders: ['X-API-Key'] })).toBe(false);
    expect(await isStored(plain, { by, forwardedHeaders: [] })).toBe(true);
  });

  it.each([
    ['*', false],
    ['Accept-Language', false],
    ['accept, authorization', false],
    ['Accept, Accept-Encoding,content-type , Origin,', true],
    ['', true],
  ])('with Vary: %o is stored: %o', async (vary, stored) => {
    expect(await isStored({ ...forAMinute, vary })).toBe(stored);
  });

  it('does not include what varies by a forwarded Origin', async () => {
    expect(await isStored({ ...forAMinute, vary: 'origin' }, { forwardedHeaders: ['origin'] })).toBe(false);
  });

  it.each([
    [null],
    [undefined],
    ['text'],
    [[]],
    [{ text: 'x'.repeat(512 * 1024) }],
    [{ text: 'ü'.repeat(257 * 1024) }],
  ])('is never %o', async (entity) => {
    expect(await isStored(forAMinute, { entities: [entity] })).toBe(false);
  });

  it('may be as large as 512 KB', async () => {
    expect(await isStored(forAMinute, { entities: [{ text: 'x'.repeat(500 * 1024) }] })).toBe(true);
  });

  it('is what was answered to one token, for another, only when it is public', async () => {
    const cache = createEntityCache(store, options);
    cache.write(lookupOf(), [{ name: 'of ann' }], { 'cache-control': 'max-age=60' }, ann());
    expect(await cache.read(lookupOf(), bob())).toEqual([undefined]);
    cache.write(lookupOf(), [{ name: 'of nobody' }], { 'cache-control': 'max-age=60' }, anonymous());
    expect(await cache.read(lookupOf(), bob())).toEqual([undefined]);
    expect(await cache.read(lookupOf(), anonymous())).toEqual([{ name: 'of nobody' }]);
    cache.write(lookupOf(), [{ name: 'of everybody' }], forAMinute, ann());
    expect(await cache.read(lookupOf(), bob())).toEqual([{ name: 'of everybody' }]);
    expect(await cache.read(lookupOf(), anonymous())).toEqual([{ name: 'of everybody' }]);
  });

  it('keeps fields of any name as data', async () => {
    const cache = createEntityCache(store, options);
    const entity: unknown = JSON.parse('{"__proto__":{"polluted":true},"constructor":"x"}');
    cache.write(lookupOf(), [entity], forAMinute, anonymous());
    const [found] = await cache.read(lookupOf(), anonymous());
    expect(JSON.stringify(found)).toBe('{"__proto__":{"polluted":true},"constructor":"x"}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('does not wait for the store, and expires with the answer', () => {
    const written: StoreEntry[] = [];
    const hanging: Store = {
      getMany: async () => new Promise(() => {}),
      setMany: async (entries) => new Promise(() => written.push(...entries)),
      close: async () => {},
    };
    const headers = { 'cache-control': 'public, max-age=60', age: '20' };
    createEntityCache(hanging, options).write(lookupOf(), [{ name: 'Lamp' }], headers, anonymous());
    expect(written).toMatchObject([{ ttlMs: 40_000 }]);
  });
});

describe('the keys of the entity cache', () => {
  async function keyOf(lookup: EntityLookup, supergraphId = 'one'): Promise<string> {
    const asked: string[] = [];
    const store: Store = {
      async getMany(keys) {
        asked.push(...keys);
        return keys.map(() => null);
      },
      setMany: async () => {},
      close: async () => {},
    };
    await createEntityCache(store, { ...options, supergraphId }).read(lookup, anonymous());
    return asked.join();
  }

  it('have a prefix, a version and a hash, and show no data', async () => {
    expect(await keyOf(lookupOf())).toMatch(/^ec:1:[\w-]{43}$/);
  });

  it('differ when any part differs, also where the same text is split in another way', async () => {
    const lookups = [
      lookupOf(),
      lookupOf({ subgraph: 'users' }),
      lookupOf({ subgraph: 'products{ name }', selection: '' }),
      lookupOf({ subgraph: '', selection: 'products{ name }' }),
      lookupOf({ selection: '{ name }{}', variables: '' }),
      lookupOf({ variables: '{"a":1}' }),
      lookupOf({ representations: [canonicalJson({ __typename: 'Product', id: 1 })] }),
      lookupOf({ representations: [canonicalJson({ a: 'x', b: 'y' })] }),
      lookupOf({ representations: [canonicalJson({ a: 'xb:y' })] }),
      lookupOf({ representations: [''] }),
    ];
    const keys = await Promise.all([...lookups.map(async (lookup) => keyOf(lookup)), keyOf(lookupOf(), 'two')]);
    expect(new Set(keys).size).toBe(lookups.length + 1);
  });

  it.each([
    ['{"name":"Lamp"}'],
    ['public {"name":"La'],
    ['public '],
    ['public null'],
    ['public "text"'],
    ['public [1]'],
    ['private {"name":"Lamp"}'],
    ['publicx{"name":"Lamp"}'],
    [''],
  ])('find a miss where the store holds %o', async (text) => {
    const store: Store = { getMany: async () => [text], setMany: async () => {}, close: async () => {} };
    const context = anonymous();
    expect(await createEntityCache(store, options).read(lookupOf(), context)).toEqual([undefined]);
    expect(context.record).toMatchObject({ cacheHits: 0, cacheMisses: 1 });
  });
});
