import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { rule, shield } from '../../../src/authorization/shield.ts';
import type { AtriumUserConfig } from '../../../src/config/config.ts';
import { startHttpGateway } from '../../support/http-gateway.ts';
import type { HttpGateway } from '../../support/http-gateway.ts';
import { startTcpProxy } from '../../redis/tcp-proxy.ts';

const redisUrl = inject('redisUrl');
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const subgraphs = {
  a: {
    sdl: 'type Query { a: Int }',
    resolvers: { Query: { a: () => 1 } },
    headers: () => ({ 'cache-control': 'max-age=600' }),
  },
};

describe.skipIf(redisUrl === null)('replicas with one Redis', () => {
  async function start(keyPrefix: string, more: Partial<AtriumUserConfig> = {}, url = redisUrl): Promise<HttpGateway> {
    const redis = { url: url ?? '', keyPrefix };
    // One address for all of them, or their supergraphs differ.
    const gateway = await startHttpGateway(subgraphs, () => ({
      redis,
      cache: { answers: {} },
      ...more,
      ...(supergraph === undefined ? {} : { supergraph: { file: supergraph, watch: false } }),
    }));
    closers.push(async () => gateway[Symbol.asyncDispose]());
    supergraph ??= gateway.supergraphFile;
    await gateway.logged(({ message }) => message === 'The cache hears of invalidations as they come');
    return gateway;
  }
  let supergraph: string | undefined;
  const body = { query: '{ a }' };
  const ask = async (gateway: HttpGateway) => {
    const requestId = randomUUID();
    const response = await gateway.post(body, { headers: { 'x-request-id': requestId } });
    expect(await response.text()).toBe('{"data":{"a":1}}');
    const { fields } = await gateway.logged((line) => line.fields['requestId'] === requestId);
    return { source: fields['source'], etag: response.headers.get('etag') };
  };
  afterEach(() => (supergraph = undefined));

  it('know each other’s answers, to the byte', async () => {
    const keyPrefix = `atrium-test:${randomUUID()}:`;
    const [one, other] = [await start(keyPrefix), await start(keyPrefix)];
    const made = await ask(one);
    expect(made.source).toBeUndefined();
    expect(await ask(other)).toEqual({ source: 'known', etag: made.etag });
    expect(await ask(other)).toEqual({ source: 'known', etag: made.etag });
  });

  it.each<[string, Partial<AtriumUserConfig>]>([
    ['rules', { authorization: { rules: shield({ Query: { a: rule()(() => true) } }) } }],
    ['a context', { context: () => ({}) }],
    ['plugins', { plugins: [{}] }],
    ['labels of their own', { overrideLabels: () => false }],
    ['limits', { rateLimit: { rules: [{ name: 'all', key: 'global', limit: 100, windowSeconds: 60 }] } }],
    ['other headers', { headers: { toSubgraphs: ['x-a'] } }],
  ])('with %s take no answer of those without, and the other way round', async (_, more) => {
    const keyPrefix = `atrium-test:${randomUUID()}:`;
    const [plain, other] = [await start(keyPrefix), await start(keyPrefix, more)];
    await ask(plain);
    expect((await ask(other)).source).toBeUndefined();
    expect((await ask(other)).source).toBe('known');
  });

  it('go on when Redis stops, with what each knows itself, or is gone, without what may have been invalidated meanwhile', async () => {
    const proxy = await startTcpProxy(new URL(redisUrl ?? ''));
    closers.push(() => proxy.close());
    const gateway = await start(`atrium-test:${randomUUID()}:`, {}, proxy.url);
    expect((await ask(gateway)).source).toBeUndefined();
    for (const [fail, query, source, ages] of [
      [async () => proxy.freeze(), '{ b: a }', 'known', [null, '0']],
      [() => proxy.kill(), '{ c: a }', undefined, [null, null]],
    ] as const) {
      await fail();
      await vi.waitFor(async () => expect((await ask(gateway)).source).toBe(source));
      for (const age of ages) {
        const response = await gateway.post({ query });
        expect([response.status, response.headers.get('age')]).toEqual([200, age]);
      }
    }
  });
});
