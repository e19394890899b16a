import { hash } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { GraphQLError } from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rule, shield } from '../../../src/authorization/shield.ts';
import type { RequestContext } from '../../../src/core/request-context.ts';
import { startHttpGateway } from '../../support/http-gateway.ts';
import type { HttpGateway, HttpSubgraph } from '../../support/http-gateway.ts';

/** What the subgraphs answer with; a field asks for one of them by name. */
const cacheControls: Record<string, Record<string, string>> = {
  minute: { 'cache-control': 'max-age=60' },
  hour: { 'cache-control': 'max-age=3600' },
  old: { 'cache-control': 'max-age=60', age: '20' },
  public: { 'cache-control': 'public, max-age=60' },
  mine: { 'cache-control': 'private, max-age=60' },
  shared: { 'cache-control': 's-maxage=30, max-age=60' },
  star: { 'cache-control': 'max-age=60', vary: '*' },
  language: { 'cache-control': 'max-age=60', vary: 'accept-language' },
  never: { 'cache-control': 'no-store' },
  silent: {},
};

const isName = (value: unknown): value is string => typeof value === 'string';

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';
const subgraph = (sdl: string, resolvers: NonNullable<HttpSubgraph['resolvers']>): HttpSubgraph => ({
  sdl: `${link} ${sdl}`,
  resolvers,
  headers: ({ variables }) => cacheControls[Object.values(variables).find(isName) ?? 'hour'] ?? {},
});
const subgraphs = {
  a: subgraph(
    `type Query { a(as: String, x: [Int]): String node: Node ruled(as: String): Int hidden(as: String): Int read: Owned
                  broken(as: String): Int counted: Int }
     type Mutation { change(as: String): Int }
     type Owned { id: ID own: Int }
     type Node @key(fields: "id") { id: ID! }`,
    {
      Query: {
        a: ({ x }, headers) => JSON.stringify([x, headers['x-tenant']]),
        node: () => ({ id: 1 }),
        ruled: () => 1,
        hidden: () => 1,
        counted: () => 1,
        read: () => ({ id: '1', own: 1 }),
        broken: () => {
          throw new GraphQLError('broken');
        },
      },
      Mutation: { change: () => 1 },
    },
  ),
  b: subgraph(`type Query { b(as: String): Int } type Node @key(fields: "id") { id: ID! c(as: String): Int }`, {
    Query: { b: () => 2 },
    Node: { c: () => 3 },
  }),
};

const signedIn = rule('signed in')((_p, _a, { principal }: RequestContext) => principal !== null);
const yes = rule('yes')(() => true);
const reads = rule('reads', { fragment: '... on Owned { id }' })(({ id }: { id: string }) => id === '1');

let gateway: HttpGateway;

const options = (folder: string) => {
  const keys = ['ann', 'bob'].map((subject) => ({ sha256: hash('sha256', subject), subject, scopes: ['read'] }));
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys }));
  return {
    authentication: { apiKeys: { file: 'keys.json' } },
    headers: { toSubgraphs: ['x-tenant'], toClients: ['x-version'] },
    authorization: { rules: shield({ Query: { ruled: yes, hidden: signedIn }, Owned: { own: reads } }) },
    cache: { answers: { maxSeconds: 600, vary: ['x-beta'] } },
    server: { port: 0, cors: { origins: ['https://shop.example'] } },
  };
};

beforeEach(async () => {
  gateway = await startHttpGateway(subgraphs, options);
});
afterEach(async () => gateway[Symbol.asyncDispose]());

const ann = { headers: { 'x-api-key': 'ann' } };
/** Asks twice and tells the calls of the second time. */
async function again(body: object, init = {}): Promise<{ calls: number; first: Response; second: Response }> {
  const first = await gateway.post(body, init);
  const before = gateway.calls.length;
  const second = await gateway.post(body, init);
  expect(await second.text()).toBe(await first.text());
  return { calls: gateway.calls.length - before, first, second };
}

