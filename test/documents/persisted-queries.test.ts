import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createPersistedQueries } from '../../src/documents/persisted-queries.ts';
import { startHttpGateway } from '../support/http-gateway.ts';
import { storeVariants } from '../redis/store-variants.ts';
import type { StoreUnderTest } from '../redis/store-variants.ts';
import { startTcpProxy } from '../redis/tcp-proxy.ts';

const text = '{ me { id } }';
const sha256 = hash('sha256', text);
const hour = 60 * 60_000;
const day = 24 * hour;
const waiting = () => ({ redisMs: 0 });

for (const variant of storeVariants) {
  describe.skipIf(variant.isMissing)(`registered queries in a store ${variant.name}`, () => {
    let opened: StoreUnderTest;
    let now: number;
    /** A replica. */
    const open = () => createPersistedQueries({ store: opened.store, maxTextBytes: 1_000, clock: () => now });
    const pass = async (milliseconds: number) => {
      now += milliseconds;
      await opened.pass(milliseconds);
    };
    const put = (value: string) => opened.store.setMany([{ key: `apq:${sha256}`, value, ttlMs: day }]);

    beforeEach(async () => {
      opened = await variant.open();
      now = 1;
    });
    afterEach(() => opened.close());

    it('are known to every replica, for a day since they were last asked for', async () => {
      const [one, other] = [open(), open()];
      await one.cache.set(`apq:${sha256}`, text);
      for (let times = 0; times < 3; times += 1) {
        await pass(14 * hour);
        expect(await one.find(sha256, waiting())).toBe(text);
      }
      await pass(14 * hour);
      expect(await other.find(sha256, waiting())).toBe(text);
      await pass(26 * hour);
      expect(await one.find(sha256, waiting())).toBeUndefined();
      expect(await other.find(sha256, waiting())).toBeUndefined();
    });

    it.each([
      ['another text', '{ me { secret } }'],
      ['a part of the text', text.slice(0, -1)],
      ['nothing', ''],
    ])('are not known when the store holds %s', async (_, value) => {
      await put(value);
      expect(await open().find(sha256, waiting())).toBeUndefined();
    });

    it('are neither kept nor taken when they are too long, and others stay what they are', async () => {
      const long = 'x'.repeat(1_001);
      const replica = open();
      await replica.cache.set(`apq:${hash('sha256', long)}`, long);
      await opened.store.setMany([{ key: `apq:${hash('sha256', long)}`, value: long, ttlMs: day }]);
      expect(await replica.find(hash('sha256', long), waiting())).toBeUndefined();
      expect(await replica.find('apq:x\r\n{y}', waiting())).toBeUndefined();
      expect(await replica.cache.get(`apq:${sha256}`)).toBeUndefined();
    });
  });
}

it('registered queries without a store are known to the process alone', async () => {
  let now = 1;
  const queries = createPersistedQueries({ maxTextBytes: 1_000, clock: () => now });
  await queries.cache.set(`apq:${sha256}`, text);
  expect(await queries.find(sha256, waiting())).toBe(text);
  now = 26 * hour;
  expect(await queries.find(sha256, waiting())).toBeUndefined();
});

const redisUrl = inject('redisUrl');

it.skipIf(redisUrl === null)('A29: Redis that stops or is gone is a miss, in its time', async () => {
  const proxy = await startTcpProxy(new URL(redisUrl ?? ''));
  const subgraphs = { a: { sdl: 'type Query { a: Int }', resolvers: { Query: { a: () => 1 } } } };
  await using gateway = await startHttpGateway(subgraphs, () => ({
    redis: { url: proxy.url, keyPrefix: `atrium-test:${process.pid}:` },
  }));
  await gateway.logged(({ fields: { purpose } }) => purpose === 'caches');
  const query = '{ a }';
  const extensions = { persistedQuery: { version: 1, sha256Hash: hash('sha256', query) } };
  const unknown = { persistedQuery: { version: 1, sha256Hash: hash('sha256', '{ b }') } };
  const codeOf = async (body: object) => {
    const response = await gateway.post(body);
    expect(response.status).toBe(200);
    const { data, errors } = JSON.parse(await response.text());
    return errors?.[0].extensions.code ?? data;
  };
  const milliseconds: number[] = [];
  for (const fail of [async () => proxy.freeze(), () => proxy.kill()]) {
    await fail();
    for (let times = 0; times < 3; times += 1) {
      const since = performance.now();
      expect(await codeOf({ extensions: unknown })).toBe('PERSISTED_QUERY_NOT_FOUND');
      milliseconds.push(performance.now() - since);
    }
    expect(await codeOf({ query, extensions })).toEqual({ a: 1 });
    expect(await codeOf({ extensions })).toEqual({ a: 1 });
  }
  // The budget of one request is 50 ms; far below the seconds of a socket that nobody gives up.
  expect(Math.max(...milliseconds)).toBeLessThan(1_000);
  await proxy.close();
});
