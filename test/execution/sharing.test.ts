import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as immediate } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { buildSubgraphSchema } from '@apollo/subgraph';
import DataLoader from 'dataloader';
import * as fc from 'fast-check';
import { execute, parse, validate } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRequestRecord } from '../../src/core/request-context.ts';
import type { RequestContext } from '../../src/core/request-context.ts';
import { BatchQuestion } from '../../src/execution/batch-question.ts';
import type { Batching } from '../../src/execution/shared-loaders.ts';
import { AtriumGateway } from '../../src/gateway.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';
import type { TestSubgraph } from '../support/create-test-gateway.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.splice(0)) await close();
});

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

interface HttpSubgraph {
  readonly url: string;
  readonly asked: Asked[];
  /** Looked at before a request is answered. */
  hold: ((asked: Asked) => Promise<unknown> | undefined) | undefined;
  /** Takes the place of the answer. */
  refuse: ((asked: Asked) => { status: number; body: string } | undefined) | undefined;
  /** Requests whose connection ended before they were answered. */
  readonly abandoned: Asked[];
  onAbandoned: () => void;
}

const neverAgain = { maxTries: 1, budgetShare: 0, budgetPerSecond: 0 };
const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])`;

const catalogue = `${link}
  type Query { product(id: ID!): Product products(ids: [ID!]!): [Product!]! }
  type Mutation { touch(id: ID!): Product }
  type Product @key(fields: "id") { id: ID! }`;

const stock = `${link}
  type Product @key(fields: "id") {
    id: ID! left: Int price(currency: String): String parts: Parts broken: Int strict: Int!
  }
  type Parts @shareable { tags: [String] first: String }
  type Mutation { reserve(id: ID!): Product }`;

async function serve(sdl: string, resolvers: NonNullable<TestSubgraph['resolvers']>): Promise<HttpSubgraph> {
  const schema = buildSubgraphSchema({ typeDefs: parse(sdl), resolvers });
  const subgraph: HttpSubgraph = {
    url: '',
    asked: [],
    hold: undefined,
    refuse: undefined,
    abandoned: [],
    onAbandoned: () => {},
  };
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const asked: Asked = { headers: request.headers, ...JSON.parse(body) };
      subgraph.asked.push(asked);
      response.on('close', () => {
        if (response.writableFinished) return;
        subgraph.abandoned.push(asked);
        subgraph.onAbandoned();
      });
      const answer = async (): Promise<void> => {
        await subgraph.hold?.(asked);
        const refused = subgraph.refuse?.(asked);
        const document = parse(asked.query);
        const errors = validate(schema, document);
        const result =
          errors.length > 0 ? { errors } : await execute({ schema, document, variableValues: asked.variables });
        response.writeHead(refused?.status ?? (errors.length > 0 ? 400 : 200), { 'content-type': 'application/json' });
        response.end(refused?.body ?? JSON.stringify(result));
      };
      void answer();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(subgraph, { url: `http://127.0.0.1:${port}/` });
}

interface Shop {
  readonly stock: HttpSubgraph;
  readonly ask: (query: string, more?: { variables?: object; context?: Partial<RequestContext> }) => Promise<Answer>;
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: { message: string; path?: unknown; extensions?: { code?: string } }[];
  readonly record: RequestContext['record'];
}

/** What deadlines are made of; sockets go on as they are. */
const deadlines: Parameters<typeof vi.useFakeTimers>[0] = { toFake: ['setTimeout', 'clearTimeout', 'performance'] };

/** Long enough never to end before all that a test sends has come: what sends is the number of entities. */
const never = 600_000;

