import { randomUUID } from 'node:crypto';
import { afterEach, expect, inject, it } from 'vitest';
import { startTcpProxy } from '../../redis/tcp-proxy.ts';
import { startHttpGateway } from '../../support/http-gateway.ts';
import type { HttpGateway } from '../../support/http-gateway.ts';

const redisUrl = inject('redisUrl');
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

let value = 0;
const subgraphs = {
  a: {
    sdl: 'type Query { a: Int } type Mutation { change: Int }',
    resolvers: { Query: { a: () => value }, Mutation: { change: () => (value += 1) } },
    headers: () => ({ 'cache-control': 'max-age=600' }),
  },
};

async function start(url?: string): Promise<HttpGateway> {
  const gateway = await startHttpGateway(subgraphs, () => ({
    ...(url === undefined ? {} : { redis: { url, keyPrefix: `atrium-test:${randomUUID()}:` } }),
    cache: { answers: {}, invalidate: { 'Mutation.change': [{ subgraph: 'a' }] } },
  }));
  closers.push(async () => gateway[Symbol.asyncDispose]());
  if (url !== undefined)
    await gateway.logged(({ message }) => message === 'The cache hears of invalidations as they come');
  return gateway;
}
const readIn = async (gateway: HttpGateway): Promise<unknown> =>
  JSON.parse(await (await gateway.post({ query: '{ a }' })).text()).data.a;
const changeIn = async (gateway: HttpGateway): Promise<unknown> => gateway.post({ query: 'mutation { change }' });

it.each([
  ['in this process', undefined],
  ['with Redis', redisUrl ?? undefined],
])('a known answer is not given after an invalidation %s', async (name, url) => {
  if (name === 'with Redis' && url === undefined) return;
  const gateway = await start(url);
  const before = await readIn(gateway);
  value += 1;
  expect(await readIn(gateway)).toBe(before);
  await changeIn(gateway);
  expect(await readIn(gateway)).toBe(value);
});

it.skipIf(redisUrl === null)('nor after one that Redis cannot be told of, nor after the next', async () => {
  const proxy = await startTcpProxy(new URL(redisUrl ?? ''));
  closers.push(() => proxy.close());
  const gateway = await start(proxy.url);
  const before = await readIn(gateway);
  value += 1;
  expect(await readIn(gateway)).toBe(before);
  proxy.freeze();
  for (let times = 0; times < 2; times += 1) {
    await changeIn(gateway);
    expect(await readIn(gateway)).toBe(value);
  }
});
