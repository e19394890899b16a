import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AtriumUserConfig } from '../../src/config/config.ts';
import { startHttpGateway } from '../support/http-gateway.ts';
import type { HttpGateway, HttpSubgraph } from '../support/http-gateway.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';
import type { OtlpReceiver, ReceivedSpan } from '../support/otlp-receiver.ts';

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';

function subgraphs(delay: () => Promise<void> = async () => {}): Record<string, HttpSubgraph> {
  return {
    users: {
      sdl: `${link} type Query { me: User wrong: Int slow: Int } type User @key(fields: "id") { id: ID! name: String }`,
      resolvers: {
        Query: {
          me: () => ({ id: '1', name: 'Ann' }),
          wrong: () => Promise.reject(new Error('no')),
          slow: () => delay().then(() => 1),
        },
      },
    },
    orders: {
      sdl: `${link} type User @key(fields: "id") { id: ID! orders: [Int!] }`,
      resolvers: { User: { orders: () => [1, 2] } },
    },
  };
}

type Traces = NonNullable<NonNullable<AtriumUserConfig['telemetry']>['traces']>;

function start(
  collector: string,
  traces: Traces,
  more: Partial<AtriumUserConfig> = {},
  world = subgraphs(),
): Promise<HttpGateway> {
  const telemetry = { otlp: { url: collector }, traces, metrics: { enabled: false } };
  return startHttpGateway(world, () => ({ telemetry, ...more }));
}

async function receiver(): Promise<OtlpReceiver> {
  const opened = await startOtlpReceiver();
  onTestFinished(() => opened.close());
  return opened;
}

/** What a gateway exported until its stop, of requests that were made of it. */
async function exported(traces: Traces, ask: (gateway: HttpGateway) => Promise<unknown>): Promise<ReceivedSpan[]> {
  const collector = await receiver();
  const gateway = await start(collector.url, traces);
  try {
    await ask(gateway);
  } finally {
    await gateway[Symbol.asyncDispose]();
  }
  return collector.spans();
}

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';
const query = 'query Mine { me { name orders } }';

describe('a recorded request', () => {
  it('is a tree of spans: what was done for it, and below each fetch its calls, which subgraphs continue', async () => {
    const collector = await receiver();
    const gateway = await start(collector.url, { ratio: 1 }, { cache: { entities: {} } });
    const response = await gateway.post({ query }, { headers: { traceparent: `00-${traceId}-${parentId}-01` } });
    await response.text();
    const sent = gateway.calls.map(({ headers }) => headers['traceparent']);
    await gateway[Symbol.asyncDispose]();

    const spans = collector.spans();
    expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const tree = spans.map(
      ({ name, kind, parentSpanId }) => `${byId.get(parentSpanId ?? '')?.name ?? parentSpanId} > ${name} (${kind})`,
    );
    expect(tree.toSorted()).toMatchInlineSnapshot(`
      [
        "POST /graphql > execute (internal)",
        "POST /graphql > parse (internal)",
        "POST /graphql > plan (internal)",
        "POST /graphql > rules (internal)",
        "POST /graphql > validate (internal)",
        "b7ad6b7169203331 > POST /graphql (server)",
        "execute > cache (internal)",
        "execute > cache (internal)",
        "execute > fetch orders (internal)",
        "execute > fetch users (internal)",
        "fetch orders > POST orders (client)",
        "fetch users > POST users (client)",
      ]
    `);
    const calls = spans.filter(({ kind }) => kind === 'client');
    expect(sent).toEqual(calls.map(({ spanId }) => `00-${traceId}-${spanId}-01`));
    const [root] = spans.filter(({ kind }) => kind === 'server');
    expect(root?.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/graphql',
      'http.response.status_code': 200,
      'graphql.operation.name': 'Mine',
      'graphql.operation.type': 'query',
    });
    for (const { startMs, endMs } of spans) {
      expect(startMs).toBeGreaterThanOrEqual(root?.startMs ?? Infinity);
      expect(endMs).toBeLessThanOrEqual(root?.endMs ?? 0);
    }
    const line = await gateway.logged(({ message }) => message === 'request');
    expect(line.fields['traceId']).toBe(traceId);
  });

  it('cuts the name of an operation, which is as long as its client likes', async () => {
    const long = `query ${'Q'.repeat(5_000)} { me { name } }`;
    const spans = await exported({ ratio: 1 }, (gateway) =>
      gateway.post({ query: long }).then((response) => response.text()),
    );
    const root = spans.find(({ kind }) => kind === 'server');
    expect(root?.attributes['graphql.operation.name']).toBe('Q'.repeat(128));
  });

  it('links to the trace of a call that it shared with another', async () => {
    const collector = await receiver();
    const batching = { windowMs: 20, maxEntities: 2 };
    const world = {
      ...subgraphs(),
      users: {
        sdl: `${link} type Query { user(id: ID!): User } type User @key(fields: "id") { id: ID! }`,
        resolvers: { Query: { user: ({ id }: Readonly<Record<string, unknown>>) => ({ id }) } },
      },
    };
    const gateway = await start(collector.url, { ratio: 1 }, { subgraphs: { orders: { batching } } }, world);
    const ask = (id: number) => gateway.post({ query: `{ user(id: ${id}) { orders } }` });
    await Promise.all((await Promise.all([ask(1), ask(2)])).map((response) => response.text()));
    const shared = gateway.calls.filter(({ subgraph }) => subgraph === 'orders');
    await gateway[Symbol.asyncDispose]();

    expect(shared.length).toBe(1);
    const [, sharedTrace, sharedSpan] = String(shared[0]?.headers['traceparent']).split('-');
    const calls = collector.spans().filter(({ name }) => name === 'POST orders');
    expect(calls.map(({ links }) => links)).toEqual(
      Array.from({ length: 2 }, () => [{ traceId: sharedTrace, spanId: sharedSpan }]),
    );
    expect(new Set(calls.map((span) => span.traceId)).size).toBe(2);
  });
});