const kept: [query: string, principal: object, cacheControl: string][] = [
  ['{ a(as: "minute") }', {}, 'public, max-age=59'],
  ['{ a(as: "old") }', {}, 'public, max-age=39'],
  ['{ a(as: "shared") }', {}, 'public, max-age=29'],
  ['{ a(as: "language") }', {}, 'public, max-age=59'],
  ['{ a(as: "hour") }', {}, 'public, max-age=600'],
  ['{ a(as: "minute") b(as: "hour") }', {}, 'public, max-age=59'],
  ['{ a(as: "hour") b(as: "minute") }', {}, 'public, max-age=59'],
  ['{ node { c(as: "minute") } }', {}, 'public, max-age=59'],
  ['{ a(as: "minute") __typename }', {}, 'public, max-age=59'],
  ['{ a(as: "public") }', ann, 'private, max-age=59'],
  ['{ a(as: "minute") }', ann, 'private, max-age=59'],
  ['{ a(as: "mine") }', ann, 'private, max-age=59'],
  ['{ a(as: "minute") }', { headers: { 'x-tenant': 't' } }, 'private, max-age=59'],
  ['{ a(as: "public") }', { headers: { 'x-tenant': 't' } }, 'public, max-age=59'],
  ['{ a(as: "minute") }', { headers: { 'x-beta': '1' } }, 'private, max-age=59'],
  ['{ ruled(as: "public") }', {}, 'private, max-age=59'],
  ['{ hidden(as: "minute") }', ann, 'private, max-age=59'],
];
it.each(kept)('%s is asked once, %j', async (query, init, cacheControl) => {
  const { calls, first, second } = await again({ query }, init);
  expect(calls).toBe(0);
  expect([first, second].map(({ headers }) => headers.get('cache-control'))).toEqual([cacheControl, cacheControl]);
  expect([first, second].map(({ headers }) => headers.get('age'))).toEqual([null, '0']);
  expect(first.headers.get('etag')).toBe(second.headers.get('etag'));
});

const notKept: [query: string, principal: object, cacheControl: string][] = [
  ['{ a(as: "never") }', {}, 'no-store'],
  ['{ a(as: "silent") }', {}, 'no-store'],
  ['{ a(as: "star") }', {}, 'no-store'],
  ['{ a(as: "hour") b(as: "never") }', {}, 'no-store'],
  ['{ node { c(as: "silent") } }', {}, 'no-store'],
  ['{ a(as: "mine") }', {}, 'no-store'],
  ['{ a(as: "mine") }', { headers: { 'x-tenant': 't' } }, 'no-store'],
  ['{ a(as: "hour") broken(as: "hour") }', {}, 'no-store'],
  ['mutation { change(as: "hour") }', {}, 'no-store'],
  ['{ a(as: "hour") hidden(as: "hour") }', {}, 'private, no-store'],
  ['{ read { own } }', ann, 'private, no-store'],
];
it.each(notKept)('%s is asked each time, %j', async (query, init, cacheControl) => {
  const { calls, second } = await again({ query }, init);
  expect(calls).toBeGreaterThan(0);
  expect(second.headers.get('cache-control')).toBe(cacheControl);
  expect(second.headers.has('etag')).toBe(false);
});

it('an answer about the schema alone is not kept, and neither is a refusal', async () => {
  for (const query of ['{ __typename }', '{ nothing }']) {
    const { second } = await again({ query });
    expect(second.headers.get('cache-control')).toBe('no-store');
  }
  expect(gateway.log.filter(({ fields }) => fields['source'] !== undefined)).toEqual([]);
});

it('a known answer has its own request id, log line, CORS and Vary', async () => {
  const body = { query: 'query A { a(as: "minute") }' };
  await gateway.post(body);
  const headers = { 'x-request-id': 'second', origin: 'https://shop.example' };
  const response = await gateway.post(body, { headers });
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'x-request-id': 'second',
    'access-control-allow-origin': 'https://shop.example',
    vary: 'Origin, accept, x-tenant, authorization, x-api-key, x-beta',
    'content-type': 'application/json; charset=utf-8',
    'content-length': String((await response.text()).length),
  });
  const { fields } = await gateway.logged((line) => line.fields['requestId'] === 'second');
  expect(fields).toMatchObject({ operation: 'A', type: 'query', status: 200, codes: [], calls: [], source: 'known' });
});

it('what differs in the operation or in who asks is asked apart', async () => {
  const body = { query: 'query A($x: [Int]) { a(as: "hour", x: $x) }', variables: { x: [1, 2] } };
  const accept = { accept: 'application/graphql-response+json' };
  const different: [object, object][] = [
    [body, {}],
    [{ ...body, variables: { x: [2, 1] } }, {}],
    [{ ...body, variables: { x: 1 } }, {}],
    [{ ...body, query: `${body.query} ` }, {}],
    [{ query: `${body.query} query B { b }`, operationName: 'A' }, {}],
    [{ query: `${body.query} query B { b }`, operationName: 'B' }, {}],
    [{ ...body, extensions: { a: 1 } }, {}],
    [body, { headers: accept }],
    [body, { headers: { 'x-tenant': '1' } }],
    [body, { headers: { 'x-beta': '1' } }],
    [body, ann],
    [body, { headers: { 'x-api-key': 'bob' } }],
  ];
  for (const [, [question, init]] of different.entries()) await gateway.post(question, init);
  expect(gateway.calls).toHaveLength(different.length);
  for (const [, [question, init]] of different.entries()) await gateway.post(question, init);
  // Written otherwise, but the same.
  await gateway.post({ variables: { x: [1, 2] }, query: body.query });
  await gateway.post({
    ...body,
    extensions: { persistedQuery: { version: 1, sha256Hash: hash('sha256', body.query) } },
  });
  await gateway.post(body, { headers: { 'user-agent': 'other', traceparent: '00-1-2-00', cookie: 'a=b' } });
  expect(gateway.calls).toHaveLength(different.length + 1);
});