async function openShop(batching: Batching | undefined): Promise<Shop> {
  const product = (id: string) => ({ __typename: 'Product', id });
  const products = await serve(catalogue, {
    Query: {
      product: (_: unknown, { id }: { id: string }) => product(id),
      products: (_: unknown, { ids }: { ids: string[] }) => ids.map(product),
    },
    Mutation: { touch: (_: unknown, { id }: { id: string }) => product(id) },
  });
  const left = await serve(stock, {
    Mutation: { reserve: (_: unknown, { id }: { id: string }) => product(id) },
    Product: {
      __resolveReference: ({ id }: { id: string }) => (id === 'absent' ? null : product(id)),
      left: ({ id }: { id: string }) => {
        if (id.startsWith('bad')) throw new Error(`nobody knows ${id}`);
        return Number(id) * 2;
      },
      price: ({ id }: { id: string }, { currency }: { currency: string }) => `${id} ${currency}`,
      parts: ({ id }: { id: string }) => ({ tags: [`tag ${id}`], first: `first ${id}` }),
      broken: () => null,
      strict: () => 1,
    },
  });
  const composition = await composeSubgraphs([
    { name: 'products', sdl: catalogue, url: products.url },
    { name: 'stock', sdl: stock, url: left.url },
  ]);
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));
  const gateway = new AtriumGateway({
    supergraphSdl: composition.supergraphSdl,
    headers: { toSubgraphs: ['authorization', 'x-tenant'], toClients: [] },
    // What the client of a subgraph sends again is a matter of its own.
    subgraph: (name) => ({ retry: neverAgain, ...(name === 'stock' && batching !== undefined && { batching }) }),
  });
  const apollo = new ApolloServer<object>({
    gateway,
    stopOnTerminationSignals: false,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await apollo.start();
  closers.unshift(() => apollo.stop());
  return {
    stock: left,
    async ask(query, { variables = {}, context = {} } = {}) {
      const record = createRequestRecord();
      const contextValue: RequestContext = {
        requestId: 'r',
        headers: {},
        principal: null,
        clientAddress: '',
        record,
        responseHeaders: new Map(),
        signal: new AbortController().signal,
        deadline: performance.now() + 30_000,
        ...context,
      };
      const http = { method: 'POST', headers: new HeaderMap(), search: '', body: {} };
      const request = { query, variables: { ...variables }, http };
      const { body } = await apollo.executeOperation(request, { contextValue });
      if (body.kind === 'incremental') throw new Error('expected one result');
      return { ...JSON.parse(JSON.stringify(body.singleResult)), record };
    },
  };
}

const leftOf = (id: string): string => `{ product(id: "${id}") { left } }`;
const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));
const representations = ({ variables }: Asked): unknown[] => Object.values(variables).flat();

