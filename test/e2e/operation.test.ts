import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { root, temporaryFolder } from '../cli/run.ts';
import { composeDemo } from './compose-demo.ts';
import { startDemoShop } from './demo-shop.ts';
import type { DemoShop } from './demo-shop.ts';
import { startGateway } from './gateway-process.ts';
import type { GatewayProcess, GatewayProcessOptions } from './gateway-process.ts';
import { readmeBlock } from './readme.ts';

/** The demo's supergraph, in a folder without a configuration. */
const plain = { cwd: join(root, 'schemas'), parameters: ['--supergraph', 'supergraph.graphql'] };

describe('a gateway in production', () => {
  let shop: DemoShop;
  let orderHistory: string;

  beforeAll(async () => {
    orderHistory = await readmeBlock('order history');
    shop = await startDemoShop({ unsigned: true });
  });

  afterAll(async () => {
    await shop?.close();
  });

  it('connects to nothing but what it was configured to, also with the keys of Apollo in its environment', async () => {
    const record = join(await temporaryFolder({ connections: '' }), 'connections');
    const gateway = await serve({
      nodeParameters: ['--import', new URL('record-connections.ts', import.meta.url).href],
      env: {
        ...shop.env,
        APOLLO_KEY: 'service:shop:key',
        APOLLO_GRAPH_REF: 'shop@current',
        ATRIUM_TEST_CONNECTIONS: record,
      },
    });

    const { body } = await gateway.ask({ query: orderHistory, token: await shop.token('ann') });
    const exitCode = await gateway.stop();

    expect({ exitCode, errors: body.errors }).toEqual({ exitCode: 0, errors: undefined });
    const reached = new Set((await readFile(record, 'utf8')).trim().split('\n'));
    expect([...reached].sort()).toEqual(
      [...Object.values(shop.origins).map((origin) => origin.replace('http://', '')), 'name 127.0.0.1'].sort(),
    );
  });

  it('drops no request while the supergraph changes again and again', async () => {
    const cwd = await temporaryFolder({ 'my.graphql': await composeDemo() });
    const gateway = await serve({
      cwd,
      env: addresses(),
      parameters: ['--supergraph', 'my.graphql', '--introspection'],
    });
    const load = keepAsking(gateway, '{ product(id: 1) { sku shippingEstimate { amount } } }');

    for (const field of ['first', 'second', 'third']) {
      const changed = await composeDemo({
        edit: (sdl, name) => (name === 'users' ? sdl.replace('name: String!', `name: String! ${field}: String`) : sdl),
      });
      const before = load.answers.length;
      await writeFile(join(cwd, 'my.graphql'), changed);
      await vi.waitUntil(() => knowsField(gateway, field), { timeout: 10_000, interval: 50 });
      await vi.waitUntil(() => load.answers.length > before, { timeout: 10_000, interval: 10 });
    }
    await load.stop();

    expect([...new Set(load.answers)]).toEqual([
      '{"data":{"product":{"sku":"KIT-0001","shippingEstimate":{"amount":490}}}}',
    ]);
  });

  it('keeps serving the old supergraph when the new one is broken, and says why once', async () => {
    const cwd = await temporaryFolder({ 'my.graphql': await composeDemo() });
    const gateway = await serve({ cwd, env: addresses(), parameters: ['--supergraph', 'my.graphql'] });

    await writeFile(join(cwd, 'my.graphql'), 'type Query {');
    await vi.waitUntil(() => gateway.log.some((line) => line.includes('was not updated')), { timeout: 10_000 });

    expect((await gateway.ask({ query: '{ product(id: 1) { sku } }' })).body).toEqual({
      data: { product: { sku: 'KIT-0001' } },
    });
    expect(gateway.log.filter((line) => line.includes('was not updated'))).toHaveLength(1);
  });

  it('answers what is in flight at SIGTERM and exits with 0', async () => {
    let held: ServerResponse | undefined;
    const users = await listen((_, response) => (held = response));
    const gateway = await serve({ ...plain, env: { ATRIUM_SUBGRAPH_USERS_URL: users.url } });
    const answer = gateway.ask({ query: '{ me { name } }' });
    await once(users.server, 'request');

    gateway.signal('SIGTERM');
    await vi.waitUntil(() => gateway.messages.some((line) => line.startsWith('Atrium stops')));
    held?.setHeader('content-type', 'application/json').end('{"data":{"me":{"name":"Ann"}}}');

    expect((await answer).body).toEqual({ data: { me: { name: 'Ann' } } });
    expect(await gateway.ended).toBe(0);
    await expect(gateway.ask({ query: '{ me { name } }' })).rejects.toThrow('fetch failed');
  });

  describe('asked what it does not offer', () => {
    let gateway: GatewayProcess;
    beforeAll(async () => {
      gateway = await startGateway({ ...plain, env: addresses() });
    });
    afterAll(async () => {
      await gateway?.stop();
    });

    it('refuses subscriptions, alone and in a batch, and lives', async () => {
      const query = 'subscription { tick }';
      const alone = await gateway.ask({ query });
      const fields = await gateway.ask({ query: 'subscription { __typename }' });
      const batch = await fetch(`${gateway.origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([{ query }]),
      });

      expect([alone, fields].map(({ status, body }) => [status, body.errors?.[0]?.extensions?.['code']])).toEqual([
        [400, 'SUBSCRIPTIONS_NOT_SUPPORTED'],
        [400, 'SUBSCRIPTIONS_NOT_SUPPORTED'],
      ]);
      expect(batch.status).toBe(400);
      expect((await gateway.ask({ query: '{ product(id: 1) { sku } }' })).body.errors).toBeUndefined();
    });

    it.each([
      '{ a: __schema { types { name } } }',
      '{ __type(name: "User") { name } }',
      'query { ...schema } fragment schema on Query { __schema { queryType { name } } }',
      '{ ... on Query { ... { t: __type(name: "User") { fields { name } } } } }',
    ])('refuses introspection: %s', async (query) => {
      const byPost = await gateway.ask({ query });
      const byGet = await fetch(`${gateway.origin}/graphql?query=${encodeURIComponent(query)}`, {
        headers: { 'apollo-require-preflight': '1' },
      });

      for (const { status, text } of [byPost, { status: byGet.status, text: await byGet.text() }]) {
        expect(status).toBe(400);
        expect(JSON.parse(text)).not.toHaveProperty('data');
        expect(text).not.toContain('"types"');
      }
    });

    it('suggests no names of the schema', async () => {
      const { status, text } = await gateway.ask({ query: '{ mee { name } }' });

      expect(status).toBe(400);
      expect(text).not.toContain('Did you mean');
    });
  });

  it('tells clients nothing of what a failing subgraph said but code, message and path', async () => {
    const payments = await listen((request, response) => {
      request.resume();
      response.writeHead(500, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          error: 'the database at 10.1.2.3 is down',
          stack: 'Error: at /srv/payments.js:1',
          url: 'http://payments.internal/graphql',
        }),
      );
    });
    const gateway = await serve({
      ...plain,
      env: { ...addresses(), ATRIUM_SUBGRAPH_PAYMENTS_URL: payments.url },
    });

    const { body, text, status } = await gateway.ask({ query: orderHistory, token: await shop.token('ann') });

    expect(status).toBe(200);
    expect(body.data).toMatchObject({ me: { name: 'Ann Archer' } });
    expect(body.errors?.map(({ path, extensions }) => [path?.join('.'), extensions?.['code']])).toEqual(
      [0, 1, 2].map((index) => [`me.orders.edges.${index}.node.payment`, 'SUBGRAPH_HTTP_ERROR']),
    );
    expect(text).not.toMatch(/10\.1\.2\.3|127\.0\.0\.1|internal|stack|http:|\/srv|"url"|"body"|serviceName|payments/);
  });

  it.each([302, 307])('follows no redirect of a subgraph (%i)', async (status) => {
    const asked: string[] = [];
    const internal = await listen((request, response) => {
      asked.push(request.url ?? '');
      response.setHeader('content-type', 'application/json').end('{"data":{"_entities":[]}}');
    });
    const payments = await listen((request, response) => {
      request.resume();
      response.writeHead(status, { location: internal.url }).end();
    });
    const gateway = await serve({
      ...plain,
      env: { ...addresses(), ATRIUM_SUBGRAPH_PAYMENTS_URL: payments.url },
    });

    const { body, text } = await gateway.ask({ query: orderHistory, token: await shop.token('ann') });

    expect(body.errors?.map(({ extensions }) => extensions?.['code'])).toEqual(Array(3).fill('SUBGRAPH_HTTP_ERROR'));
    expect(text).not.toContain(new URL(internal.url).host);
    expect(asked).toEqual([]);
  });

  function addresses(): Record<string, string> {
    const { ATRIUM_JWKS: _, ...urls } = shop.env;
    return urls;
  }
});

/** A gateway that ends with the test. */
async function serve(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const gateway = await startGateway(options);
  onTestFinished(async () => void (await gateway.stop()));
  return gateway;
}

/** Four clients that ask the same again and again, until the test ends at the latest. */
function keepAsking(
  gateway: GatewayProcess,
  query: string,
): { readonly answers: readonly string[]; stop(): Promise<unknown> } {
  const stopping = new AbortController();
  const answers: string[] = [];
  const client = async (): Promise<void> => {
    while (!stopping.signal.aborted) answers.push((await gateway.ask({ query })).text);
  };
  const clients = Promise.all(Array.from({ length: 4 }, client));
  const stop = (): Promise<unknown> => {
    stopping.abort();
    return clients;
  };
  onTestFinished(async () => void (await stop()));
  return { answers, stop };
}

/** An HTTP server that ends with the test. */
async function listen(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => server.close().closeAllConnections());
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return { server, url: `http://127.0.0.1:${address.port}/graphql` };
}

async function knowsField(gateway: GatewayProcess, field: string): Promise<boolean> {
  const { text } = await gateway.ask({ query: '{ __type(name: "User") { fields { name } } }' });
  return text.includes(`"${field}"`);
}
