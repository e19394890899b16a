import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import type { AtriumUserConfig } from '../../src/config/config.ts';
import type { RequestContext } from '../../src/core/request-context.ts';
import type { ExplainedAnswer, Explanation } from '../../src/explain/explanation.ts';
import { chain, rule, shield } from '../../src/index.ts';
import { grantExplain } from '../../src/server/explain-gate.ts';
import { startHttpGateway } from '../support/http-gateway.ts';
import type { HttpGateway, HttpSubgraph } from '../support/http-gateway.ts';

const link = (names: string) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${names}])`;

const subgraphs: Record<string, HttpSubgraph> = {
  users: {
    sdl: `${link('"@key", "@shareable"')}
      type Query { me: User friends: [User!]! crowd: [User!]! }
      type Mutation { rename(name: String!): User }
      type User @key(fields: "id") { id: ID! name: String ssn: String }`,
    resolvers: {
      Mutation: { rename: ({ name }) => ({ id: '1', name }) },
      Query: {
        crowd: () => Array.from({ length: 120 }, (_, index) => ({ id: String(index) })),
        me: () => ({ id: '1', name: 'Ann', ssn: '078' }),
        friends: () => ['2', '3', '2'].map((id) => ({ __typename: 'User', id, name: `User ${id}`, ssn: `${id}78` })),
      },
    },
  },
  orders: {
    sdl: `${link('"@key", "@external", "@requires"')}
      type User @key(fields: "id") {
        id: ID!
        ssn: String @external
        orders(first: Int = 2): [Order!]
        tax: Int @requires(fields: "ssn")
      }
      type Order { id: ID! note: String }`,
    resolvers: {
      User: {
        orders: () => [
          { id: 'a', note: null },
          { id: 'b', note: 'gift' },
        ],
        tax: () => 7,
      },
    },
    headers: () => ({ 'cache-control': 'public, max-age=60' }),
  },
};

const isAnn = rule('is Ann', { cache: 'strict', fragment: 'fragment Id on User { id }' })(
  ({ id }: { id: string }) => id === '1' || 'Only Ann may see this',
);
const signedIn = rule('signed in', { cache: 'contextual' })(
  (_parent, _args, { principal }: RequestContext) => principal !== null || 'Sign in first',
);
const hasToken = rule('has a token', { cache: 'contextual' })(
  (_parent, _args, { headers }: RequestContext) => headers['authorization'] !== undefined,
);
const rules = shield({ User: { ssn: chain(signedIn, isAnn), tax: isAnn }, Order: { note: hasToken } });

const secret = 'a secret that is long enough to be one';

function start(config: Partial<AtriumUserConfig> = {}): Promise<HttpGateway> {
  return startHttpGateway(subgraphs, () => ({
    mode: 'development',
    authorization: { rules, allowTransitive: ['User.tax'] },
    ...config,
  }));
}

async function explained(response: Response): Promise<Explanation> {
  const answer: ExplainedAnswer = JSON.parse(await response.text());
  if (answer.extensions?.atrium === undefined)
    throw new Error(`Expected an explanation, got ${JSON.stringify(answer)}`);
  return answer.extensions.atrium;
}

const asked = { 'x-atrium-explain': '1' };

describe('an explained request', () => {
  it('tells which subgraph answered a field, who denied it and what became of it', async () => {
    await using gateway = await start();
    const query = '{ friends { name tax orders { id note } mine: ssn } }';
    const { fields } = await explained(await gateway.post({ query }, { headers: asked }));
    expect(
      fields.map(({ path, field, subgraphs: owners, verdict, nulls, rules: because }) =>
        [path, field, owners.join('+'), verdict, nulls, because.join(' | ').replaceAll(/:\d+\)/g, ')')].join(', '),
      ),
    ).toMatchInlineSnapshot(`
      [
        "friends, Query.friends, users, open, 0, ",
        "friends.name, User.name, users, open, 0, ",
        "friends.tax, User.tax, orders, data, 3, "is Ann" (explain.test.ts): reads the parent",
        "friends.orders, User.orders, orders, open, 0, ",
        "friends.orders.id, Order.id, orders, open, 0, ",
        "friends.orders.note, Order.note, , denied, 6, "has a token" (explain.test.ts): Not Authorised!",
        "friends.mine, User.ssn, , denied, 3, "signed in" (explain.test.ts): Sign in first",
      ]
    `);
    expect(fields.find(({ path }) => path === 'friends.tax')?.errors).toEqual([
      { code: 'FORBIDDEN', message: 'Only Ann may see this', count: 3 },
    ]);
  });

  it('tells the plan, and what was really sent, how often and for how many', async () => {
    await using gateway = await start();
    const query = 'query Mine { friends { name orders(first: 1) { id } } }';
    const { plan, spans, operation, cache } = await explained(await gateway.post({ query }, { headers: asked }));
    expect(operation).toMatchObject({ name: 'Mine', type: 'query' });
    expect(plan.fetches).toMatchInlineSnapshot(`
      [
        {
          "after": [],
          "parts": [
            {
              "paths": [],
              "selection": "{
        friends {
          __typename
          id
          name
        }
      }",
            },
          ],
          "subgraph": "users",
        },
        {
          "after": [
            0,
          ],
          "parts": [
            {
              "given": "... on User { __typename id }",
              "paths": [
                "friends",
              ],
              "selection": "{
        ... on User {
          orders(first: $__atrium_l0) {
            id
          }
        }
      }",
            },
          ],
          "subgraph": "orders",
        },
      ]
    `);
    const names = spans.map(({ name, parent }) => (parent === undefined ? name : `${spans[parent]?.name} > ${name}`));
    expect(names).toEqual([
      'parse',
      'validate',
      'rules',
      'plan',
      'execute',
      'execute > fetch',
      'fetch > call',
      'execute > fetch',
      'fetch > call',
    ]);
    expect(spans.flatMap(({ fetch }) => fetch ?? [])).toEqual([
      { index: 0, subgraph: 'users', objects: 1, entities: 0, cached: 0 },
      { index: 1, subgraph: 'orders', objects: 3, entities: 2, cached: 0 },
    ]);
    expect(cache).toEqual({ hits: 0, misses: 0 });
    const [users, orders] = spans.flatMap(({ call }) => call ?? []);
    expect(users).toMatchObject({ subgraph: 'users', status: 200, entities: 0, variables: '{}' });
    expect(JSON.parse(orders?.variables ?? '')).toEqual({
      __atrium_l0: 1,
      _r0: [
        { __typename: 'User', id: '2' },
        { __typename: 'User', id: '3' },
      ],
    });
    expect(orders?.bytes).toBeGreaterThan(10);
    for (const { at, ms } of spans) expect(at >= 0 && ms >= 0).toBe(true);
  });

  it('shows nothing of what is sent to subgraphs that a rule covers', async () => {
    await using gateway = await start();
    const { spans } = await explained(await gateway.post({ query: '{ me { tax } }' }, { headers: asked }));
    const variables = spans.flatMap(({ call }) => call?.variables ?? []);
    expect(variables.join()).toContain('"ssn":"[redacted]"');
    expect(variables.join()).not.toContain('078');
    expect(gateway.calls.at(-1)?.variables).toMatchObject({ _r0: [{ ssn: '078' }] });
  });

  it('shows the first of many entities that were sent', async () => {
    await using gateway = await start();
    const query = '{ crowd { orders { id } } }';
    const { spans } = await explained(await gateway.post({ query }, { headers: asked }));
    const [, sent] = spans.flatMap(({ call }) => call?.variables ?? []);
    const { _r0: entities }: { _r0: unknown[] } = JSON.parse(sent ?? '');
    expect([entities.length, entities.at(-1)]).toEqual([51, '70 more']);
  });

  it('tells what came from the cache', async () => {
    await using gateway = await start({ cache: { entities: {} } });
    const ask = async () =>
      explained(await gateway.post({ query: '{ friends { orders { id } } }' }, { headers: asked }));
    const [first, second] = [await ask(), await ask()];
    const facts = ({ spans, cache, plan }: Explanation) => ({
      cached: spans.flatMap(({ fetch }) => (fetch === undefined ? [] : `${fetch.subgraph} ${fetch.cached}`)),
      calls: spans.flatMap(({ call }) => call?.subgraph ?? []),
      cache,
      isKnown: plan.known,
    });
    expect(facts(first)).toEqual({
      cached: ['users 0', 'orders 0'],
      calls: ['users', 'orders'],
      cache: { hits: 0, misses: 3 },
      isKnown: false,
    });
    expect(facts(second)).toEqual({
      cached: ['users 0', 'orders 2'],
      calls: ['users'],
      cache: { hits: 2, misses: 1 },
      isKnown: true,
    });
  });

  it('tells cost and limits', async () => {
    await using gateway = await start({
      limits: { maxCost: 100 },
      rateLimit: { rules: [{ name: 'all', key: 'global', limit: 10, windowSeconds: 60 }] },
    });
    const { cost, limits } = await explained(await gateway.post({ query: '{ friends { name } }' }, { headers: asked }));
    expect(cost).toEqual({ estimated: 11, actual: 4, max: 100 });
    expect(limits).toEqual([{ policy: 'all', scope: 'request', charged: 1, remaining: 9, outcome: 'admitted' }]);
  });

  it('tells tries that failed, and why', async () => {
    await using gateway = await start({ subgraphs: { orders: { url: 'http://127.0.0.1:1/' } } });
    const { spans, fields } = await explained(
      await gateway.post({ query: '{ me { orders { id } } }' }, { headers: asked }),
    );
    const failed = spans.flatMap(({ call }) => (call?.subgraph === 'orders' ? call : []));
    expect(failed.length).toBe(2);
    expect(failed[0]).toMatchObject({ code: 'SUBGRAPH_UNREACHABLE', status: 0, address: 'http://127.0.0.1:1' });
    expect(failed[0]?.reason).toContain('ECONNREFUSED');
    expect(fields.find(({ path }) => path === 'me.orders')).toMatchObject({
      nulls: 1,
      errors: [{ code: 'SUBGRAPH_UNREACHABLE', count: 1 }],
    });
  });

  it('runs a mutation once', async () => {
    await using gateway = await start();
    const query = 'mutation { rename(name: "Bo") { name orders { id } } }';
    const { operation, fields, spans } = await explained(await gateway.post({ query }, { headers: asked }));
    expect(operation.type).toBe('mutation');
    expect(fields.find(({ path }) => path === 'rename.name')?.subgraphs).toEqual(['users']);
    expect(spans.flatMap(({ call }) => call?.subgraph ?? [])).toEqual(['users', 'orders']);
    expect(gateway.calls.map(({ subgraph }) => subgraph)).toEqual(['users', 'orders']);
  });

  it('tells why it was refused whole', async () => {
    await using gateway = await start({ authorization: { rules, allowTransitive: ['User.tax'], mode: 'reject' } });
    const response = await gateway.post({ query: '{ me { name ssn } }' }, { headers: asked });
    expect(response.status).toBe(401);
    const { fields, spans, plan } = await explained(response);
    expect(fields.find(({ path }) => path === 'me.ssn')).toMatchObject({
      verdict: 'denied',
      rules: [expect.stringMatching(/^"signed in" \(explain\.test\.ts:\d+\): Sign in first$/)],
    });
    expect([plan.fetches, spans.flatMap(({ call }) => call ?? [])]).toEqual([[], []]);
    expect(gateway.calls).toEqual([]);
  });

  it('is answered for itself, and kept for nobody', async () => {
    await using gateway = await start({ cache: { answers: { maxSeconds: 60 } } });
    const query = '{ me { orders { id } } }';
    const plain = () => gateway.post({ query });
    await (await plain()).text();
    const response = await gateway.post({ query }, { headers: asked });
    expect(response.headers.get('cache-control')).toBe('private, no-store');
    await explained(response);
    expect(await (await plain()).json()).not.toHaveProperty('extensions');
  });
});

describe('who may ask', () => {
  const query = '{ me { name } }';

  it('in production, only who has a token of the operator that has not expired', async () => {
    await using gateway = await start({ mode: 'production', explain: { secret } });
    const ask = async (token: string) => {
      const response = await gateway.post({ query }, { headers: { 'x-atrium-explain': token } });
      const { errors, extensions }: ExplainedAnswer = JSON.parse(await response.text());
      return { status: response.status, errors, isExplained: extensions?.atrium !== undefined };
    };
    const key = new TextEncoder().encode(secret);
    const claims = () => new SignJWT().setProtectedHeader({ alg: 'HS256' }).setAudience('atrium-explain');
    const refused = { status: 403, isExplained: false };
    expect(await ask(await grantExplain(secret, 5))).toMatchObject({ status: 200, isExplained: true });
    expect(await ask('1')).toMatchObject(refused);
    expect(await ask(await grantExplain(`${secret}!`, 5))).toMatchObject(refused);
    expect(await ask(await claims().setIssuedAt(1).setExpirationTime(2).sign(key))).toMatchObject(refused);
    const isEternal = claims()
      .setIssuedAt(Math.floor(Date.now() / 1000) - 7_200)
      .setExpirationTime('9y');
    expect(await ask(await isEternal.sign(key))).toMatchObject(refused);
    expect(await ask(await claims().setIssuedAt().sign(key))).toMatchObject(refused);
    expect(gateway.calls.length).toBe(1);
  });

  it('in production without a secret, nobody', async () => {
    await using gateway = await start({ mode: 'production' });
    const response = await gateway.post({ query }, { headers: asked });
    expect([response.status, await response.json()]).toEqual([
      403,
      {
        errors: [
          {
            message: 'Expected a token in x-atrium-explain that only a gateway with explain.secret takes.',
            extensions: { code: 'FORBIDDEN' },
          },
        ],
      },
    ]);
    expect((await gateway.post({ query })).status).toBe(200);
  });

  it('at the admin listener, operators, as whomever they have the headers of', async () => {
    await using gateway = await start({ mode: 'production' });
    const ask = (body: unknown) =>
      fetch(`${gateway.adminUrl}/explain`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const headers = { authorization: 'Bearer opaque' };
    const response = await ask({ query: '{ me { name orders { note } } }', headers });
    const answer: ExplainedAnswer = JSON.parse(await response.text());
    expect(answer.data).toEqual({ me: { name: 'Ann', orders: [{ note: null }, { note: 'gift' }] } });
    expect(answer.extensions?.atrium?.operation.type).toBe('query');
    expect(gateway.calls[0]?.headers.authorization).toBe('Bearer opaque');
    const line = await gateway.logged(({ message, fields }) => message === 'request' && fields['path'] === '/graphql');
    expect(line.fields['status']).toBe(200);
    const wrong = await ask({ query: 7, nonsense: 1 });
    expect([wrong.status, JSON.stringify(await wrong.json())]).toEqual([400, expect.stringContaining('`query`')]);
  });
});