describe('entity look-ups of concurrent requests', () => {
  it('go to a subgraph in one request, and each gets its own', async () => {
    const { ask, stock: asked } = await openShop({ windowMs: never, maxEntities: 50 });
    const headers = { authorization: 'Bearer t', traceparent: '00-1-2-01', 'x-request-id': 'mine' };
    const answers = await Promise.all(ids(50).map((id) => ask(leftOf(id), { context: { headers } })));
    expect(answers.map(({ data }) => data)).toEqual(ids(50).map((id) => ({ product: { left: Number(id) * 2 } })));
    expect(asked.asked).toHaveLength(1);
    const [call] = asked.asked;
    expect(call && representations(call)).toHaveLength(50);
    expect(call?.query).toContain('_entities');
    expect(call?.headers.authorization).toBe('Bearer t');
    expect(call?.headers['traceparent']).toBeUndefined();
    for (const { record } of answers) {
      const own = record.calls.filter(({ subgraph }) => subgraph === 'stock');
      expect(own).toMatchObject([{ status: 200, entities: 1, sharedId: call?.headers['x-request-id'] }]);
    }
  });

  it('are one field when they ask the same, from whatever operations, and stand side by side when they do not', async () => {
    const { ask, stock: asked } = await openShop({ windowMs: never, maxEntities: 3 });
    const [first, second, third] = await Promise.all([
      ask('query A { product(id: "1") { left } }'),
      ask('query B { product(id: "2") { left } }'),
      ask('query C { products(ids: ["3"]) { parts { tags } } }'),
    ]);
    expect([first.data, second.data, third.data]).toEqual([
      { product: { left: 2 } },
      { product: { left: 4 } },
      { products: [{ parts: { tags: ['tag 3'] } }] },
    ]);
    expect(asked.asked).toHaveLength(1);
    expect(asked.asked[0]?.query.match(/_entities/g)).toHaveLength(2);
  });

  it.each([
    ['tokens', { headers: { authorization: 'a' } }, { headers: { authorization: 'b' } }],
    ['a forwarded header', { headers: { 'x-tenant': 'red' } }, { headers: { 'x-tenant': 'blue' } }],
    ['having a token at all', { headers: {} }, { headers: { authorization: '' } }],
  ])('are kept apart by %s', async (_, one, other) => {
    const { ask, stock: asked } = await openShop({ windowMs: never, maxEntities: 2 });
    const answers = await Promise.all([one, other, one, other].map((context, id) => ask(leftOf(`${id}`), { context })));
    expect(answers.map(({ data }) => data)).toEqual(ids(4).map((id) => ({ product: { left: Number(id) * 2 } })));
    const sent = asked.asked.map(({ headers }) => [headers.authorization, headers['x-tenant']]);
    expect(new Set(sent.map((pair) => JSON.stringify(pair))).size).toBe(2);
    expect(asked.asked.map((call) => representations(call).length)).toEqual([2, 2]);
  });

  it('are kept apart by the values of the variables they send', async () => {
    const { ask, stock: asked } = await openShop({ windowMs: never, maxEntities: 2 });
    const query = 'query ($id: ID!, $in: String) { product(id: $id) { price(currency: $in) } }';
    const answers = await Promise.all(
      ids(4).map((id) => ask(query, { variables: { id, in: Number(id) % 2 === 0 ? 'EUR' : 'USD' } })),
    );
    expect(answers.map(({ data }) => data)).toEqual(
      ['0 EUR', '1 USD', '2 EUR', '3 USD'].map((price) => ({ product: { price } })),
    );
    expect(asked.asked).toHaveLength(2);
  });

  it('share nothing of a mutation but what follows it', async () => {
    const { ask, stock: asked } = await openShop({ windowMs: never, maxEntities: 1 });
    await Promise.all(ids(3).map((id) => ask(`mutation { reserve(id: "${id}") { id } }`)));
    expect(asked.asked).toHaveLength(3);
    expect(asked.asked.every(({ query }) => query.startsWith('mutation'))).toBe(true);
  });

  it('give the same entity to each as its own', async () => {
    const { ask, stock: asked } = await openShop({ windowMs: never, maxEntities: 2 });
    const same = '{ product(id: "1") { parts { tags first } } }';
    const answers = await Promise.all([ask(same), ask(same), ask('{ product(id: "2") { parts { tags first } } }')]);
    expect(asked.asked.map((call) => representations(call).length)).toEqual([2]);
    expect(answers.map(({ data }) => data)).toEqual(
      ['1', '1', '2'].map((id) => ({ product: { parts: { tags: [`tag ${id}`], first: `first ${id}` } } })),
    );
  });

  it('tell an error at an entity to whoever asked for it, and no one else', async () => {
    const { ask, stock: asked } = await openShop({ windowMs: never, maxEntities: 3 });
    const [good, bad, absent] = await Promise.all([ask(leftOf('1')), ask(leftOf('bad')), ask(leftOf('absent'))]);
    expect(asked.asked).toHaveLength(1);
    expect(good).toMatchObject({ data: { product: { left: 2 } } });
    expect(good.errors).toBeUndefined();
    expect(bad.errors).toMatchObject([{ message: 'nobody knows bad', path: ['product', 'left'] }]);
    expect(absent).toMatchObject({ data: { product: { left: null } } });
    expect(absent.errors).toBeUndefined();
  });

  it('go on for the others when one leaves or its deadline comes', async () => {
    const { ask, stock: asked } = await openShop({ windowMs: never, maxEntities: 3 });
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    asked.hold = () => (arrived.resolve(), release.promise);
    const client = new AbortController();
    vi.useFakeTimers(deadlines);
    const leaving = ask(leftOf('1'), { context: { signal: client.signal } });
    const late = ask(leftOf('2'), { context: { deadline: performance.now() + 1_000 } });
    const staying = ask(leftOf('3'));
    await arrived.promise;
    client.abort();
    vi.advanceTimersByTime(1_000);
    expect((await leaving).errors).toMatchObject([{ extensions: { code: 'SUBGRAPH_UNREACHABLE' } }]);
    const { errors, record } = await late;
    expect(errors).toMatchObject([{ extensions: { code: 'SUBGRAPH_TIMEOUT' } }]);
    expect(record.calls.at(-1)).toMatchObject({ subgraph: 'stock', status: 0, code: 'SUBGRAPH_TIMEOUT' });
    release.resolve();
    expect((await staying).data).toEqual({ product: { left: 6 } });
    expect(asked.abandoned).toEqual([]);
    expect(asked.asked).toHaveLength(1);
  });

  it('end at the subgraph when the last of them has left', async () => {
    const { ask, stock: asked } = await openShop({ windowMs: never, maxEntities: 2 });
    const arrived = Promise.withResolvers<void>();
    const abandoned = Promise.withResolvers<void>();
    asked.hold = () => (arrived.resolve(), abandoned.promise);
    asked.onAbandoned = abandoned.resolve;
    const clients = [new AbortController(), new AbortController()];
    const answers = clients.map(({ signal }, id) => ask(leftOf(`${id}`), { context: { signal } }));
    await arrived.promise;
    for (const client of clients) client.abort();
    await abandoned.promise;
    await Promise.all(answers);
    expect(asked.abandoned).toHaveLength(1);
  });

  it('are asked apart once when the shared request fails as a whole', async () => {
    const { ask, stock: asked } = await openShop({ windowMs: never, maxEntities: 3 });
    asked.refuse = (call) =>
      representations(call).some((one) => JSON.stringify(one).includes('"poison"'))
        ? { status: 500, body: 'oops' }
        : undefined;
    const [first, poison, second] = await Promise.all([ask(leftOf('1')), ask(leftOf('poison')), ask(leftOf('2'))]);
    expect([first.data, second.data]).toEqual([{ product: { left: 2 } }, { product: { left: 4 } }]);
    expect([first.errors, second.errors]).toEqual([undefined, undefined]);
    expect(poison.errors).toMatchObject([{ extensions: { code: 'SUBGRAPH_HTTP_ERROR' } }]);
    expect(asked.asked).toHaveLength(4);
    expect(first.record.calls.map(({ subgraph, status }) => [subgraph, status])).toEqual([
      ['products', 200],
      ['stock', 500],
      ['stock', 200],
    ]);
  });

  it('leave nothing behind once they are answered, of however many scopes', async () => {
    const { ask } = await openShop({ windowMs: 0, maxEntities: 2 });
    const tokens = ids(20).flatMap((token) => [token, token]);
    await Promise.all(
      tokens.map((authorization, id) => ask(leftOf(`${id}`), { context: { headers: { authorization } } })),
    );
    expect(queryObjects(BatchQuestion)).toBe(0);
    expect(queryObjects(DataLoader)).toBe(0);
  });

  it('answer as if each were alone, in any mixture', async () => {
    const together = await openShop({ windowMs: 1, maxEntities: 7 });
    const alone = await openShop(undefined);
    const id = fc.constantFrom('1', '2', '3', 'bad', 'bad2', 'absent');
    const fields = fc.constantFrom('left', 'parts { tags }', 'parts { first } left', 'price(currency: $in)');
    const request = fc.record({
      query: fc.tuple(fields, fc.array(id, { minLength: 1, maxLength: 4 })).map(
        ([own, wanted]) =>
          `query ($in: String) { products(ids: ${JSON.stringify(wanted)}) { id ${own} }
             again: products(ids: ["1"]) { left other: price(currency: $in) } }`,
      ),
      variables: fc.constantFrom({ in: 'EUR' }, { in: 'USD' }, {}),
      context: fc.constantFrom({ headers: { authorization: 'a' } }, { headers: { authorization: 'b' } }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 2, maxLength: 12 }), async (requests) => {
        const given = await Promise.all(requests.map(({ query, ...more }) => together.ask(query, more)));
        const wanted = await Promise.all(requests.map(({ query, ...more }) => alone.ask(query, more)));
        const told = ({ data, errors }: Answer) => ({ data, errors });
        expect(given.map(told)).toEqual(wanted.map(told));
      }),
      { numRuns: 60 },
    );
    expect(together.stock.asked.length).toBeLessThan(alone.stock.asked.length);
  });
});

