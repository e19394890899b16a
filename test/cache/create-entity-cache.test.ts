import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EntityCacheOptions } from '../../src/cache/create-entity-cache.ts';
import type { EntityCache, EntityLookup } from '../../src/cache/entity-cache.ts';
import type { FetchContext } from '../../src/core/request-context.ts';
import { backendVariants } from './backend-variants.ts';
import type { SharedBackends } from './backend-variants.ts';
import {
  anonymous,
  contextOf,
  createCacheUnderTest,
  forAMinute,
  keep,
  lookupOf,
  principalOf,
  productOf,
  readOne,
  readThrough,
  signedIn,
  stranger,
  textOf,
  written,
} from './cache-under-test.ts';
import type { Answer } from './cache-under-test.ts';

const lamp = { name: 'Lamp' };
const forItsPrincipal = { 'cache-control': 'private, max-age=60' };
const withoutCredentials = { 'cache-control': 'max-age=60' };

for (const variant of backendVariants) {
  describe.skipIf(variant.isMissing)(`the entity cache ${variant.name}`, () => {
    let shared: SharedBackends;
    let cache: EntityCache;

    const open = (options: Partial<EntityCacheOptions> = {}) =>
      createCacheUnderTest(backendOf(shared), { clock: shared.clock, ...options });
    const valueFor = async (context: FetchContext, lookup: EntityLookup = lookupOf(), by: EntityCache = cache) =>
      (await readOne(by, lookup, context)).values[0];

    beforeEach(async () => {
      shared = await variant.open();
      cache = open();
    });
    afterEach(async () => {
      await shared.close();
    });

    it('gives back each entity by itself and counts hits and misses', async () => {
      const representations = ['1', '2'].map(productOf);
      await keep(cache, lookupOf({ representations }), { values: [lamp, { name: 'Desk' }] });
      const context = anonymous();
      const asked = lookupOf({ representations: ['2', '3', '1'].map(productOf) });
      expect((await readOne(cache, asked, context)).values).toEqual([{ name: 'Desk' }, undefined, lamp]);
      expect(context.record).toMatchObject({ cacheHits: 2, cacheMisses: 1 });
    });

    it('reads several look-ups at once and fetches what is missing in order', async () => {
      await keep(cache, lookupOf(), { values: [lamp] });
      const root = lookupOf({ isRoot: true, text: textOf('products{id}'), representations: [''] });
      const readings = await cache.read([lookupOf(), root, lookupOf({ subgraph: 'stock' })], anonymous());
      expect(readings.map(({ values }) => values)).toEqual([[lamp], [undefined], [undefined]]);
      const representations = ['3', '1', '2'].map(productOf);
      const values = await readThrough(cache, lookupOf({ representations }), anonymous(), (indexes) => {
        expect(indexes).toEqual([0, 2]);
        return { values: [{ name: 'third' }, { name: 'second' }] };
      });
      expect(values).toEqual([{ name: 'third' }, lamp, { name: 'second' }]);
    });

    it('keeps the fields of a root fetch as one value', async () => {
      const root = lookupOf({ isRoot: true, text: textOf('products{id}'), representations: [''] });
      await keep(cache, root, { values: [{ products: [{ id: '1' }] }] });
      expect(await valueFor(anonymous(), root)).toEqual({ products: [{ id: '1' }] });
      expect(await valueFor(anonymous(), lookupOf({ ...root, text: textOf('products{id sku}') }))).toBeUndefined();
    });

    it('works without a first level', async () => {
      const by = open({ firstLevel: { maxBytes: 0, seconds: 1 } });
      await keep(by, lookupOf(), { values: [lamp] });
      expect(await valueFor(anonymous(), lookupOf(), by)).toEqual(lamp);
    });

    it('gives every reader a value of its own', async () => {
      await keep(cache, lookupOf(), { values: [lamp] });
      expect(await valueFor(anonymous())).not.toBe(await valueFor(anonymous()));
    });

    it('keeps fields of any name as data', async () => {
      const entity: unknown = JSON.parse('{"__proto__":{"polluted":true},"constructor":"ü\\u2028"}');
      await keep(cache, lookupOf(), { values: [entity] });
      expect(JSON.stringify(await valueFor(anonymous()))).toBe(JSON.stringify(entity));
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    });

    describe('keeps for whom it may', () => {
      it('what is public, whoever it was fetched for', async () => {
        await keep(cache, lookupOf(), { values: [lamp] }, stranger());
        for (const context of [anonymous(), stranger(), stranger('other'), signedIn('ann')])
          expect(await valueFor(context)).toEqual(lamp);
      });

      it('what is not called public, for those without credentials', async () => {
        await keep(cache, lookupOf(), { values: [{ name: 'of a stranger' }], headers: withoutCredentials }, stranger());
        expect(await valueFor(stranger())).toBeUndefined();
        expect(await valueFor(anonymous())).toBeUndefined();
        await keep(cache, lookupOf(), { values: [lamp], headers: withoutCredentials });
        expect(await valueFor(anonymous())).toEqual(lamp);
        expect(await valueFor(stranger())).toBeUndefined();
        expect(await valueFor(signedIn('ann'))).toBeUndefined();
        expect(await valueFor(contextOf({ headers: { 'accept-language': 'de' } }))).toBeUndefined();
        expect(await valueFor(contextOf({ headers: { 'x-not-forwarded': 'de' } }))).toEqual(lamp);
      });

      it('what is private, for its principal alone', async () => {
        await keep(cache, lookupOf(), { values: [{ name: 'of ann' }], headers: forItsPrincipal }, signedIn('ann'));
        expect(await valueFor(signedIn('ann'))).toEqual({ name: 'of ann' });
        const authorization = 'Bearer ann';
        for (const context of [
          signedIn('bob'),
          anonymous(),
          stranger('ann'),
          contextOf({ headers: { authorization }, principal: principalOf('ann', { issuer: 'https://other.test' }) }),
          contextOf({ headers: { authorization, 'accept-language': 'de' }, principal: principalOf('ann') }),
        ])
          expect(await valueFor(context)).toBeUndefined();
        // Others are not in its way.
        await keep(cache, lookupOf(), { values: [{ name: 'of bob' }], headers: forItsPrincipal }, signedIn('bob'));
        await keep(cache, lookupOf(), { values: [lamp] }, anonymous());
        expect(await valueFor(signedIn('ann'))).toEqual({ name: 'of ann' });
        expect(await valueFor(signedIn('bob'))).toEqual({ name: 'of bob' });
        expect(await valueFor(anonymous())).toEqual(lamp);
      });

      it('nothing private without a principal', async () => {
        await keep(cache, lookupOf(), { values: [lamp], headers: forItsPrincipal }, stranger());
        await keep(cache, lookupOf(), { values: [lamp], headers: forItsPrincipal }, anonymous());
        for (const context of [anonymous(), stranger(), signedIn('ann')])
          expect(await valueFor(context)).toBeUndefined();
      });

      it('in another process that has not seen an answer like it', async () => {
        await keep(cache, lookupOf(), { values: [{ name: 'of ann' }], headers: forItsPrincipal }, signedIn('ann'));
        const other = open();
        expect(await valueFor(signedIn('bob'), lookupOf(), other)).toBeUndefined();
        expect(await valueFor(signedIn('ann'), lookupOf(), other)).toEqual({ name: 'of ann' });
      });
    });

    describe('tells apart what varies', () => {
      const speaking = (language?: string, more: Record<string, string> = {}) =>
        contextOf({ headers: { ...(language === undefined ? {} : { 'accept-language': language }), ...more } });
      const varying = (vary: string) => ({ ...forAMinute, vary });

      it('by forwarded headers that are named, absent ones too', async () => {
        const headers = varying('Accept-Language, Accept-Encoding');
        await keep(cache, lookupOf(), { values: [{ name: 'Lampe' }], headers }, speaking('de'));
        await keep(cache, lookupOf(), { values: [lamp], headers }, speaking());
        for (const by of [cache, open()]) {
          expect(await valueFor(speaking('de'), lookupOf(), by)).toEqual({ name: 'Lampe' });
          expect(await valueFor(speaking('de', { authorization: 'x' }), lookupOf(), by)).toEqual({ name: 'Lampe' });
          expect(await valueFor(speaking('fr'), lookupOf(), by)).toBeUndefined();
          expect(await valueFor(speaking(), lookupOf(), by)).toEqual(lamp);
        }
      });

      it('by all that any answer has named', async () => {
        const german = speaking('de', { authorization: 'a' });
        await keep(cache, lookupOf(), { values: [lamp], headers: varying('accept-language') }, german);
        await keep(cache, lookupOf(), { values: [lamp], headers: varying('authorization') }, german);
        expect(await valueFor(german)).toEqual(lamp);
        expect(await valueFor(speaking('de', { authorization: 'b' }))).toBeUndefined();
        expect(await valueFor(speaking('fr', { authorization: 'a' }))).toBeUndefined();
      });

      it('by headers that tell of the principal', async () => {
        const of = (tenant: string | undefined) =>
          contextOf({
            principal: tenant === undefined ? null : principalOf('ann', { claims: { tenant } }),
            toldPrincipal: true,
          });
        const headers = varying('X-Tenant');
        await keep(cache, lookupOf(), { values: [{ name: 'of everybody' }], headers }, of(undefined));
        await keep(cache, lookupOf(), { values: [{ name: 'of a' }], headers }, of('a'));
        for (const by of [cache, open()]) {
          expect(await valueFor(of(undefined), lookupOf(), by)).toEqual({ name: 'of everybody' });
          expect(await valueFor(of('a'), lookupOf(), by)).toEqual({ name: 'of a' });
          expect(await valueFor(of('b'), lookupOf(), by)).toBeUndefined();
        }
      });

      it.each([['*'], ['x-unknown'], ['Cookie'], ['accept, x-request-id']])(
        'and keeps nothing with Vary: %s',
        async (vary) => {
          await keep(cache, lookupOf(), { values: [lamp], headers: varying(vary) });
          expect(await valueFor(anonymous())).toBeUndefined();
        },
      );

      it.each([['Accept, Accept-Encoding,content-type , Origin,'], ['']])(
        'and nothing does with Vary: %o',
        async (vary) => {
          await keep(cache, lookupOf(), { values: [lamp], headers: varying(vary) });
          expect(await valueFor(stranger())).toEqual(lamp);
        },
      );

      it('takes Origin for one of them where it is forwarded', async () => {
        const by = open({ forwardedHeaders: ['origin'] });
        await keep(by, lookupOf(), { values: [lamp], headers: varying('origin') });
        expect(await valueFor(anonymous(), lookupOf(), by)).toEqual(lamp);
        expect(await valueFor(anonymous(), lookupOf(), open())).toBeUndefined();
      });
    });

    it('keeps nothing that varies by a correlating header, which each request has its own of', async () => {
      const by = open({ forwardedHeaders: ['baggage'] });
      await keep(by, lookupOf(), { values: [lamp], headers: { ...forAMinute, vary: 'baggage' } });
      expect(await valueFor(anonymous(), lookupOf(), by)).toBeUndefined();
    });

    describe('keeps what is as long as it may be', () => {
      const keepFor = async (cacheControl: string, more: Partial<Answer> = {}, by = cache) =>
        keep(by, lookupOf(), { values: [lamp], headers: { 'cache-control': cacheControl }, ...more });

      it('until its lifetime is over, or up to a tenth before', async () => {
        await keepFor('public, max-age=60');
        await shared.pass(59_000);
        expect(await valueFor(anonymous())).toEqual(lamp);
        await shared.pass(1_000);
        expect(await valueFor(anonymous())).toBeUndefined();
        await keepFor('public, max-age=60', {}, open({ random: () => 0.999 }));
        await shared.pass(53_000);
        expect(await valueFor(anonymous())).toEqual(lamp);
        await shared.pass(2_000);
        expect(await valueFor(anonymous())).toBeUndefined();
      });

      it('and serves it once more while it is fetched anew, which one of all does', async () => {
        await keepFor('public, max-age=60, stale-while-revalidate=30');
        await shared.pass(59_000);
        expect((await readOne(cache, lookupOf())).aging).toEqual([]);
        await shared.pass(11_000);
        const [first, second] = [await readOne(cache, lookupOf()), await readOne(open(), lookupOf())];
        expect([first.values, first.aging, second.values, second.aging]).toEqual([[lamp], [0], [lamp], [0]]);
        expect([await first.claimAging(), await second.claimAging()]).toEqual([[0], []]);
        first.keep([0], { values: [{ name: 'New' }], headers: forAMinute, tags: () => undefined });
        first.release([0]);
        await written();
        expect(await readOne(cache, lookupOf())).toMatchObject({ values: [{ name: 'New' }], aging: [] });
      });

      it('but not longer than while it is fetched anew', async () => {
        await keepFor('public, max-age=60, stale-while-revalidate=30');
        await shared.pass(90_000);
        expect(await readOne(cache, lookupOf())).toMatchObject({ values: [undefined], aging: [] });
      });

      it('and has it in reserve for when it cannot be fetched', async () => {
        await keepFor('public, max-age=60, stale-if-error=600');
        await shared.pass(100_000);
        const reading = await readOne(cache, lookupOf());
        expect([reading.values, reading.aging, reading.spare(0)]).toEqual([[undefined], [], lamp]);
        await shared.pass(560_000);
        expect((await readOne(cache, lookupOf())).spare(0)).toBeUndefined();
      });

      it('as the configuration says where nothing is named', async () => {
        const by = open({
          ttlSeconds: 10,
          subgraphs: {
            products: { ttlSeconds: 20, types: { Product: { ttlSeconds: 30 } } },
            stock: { enabled: false },
          },
        });
        const lastsFor = async (lookup: EntityLookup, headers = {}, context = anonymous()) => {
          await keep(by, lookup, { values: [lamp], headers }, context);
          for (let seconds = 0; seconds <= 60; seconds += 5) {
            if ((await valueFor(context, lookup, by)) === undefined) return seconds;
            await shared.pass(5_000);
          }
          return Infinity;
        };
        const root = { isRoot: true, text: textOf('products{id}'), representations: [''] };
        expect(await lastsFor(lookupOf())).toBe(30);
        expect(await lastsFor(lookupOf(root))).toBe(20);
        expect(await lastsFor(lookupOf({ subgraph: 'reviews' }))).toBe(10);
        expect(await lastsFor(lookupOf({ subgraph: 'stock' }), forAMinute)).toBe(0);
        expect(await lastsFor(lookupOf(), { 'cache-control': 'max-age=15' })).toBe(15);
        expect(await lastsFor(lookupOf(), { 'cache-control': 'no-store' })).toBe(0);
        expect(await lastsFor(lookupOf(), {}, stranger())).toBe(0);
      });

      it('but what does not exist only if it is told to, and for no longer', async () => {
        await keepFor('public, max-age=60', { values: [null] });
        expect(await valueFor(anonymous())).toBeUndefined();
        const by = open({ negativeSeconds: 5 });
        await keepFor('public, max-age=60', { values: [null] }, by);
        expect(await valueFor(anonymous())).toBeNull();
        await shared.pass(5_000);
        expect(await valueFor(anonymous())).toBeUndefined();
        await keepFor('public, max-age=3, stale-if-error=60', { values: [null] }, by);
        await shared.pass(3_000);
        const reading = await readOne(by, lookupOf());
        expect([reading.values[0], reading.spare(0)]).toEqual([undefined, undefined]);
      });

      it('of root fields too', async () => {
        const root = lookupOf({ isRoot: true, text: textOf('product(id:1){name}'), representations: [''] });
        await keep(cache, root, { values: [{ product: null }] });
        expect(await valueFor(anonymous(), root)).toBeUndefined();
        await keep(cache, root, { values: [{ product: null, products: [] }] });
        expect(await valueFor(anonymous(), root)).toEqual({ product: null, products: [] });
      });
    });

    it.each([[undefined], [{ text: 'x'.repeat(512 * 1024) }], [{ text: 'ü'.repeat(257 * 1024) }]])(
      'never keeps %o',
      async (entity) => {
        await keep(cache, lookupOf(), { values: [entity] });
        expect(await valueFor(anonymous())).toBeUndefined();
      },
    );

    it('keeps what has 500 KB', async () => {
      await keep(cache, lookupOf(), { values: [{ text: 'x'.repeat(500 * 1024) }] });
      expect(await valueFor(anonymous())).toBeDefined();
    });

    it('asks no more where nothing may be kept, until something may', async () => {
      const context = anonymous();
      for (let time = 0; time < 3; time += 1)
        await keep(cache, lookupOf(), { values: [lamp], headers: { 'cache-control': 'no-store' } });
      await readOne(cache, lookupOf(), context);
      expect(context.record).toMatchObject({ cacheHits: 0, cacheMisses: 0 });
      await keep(cache, lookupOf(), { values: [lamp] });
      expect(await valueFor(anonymous())).toEqual(lamp);
    });
  });
}

function backendOf({ backends: [backend] }: SharedBackends) {
  if (backend === undefined) throw new Error('Expected a backend, got none');
  return backend;
}