it('a header that Connection keeps from subgraphs is one that was not sent', async () => {
  const ask = async (headers: Record<string, string>) => {
    const client = request(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
    });
    const answered = new Promise<string>((resolve, reject) => {
      client.on('error', reject).on('response', (response) => void text(response).then(resolve, reject));
    });
    client.end('{"query":"{ a }"}');
    return JSON.parse(await answered).data.a;
  };
  expect(await ask({ 'x-tenant': 't' })).toBe('[null,"t"]');
  expect(await ask({ 'x-tenant': 't', connection: 'close, x-tenant' })).toBe('[null,null]');
});

describe('GET', () => {
  const query = '{ a(as: "minute") }';

  it('is answered 304 when the client has the answer, whether it was known or not', async () => {
    const first = await gateway.get({ query });
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]+"$/);
    for (const ifNoneMatch of [etag, `"x", W/${etag}`, '*']) {
      const response = await gateway.get({ query }, { headers: { 'if-none-match': ifNoneMatch } });
      expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([304, '', etag]);
      expect(response.headers.get('cache-control')).toBe('public, max-age=59');
      expect(response.headers.get('vary')).toContain('x-tenant');
    }
    const fresh = await gateway.get({ query: `${query} ` }, { headers: { 'if-none-match': etag } });
    expect(fresh.status).toBe(304);
    expect((await gateway.get({ query }, { headers: { 'if-none-match': '"x"' } })).status).toBe(200);
    expect((await gateway.post({ query }, { headers: { 'if-none-match': etag } })).status).toBe(200);
  });

  it('finds no answer past the prevention of CSRF', async () => {
    expect((await gateway.get({ query })).status).toBe(200);
    expect((await gateway.get({ query })).headers.get('age')).toBe('0');
    for (const headers of [
      { 'apollo-require-preflight': '' },
      { 'apollo-require-preflight': '', 'content-type': 'text/plain' },
    ]) {
      expect((await gateway.get({ query }, { headers })).status).toBe(400);
    }
  });
});

it('a new supergraph knows none of the answers of the old one', async () => {
  await gateway[Symbol.asyncDispose]();
  gateway = await startHttpGateway(subgraphs, (folder) => ({
    ...options(folder),
    supergraph: { file: 'supergraph.graphql' },
  }));
  const body = { query: '{ a(as: "hour") }' };
  expect((await again(body)).calls).toBe(0);
  const sdl = readFileSync(gateway.supergraphFile, 'utf8');
  await writeFile(`${gateway.supergraphFile}.new`, `${sdl}\n# another\n`);
  await rename(`${gateway.supergraphFile}.new`, gateway.supergraphFile);
  await gateway.logged(({ message }) => message === 'The supergraph was updated');
  await gateway.post(body);
  expect(gateway.calls).toHaveLength(2);
});

it('nobody is let in, or let ask more often, because the answer is known', async () => {
  await gateway[Symbol.asyncDispose]();
  gateway = await startHttpGateway(subgraphs, (folder) => ({
    ...options(folder),
    authentication: { apiKeys: { file: 'keys.json' }, required: true },
    rateLimit: { rules: [{ name: 'all', key: 'principal', limit: 3, windowSeconds: 86_400 }] },
  }));
  const body = { query: '{ a(as: "hour") }' };
  const responses = [];
  for (let times = 0; times < 4; times += 1) responses.push(await gateway.post(body, ann));
  expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(responses.map(({ headers }) => /r=(\d)/.exec(headers.get('ratelimit') ?? '')?.[1])).toEqual([
    '2',
    '1',
    '0',
    '0',
  ]);
  expect((await gateway.post(body)).status).toBe(401);
  expect((await gateway.post(body, { headers: { 'x-api-key': 'eve' } })).status).toBe(401);
  expect(gateway.calls).toHaveLength(1);
});

it('an answer to a document that is no longer trusted is not given', async () => {
  await gateway[Symbol.asyncDispose]();
  gateway = await startHttpGateway(subgraphs, (folder) => {
    writeFileSync(join(folder, 'manifest.json'), '{"1":"{ a }"}');
    return { ...options(folder), documents: { manifest: 'manifest.json', mode: 'enforce' } };
  });
  expect((await again({ documentId: '1' })).calls).toBe(0);
  writeFileSync(join(gateway.supergraphFile, '../manifest.json'), '{"2":"{ b }"}');
  await gateway.logged(({ message }) => message === 'The trusted documents were read again');
  expect((await gateway.post({ documentId: '1' })).status).toBe(403);
});