describe('a merged request that fails as a whole', () => {
  const both = '{ product(id: "1") { left } products(ids: ["2"]) { parts { first } } }';
  /** Look-ups of products from this number on, no two of which ask the same. */
  const differing = (count: number, from: number): string =>
    `{ ${ids(count)
      .map((id) => `p${id}: product(id: "${from + Number(id)}") { price(currency: "C${id}") }`)
      .join(' ')} }`;
  const poisoned = (call: Asked): boolean => call.query.includes('first');

  it.each([
    ['an HTTP error', { status: 400, body: '{"errors":[{"message":"no such field"}]}' }, 'no such field'],
    ['data of null', { status: 200, body: '{"data":null,"errors":[{"message":"x","path":["_e1"]}]}' }, 'x'],
    [
      'an unreadable body',
      { status: 200, body: '<html>' },
      'A subgraph gave an answer that is not a GraphQL response.',
    ],
  ])('is asked apart, once: %s', async (_, refusal, message) => {
    const { ask, stock: asked } = await openShop(undefined);
    asked.refuse = (call) => (poisoned(call) ? refusal : undefined);
    const { data, errors, record } = await ask(both);
    expect(data).toEqual({ product: { left: 2 }, products: [{ parts: null }] });
    expect(errors).toMatchObject([{ message, path: ['products', 0, 'parts'] }]);
    expect(asked.asked).toHaveLength(3);
    expect(record.calls.map(({ subgraph, entities }) => [subgraph, entities])).toEqual([
      ['products', 0],
      ['stock', 2],
      ['stock', 1],
      ['stock', 1],
    ]);
  });

  it.each([429, 503, 504])('is not asked again when the subgraph is overloaded (%d)', async (status) => {
    const { ask, stock: asked } = await openShop(undefined);
    asked.refuse = () => ({ status, body: 'later' });
    expect((await ask(both)).errors).toHaveLength(2);
    expect(asked.asked).toHaveLength(1);
  });

  it.each([429, 503, 504])('is not asked again for any of its members either (%d)', async (status) => {
    const { ask, stock: asked } = await openShop({ windowMs: never, maxEntities: 3 });
    asked.refuse = () => ({ status, body: 'later' });
    const answers = await Promise.all(ids(3).map((id) => ask(leftOf(id))));
    for (const { errors } of answers) expect(errors).toMatchObject([{ extensions: { code: 'SUBGRAPH_HTTP_ERROR' } }]);
    expect(asked.asked).toHaveLength(1);
  });

  it.each([
    [10, 1 + 10],
    [11, 1],
  ])('of %i look-ups is asked %i times', async (count, calls) => {
    const { ask, stock: asked } = await openShop(undefined);
    asked.refuse = () => ({ status: 500, body: 'oops' });
    expect((await ask(differing(count, 0))).errors).toHaveLength(count);
    expect(asked.asked).toHaveLength(calls);
  });

  it.each([
    [10, 1 + 2 * 10],
    [11, 1 + 2],
  ])('of two members with %i look-ups each is asked %i times', async (count, calls) => {
    const { ask, stock: asked } = await openShop({ windowMs: never, maxEntities: 2 * count });
    asked.refuse = () => ({ status: 500, body: 'oops' });
    await Promise.all([ask(differing(count, 0)), ask(differing(count, count))]);
    expect(asked.asked).toHaveLength(calls);
  });

  it('is not asked again when no time is left', async () => {
    const { ask, stock: asked } = await openShop(undefined);
    const arrived = Promise.withResolvers<void>();
    asked.hold = () => (arrived.resolve(), Promise.withResolvers<void>().promise);
    vi.useFakeTimers(deadlines);
    const answer = ask(both, { context: { deadline: performance.now() + 500 } });
    await arrived.promise;
    vi.advanceTimersByTime(500);
    expect((await answer).errors).toMatchObject([
      { extensions: { code: 'SUBGRAPH_TIMEOUT' } },
      { extensions: { code: 'SUBGRAPH_TIMEOUT' } },
    ]);
    expect(asked.asked).toHaveLength(1);
  });

  it('is sent once when it changes something', async () => {
    const { ask, stock: asked } = await openShop(undefined);
    asked.refuse = () => ({ status: 500, body: 'oops' });
    await ask('mutation { one: reserve(id: "1") { id } two: reserve(id: "2") { id } }');
    expect(asked.asked).toHaveLength(1);
  });
});