describe('what is recorded', () => {
  const post = (flags: string) => (gateway: HttpGateway) =>
    gateway
      .post({ query }, { headers: { traceparent: `00-${traceId}-${parentId}-${flags}` } })
      .then((response) => response.text());

  it('follows the trace a request is a part of', async () => {
    expect((await exported({ ratio: 0 }, post('01'))).length).toBeGreaterThan(5);
    expect(await exported({ ratio: 1 }, post('00'))).toEqual([]);
  });

  it('is a share of the traces that begin here', async () => {
    const ask = (gateway: HttpGateway) => gateway.post({ query }).then((response) => response.text());
    expect(await exported({ ratio: 0 }, ask)).toEqual([]);
    expect((await exported({ ratio: 1 }, ask)).length).toBeGreaterThan(5);
  });

  it('is what failed in any case, but not what a client did wrong', async () => {
    const ask = async (gateway: HttpGateway) => {
      for (const text of ['{ wrong }', '{ nonsense }', '{ me { name } }'])
        await (await gateway.post({ query: text })).text();
    };
    const roots = (await exported({ ratio: 0 }, ask)).filter(({ kind }) => kind === 'server');
    expect(roots.map(({ status, attributes }) => [status, attributes['error.type']])).toEqual([
      ['error', 'DOWNSTREAM_SERVICE_ERROR'],
    ]);
    expect(await exported({ ratio: 0, errors: false }, ask)).toEqual([]);
  });

  it('is what took long in any case', async () => {
    const collector = await receiver();
    const held = Promise.withResolvers<void>();
    const gateway = await start(
      collector.url,
      { ratio: 0, slowMs: 1 },
      {},
      subgraphs(() => held.promise),
    );
    const answer = gateway.post({ query: 'query Slow { slow }' });
    await gateway.called(1);
    const since = performance.now();
    while (performance.now() < since + 2) await new Promise(setImmediate);
    held.resolve();
    await (await answer).text();
    await gateway[Symbol.asyncDispose]();
    const names = collector.spans().map(({ attributes }) => attributes['graphql.operation.name']);
    expect(names).toContain('Slow');
  });

  it('begins anew where the header is no trace', async () => {
    for (const wrong of ['00-xyz', `ff-${traceId}-${parentId}-01`, `00-${'0'.repeat(32)}-${parentId}-01`]) {
      const collector = await receiver();
      const gateway = await start(collector.url, { ratio: 1 });
      const headers = { traceparent: wrong, tracestate: 'vendor=1' };
      await (await gateway.post({ query }, { headers })).text();
      expect(gateway.calls[0]?.headers['tracestate']).toBeUndefined();
      await gateway[Symbol.asyncDispose]();
      const root = collector.spans().find(({ kind }) => kind === 'server');
      expect(root?.parentSpanId).toBeUndefined();
      expect(root?.traceId).not.toBe(traceId);
    }
  });
});

describe('a collector', () => {
  it('that never answers changes nothing: requests are answered and the gateway stops', async () => {
    const hung = createServer(() => {}).listen(0, '127.0.0.1');
    await once(hung, 'listening');
    onTestFinished(() => {
      hung.close().closeAllConnections();
    });
    const { port } = hung.address() as AddressInfo;
    const telemetry = { otlp: { url: `http://127.0.0.1:${port}` }, traces: { ratio: 1 } };
    const gateway = await startHttpGateway(subgraphs(), () => ({ telemetry }));
    const asked = once(hung, 'request');
    for (let index = 0; index < 120; index += 1) {
      const response = await gateway.post({ query });
      expect(await response.json()).toEqual({ data: { me: { name: 'Ann', orders: [1, 2] } } });
    }
    await asked;
    await gateway[Symbol.asyncDispose]();
    expect(gateway.log.filter(({ fields }) => 'err' in fields)).toEqual([]);
  });

  it.each([400, 500, 503])(
    'that answers %i holds up no stop',
    async (status) => {
      const refusing = createServer((request, response) => {
        request.resume().once('end', () => response.writeHead(status).end());
      }).listen(0, '127.0.0.1');
      await once(refusing, 'listening');
      onTestFinished(() => {
        refusing.close().closeAllConnections();
      });
      const { port } = refusing.address() as AddressInfo;
      const telemetry = { otlp: { url: `http://127.0.0.1:${port}` }, traces: { ratio: 1 } };
      const gateway = await startHttpGateway(subgraphs(), () => ({ telemetry }));
      expect(await (await gateway.post({ query })).json()).toEqual({ data: { me: { name: 'Ann', orders: [1, 2] } } });
      const refused = once(refusing, 'request');
      await Promise.all([gateway[Symbol.asyncDispose](), refused]);
      await expect(fetch(gateway.url)).rejects.toThrow('fetch failed');
    },
    10_000,
  );

  it('that is none leaves the headers of clients as they are', async () => {
    await using gateway = await startHttpGateway(subgraphs(), () => ({}));
    const headers = { traceparent: `00-${traceId}-${parentId}-01`, tracestate: 'vendor=1' };
    await (await gateway.post({ query }, { headers })).text();
    expect(gateway.calls[0]?.headers).toMatchObject(headers);
  });
});
