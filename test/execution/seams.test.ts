import { getOperationAST, parse } from 'graphql';
import { expect, it } from 'vitest';
import type { EntityCache } from '../../src/cache/entity-cache.ts';
import { createFetchContext, createRequestRecord } from '../../src/core/request-context.ts';
import type { FetchContext, Scope } from '../../src/core/request-context.ts';
import { createExecutable } from '../../src/execution/executable.ts';
import { executeOperation } from '../../src/execution/execute-operation.ts';
import { createOperationCache } from '../../src/execution/operation-cache.ts';
import type { Verdict } from '../../src/execution/project.ts';
import { createOperationPlanner } from '../../src/planning/operation-planner.ts';
import type { SubgraphClient, SubgraphRequest } from '../../src/subgraph/client.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';
import { rememberingCache } from '../support/remembering-cache.ts';

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])`;
const users = `${link} type Query { users: [User!]! } type User @key(fields: "id") { id: ID! }`;
const names = `${link} type User @key(fields: "id") { id: ID! name: String secret: String }`;

/** Runs an operation on the real planner and executor, with a client and a cache of the test's own. */
async function run(
  query: string,
  subgraphs: SubgraphClient,
  { cache, toFetch = query, verdict }: { cache?: EntityCache; toFetch?: string; verdict?: Verdict } = {},
) {
  const composition = await composeSubgraphs([
    { name: 'users', sdl: users, url: 'http://users.test' },
    { name: 'names', sdl: names, url: 'http://names.test' },
  ]);
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join());
  const supergraph = buildSupergraph(composition.supergraphSdl);
  const document = parse(query);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('no operation');
  const { apiSchema: schema } = supergraph;
  const asked = createOperationCache().get({ schema, document, operation, queryHash: '', source: query });
  const { executable } = createOperationPlanner(supergraph, createExecutable).plan({
    document: parse(toFetch),
    operationName: undefined,
    documentHash: toFetch,
    names: asked.names,
    variables: {},
    conditions: asked.conditionsIn({}),
    activeLabels: new Set(),
  });
  const result = await executeOperation({
    asked,
    executable,
    variables: {},
    coercedVariables: {},
    verdict,
    context,
    subgraphs,
    cache,
  });
  return JSON.parse(JSON.stringify(result));
}

const scope: Scope = { key: 'mine', headers: {}, principal: null };
const context = createFetchContext(
  {
    requestId: 'r',
    headers: {},
    principal: null,
    clientAddress: '',
    signal: new AbortController().signal,
    deadline: performance.now() + 30_000,
    responseHeaders: new Map(),
    record: createRequestRecord(),
  },
  { generation: 'g1', scopeOf: () => scope },
);

function client(seen: [SubgraphRequest, FetchContext][] = []): SubgraphClient {
  return {
    send(request, sentFor) {
      seen.push([request, sentFor]);
      const { _r0: wanted = [] }: { _r0?: { id: string }[] } = JSON.parse(request.variables);
      const data =
        request.subgraph === 'users'
          ? { users: ['1', '2', '3'].map((id) => ({ __typename: 'User', id })) }
          : { _entities: wanted.map(({ id }) => ({ name: `fetched ${id}`, __atrium_1_secret: `secret ${id}` })) };
      return Promise.resolve({ data, errors: [], headers: {} });
    },
  };
}

it('every fetch knows the deadline, the signal, the scope and the generation it is made for', async () => {
  const seen: [SubgraphRequest, FetchContext][] = [];
  await run('{ users { name } }', client(seen));
  expect(seen).toHaveLength(2);
  for (const [{ subgraph }, { deadline, signal, generation, scopeOf }] of seen) {
    expect([deadline, signal, generation]).toEqual([context.deadline, context.signal, 'g1']);
    expect(scopeOf(subgraph)).toBe(scope);
  }
});

it('any of the entities a fetch wants may come from elsewhere', async () => {
  const seen: [SubgraphRequest, FetchContext][] = [];
  const cache = rememberingCache((text) => (text.includes('"2"') ? { name: 'kept' } : undefined));
  const { data } = await run('{ users { name } }', client(seen), { cache });
  expect(cache.lookups[1]?.representations).toEqual(['1', '2', '3'].map((id) => `{"__typename":"User","id":"${id}"}`));
  expect(data).toEqual({ users: [{ name: 'fetched 1' }, { name: 'kept' }, { name: 'fetched 3' }] });
  expect(seen[1]?.[0].entities).toBe(2);
});

it('more may be fetched than was asked, for a verdict on each position that the client sees nothing else of', async () => {
  const seen: [SubgraphRequest, FetchContext][] = [];
  const paths: unknown[] = [];
  const verdict: Verdict = (parentType, { name: { value: field } }, { parent, path }) => {
    if (field !== 'name') return undefined;
    paths.push(path());
    return parent['__atrium_1_secret'] === 'secret 2'
      ? { message: `not yours, ${parentType}`, extensions: {} }
      : undefined;
  };
  const result = await run('{ users { name } }', client(seen), { toFetch: '{ users { name secret } }', verdict });
  expect(seen[1]?.[0].query).toContain('{name __atrium_1_secret:secret}');
  expect(paths).toEqual([0, 1, 2].map((index) => ['users', index, 'name']));
  expect(result).toEqual({
    data: { users: [{ name: 'fetched 1' }, { name: null }, { name: 'fetched 3' }] },
    errors: [expect.objectContaining({ message: 'not yours, User', path: ['users', 1, 'name'] })],
  });
});