describe('what one member does', () => {
  it('does not fail those who join after it has left', async () => {
    const { ask } = await openShop({ windowMs: 50, maxEntities: 100 });
    const client = new AbortController();
    const record = createRequestRecord();
    const leaving = ask(leftOf('1'), { context: { signal: client.signal, record } });
    // The root fetch has been answered: the look-up waits for others.
    while (record.calls.length === 0) await immediate();
    await immediate();
    client.abort();
    await leaving;
    const answers = await Promise.all([ask(leftOf('2')), ask(leftOf('3'))]);
    expect(answers.map(({ data, errors }) => [data, errors])).toEqual([
      [{ product: { left: 4 } }, undefined],
      [{ product: { left: 6 } }, undefined],
    ]);
  });

  it('and what is said of it without a place, nobody else is told', async () => {
    const { ask, stock: service } = await openShop({ windowMs: never, maxEntities: 2 });
    service.refuse = (asked) => {
      const wanted = representations(asked);
      if (!JSON.stringify(wanted).includes('"secret"')) return undefined;
      const data = { _entities: wanted.map(() => ({ left: 1 })) };
      return { status: 200, body: JSON.stringify({ data, errors: [{ message: 'no account secret' }] }) };
    };
    const [own, other] = await Promise.all([ask(leftOf('secret')), ask(leftOf('2'))]);
    expect(own.errors?.map(({ message }) => message)).toEqual(['no account secret']);
    expect([other.data, other.errors]).toEqual([{ product: { left: 4 } }, undefined]);
  });

  it('and an entity that the subgraph leaves out loses nobody else theirs', async () => {
    const { ask, stock: service } = await openShop({ windowMs: never, maxEntities: 2 });
    service.refuse = (asked) => {
      const wanted = JSON.stringify(representations(asked));
      if (!wanted.includes('"gone"')) return undefined;
      const _entities = wanted.includes('"2"') ? [{ left: 4 }] : [];
      return { status: 200, body: JSON.stringify({ data: { _entities } }) };
    };
    const [own, other] = await Promise.all([ask(leftOf('gone')), ask(leftOf('2'))]);
    expect(own.errors).toHaveLength(1);
    expect([other.data, other.errors]).toEqual([{ product: { left: 4 } }, undefined]);
  });
});
