import { ApolloServer } from '@apollo/server';
import type { GraphQLDataSource } from '@apollo/gateway';
import { QueryPlanner } from '@apollo/query-planner';
import { GraphQLError } from 'graphql';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { allow, deny, rule, shield } from '../src/authorization/shield.ts';
import { AtriumGateway } from '../src/gateway.ts';
import type { AtriumGatewayOptions } from '../src/gateway-options.ts';
import { composeSubgraphs } from '../src/supergraph/compose.ts';
import { createTestGateway } from './support/create-test-gateway.ts';
import type { TestGateway, TestSubgraph } from './support/create-test-gateway.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const federation = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5",
  import: ["@key", "@shareable", "@requires", "@external", "@authenticated", "@tag"])`;

describe('authorization at the gateway', () => {
  const accounts: TestSubgraph = {
    sdl: `${federation}
      type Query { me: User users: [User!]! node(id: ID!): Node secrets: [Secret!]! any: [Any!]! }
      type Mutation { rename(id: ID!, name: String!): User wipe: Boolean! forget: Boolean }
      interface Node { id: ID! } interface Secret { ssn: String } union Any = User | Bot
      type User implements Node & Secret @key(fields: "id") { id: ID! name: String email: String ssn: String }
      type Bot implements Node & Secret @key(fields: "id") { id: ID! ssn: String }`,
    resolvers: {
      Query: {
        me: () => user('1'),
        users: () => [user('1'), user('2')],
        node: (_: unknown, { id }: { id: string }) => user(id),
        secrets: () => [user('1'), { __typename: 'Bot', id: '9', ssn: 'bot' }],
        any: () => [user('1'), { __typename: 'Bot', id: '9', ssn: 'bot' }],
      },
      Mutation: { rename: () => user('1'), wipe: () => true, forget: () => true },
      User: { __resolveReference: ({ id }: { id: string }) => user(id) },
    },
  };
  const reviews: TestSubgraph = {
    sdl: `${federation}
      type Query { reviews: [Review!]! }
      type User @key(fields: "id") { id: ID! reviews: [Review!]! }
      type Review { id: ID! secret: String! author: User }`,
    resolvers: {
      Query: { reviews: () => [{ id: 'r', secret: 's', author: { id: '2' } }] },
      User: { reviews: () => [{ id: 'r', secret: 's' }] },
    },
  };

  function user(id: string) {
    return { __typename: 'User', id, name: `user ${id}`, email: `${id}@shop.test`, ssn: `ssn ${id}` };
  }

  const isAdmin = rule('admin', { cache: 'contextual' })(
    (_parent, _args, context: { role?: string }) => context.role === 'admin' || new GraphQLError('Admins only'),
  );
  const admin = { role: 'admin' };

  async function guarded(rules: Parameters<typeof shield>[0]): Promise<TestGateway> {
    const gateway = await createTestGateway({ accounts, reviews }, { rules: shield(rules) });
    closers.push(() => gateway.stop());
    return gateway;
  }

  const asked = (gateway: TestGateway): string => gateway.calls.map(({ query }) => query).join('\n');

  it('prunes what is denied from every request and tells each position', async () => {
    const gateway = await guarded({ User: { email: isAdmin } });
    expect(await gateway.ask('{ users { id mail: email } }')).toEqual({
      data: {
        users: [
          { id: '1', mail: null },
          { id: '2', mail: null },
        ],
      },
      errors: [
        { message: 'Admins only', path: ['users', 0, 'mail'], extensions: { code: 'FORBIDDEN' } },
        { message: 'Admins only', path: ['users', 1, 'mail'], extensions: { code: 'FORBIDDEN' } },
      ],
    });
    expect(asked(gateway)).not.toContain('email');
  });

  it('does not mix up the plans of those who may and those who may not', async () => {
    const gateway = await guarded({ User: { email: isAdmin } });
    const query = '{ me { id email } }';
    const answers = [admin, {}, admin, {}].map((context) => gateway.ask(query, {}, context));
    const emails = (await Promise.all(answers)).map(({ data }) => data?.['me']);
    const full = { id: '1', email: '1@shop.test' };
    expect(emails).toEqual([full, { id: '1', email: null }, full, { id: '1', email: null }]);
    expect(gateway.calls.filter(({ query }) => query.includes('email'))).toHaveLength(2);
  });

  it('asks no subgraph when nothing is left to ask', async () => {
    const gateway = await guarded({ Query: { me: isAdmin } });
    expect((await gateway.ask('{ __typename me { id } }')).data).toEqual({ __typename: 'Query', me: null });
    expect(gateway.calls).toEqual([]);
  });

  it('sends no mutation of an operation that a denial makes null as a whole', async () => {
    const gateway = await guarded({ Mutation: { wipe: isAdmin } });
    const query = 'mutation { rename(id: "1", name: "z") { id } wipe }';
    expect(await gateway.ask(query)).toEqual({
      data: null,
      errors: [{ message: 'Admins only', path: ['wipe'], extensions: { code: 'FORBIDDEN' } }],
    });
    expect(gateway.calls).toEqual([]);
    expect((await gateway.ask(query, {}, admin)).data).toEqual({ rename: { id: '1' }, wipe: true });
  });

  it('runs the allowed mutations beside a denied one that may be null', async () => {
    const gateway = await guarded({ Mutation: { forget: isAdmin } });
    expect((await gateway.ask('mutation { rename(id: "1", name: "z") { id } forget }')).data).toEqual({
      rename: { id: '1' },
      forget: null,
    });
    expect(asked(gateway)).not.toContain('forget');
  });

  it('propagates the null of a denied position that may not be null', async () => {
    const gateway = await guarded({ Review: { secret: deny } });
    expect(await gateway.ask('{ reviews { id secret } }')).toEqual({
      data: null,
      errors: [{ message: 'Not Authorised!', path: ['reviews', 0, 'secret'], extensions: { code: 'FORBIDDEN' } }],
    });
    expect(await gateway.ask('{ me { name reviews { secret } } }')).toMatchObject({
      data: { me: null },
      errors: [{ path: ['me', 'reviews', 0, 'secret'] }],
    });
  });

  it.each([
    '{ secrets { ssn } }',
    '{ node(id: "1") { ... on Secret { ssn } } }',
    '{ any { ... on User { ssn } ... on Bot { ssn } } }',
    '{ any { ...S } } fragment S on Secret { ssn }',
    'query A { me { id } } query B { secrets { ssn } }',
  ])('denies an object type however it is reached: %s', async (query) => {
    const gateway = await guarded({ User: { ssn: deny }, Bot: { ssn: allow } });
    const operation = query.includes('query B') ? query.replace('query A { me { id } }', '') : query;
    const text = JSON.stringify(await gateway.ask(operation));
    expect(text).toContain('FORBIDDEN');
    expect(text).not.toContain('ssn 1');
  });

  it('hides with a position what a subgraph has to say about it', async () => {
    const gateway = await createTestGateway(
      {
        accounts: {
          sdl: accounts.sdl,
          answer: () => ({
            data: { me: { id: '1', email: null } },
            errors: [{ message: 'cannot decrypt 1@shop.test', path: ['me', 'email'] }],
          }),
        },
        reviews,
      },
      { rules: shield({ User: { email: deny } }) },
    );
    closers.push(() => gateway.stop());
    const { errors } = await gateway.ask('{ me { id email } }');
    expect(errors?.map(({ message }) => message)).toEqual(['Not Authorised!']);
  });

  it('refuses response names it needs for itself', async () => {
    const gateway = await guarded({ User: { email: isAdmin } });
    const { errors } = await gateway.ask('{ me { __atrium_empty: id } }');
    expect(errors?.[0]).toMatchObject({ extensions: { code: 'BAD_REQUEST' } });
  });

  it.each([
    ['an unknown type', { Nobody: { a: deny } }, /Nobody/],
    ['an unknown field', { User: { nothing: deny } }, /User\.nothing/],
    ['an interface', { Secret: { ssn: deny } }, /Secret/],
  ])('refuses to start with a rule for %s', async (_, tree, message) => {
    await expect(createTestGateway({ accounts, reviews }, { rules: shield(tree) })).rejects.toThrow(message);
  });
});

describe('the life of a supergraph', () => {
  const first = 'type Query { a: String old: String }';
  const second = 'type Query { a: String new: String }';

  async function compose(sdl: string): Promise<string> {
    const composition = await composeSubgraphs([{ name: 's', url: 'http://s.test', sdl: `${federation} ${sdl}` }]);
    if (!composition.ok) throw new Error('the test supergraph does not compose');
    return composition.supergraphSdl;
  }

  async function serve(answer: () => Promise<object>, options: AtriumGatewayOptions = {}) {
    let update: (sdl: string) => void = () => {};
    const source: GraphQLDataSource = { process: answer };
    const supergraphSdl = await compose(first);
    const gateway = new AtriumGateway({
      ...options,
      async supergraphSdl(hooks) {
        ({ update } = hooks);
        return { supergraphSdl };
      },
      buildService: () => source,
    });
    const quiet = { debug() {}, info() {}, warn() {}, error() {} };
    const apollo = new ApolloServer({ gateway, stopOnTerminationSignals: false, logger: quiet });
    await apollo.start();
    closers.push(() => apollo.stop());
    const ask = async (query: string) => {
      const { body } = await apollo.executeOperation({ query });
      if (body.kind === 'incremental') throw new Error('expected one result');
      return body.singleResult;
    };
    return { ask, update: (sdl: string) => update(sdl), inUse: () => gateway.supergraphInUse };
  }

  it('ends a request on the supergraph that validated it', async () => {
    let arrived = () => {};
    const asked = new Promise<void>((resolve) => (arrived = resolve));
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const gateway = await serve(async () => {
      arrived();
      await released;
      return { data: { old: 'here' } };
    });
    const answer = gateway.ask('{ old }');
    await asked;
    gateway.update(await compose(second));
    release();
    expect(await answer).toEqual({ data: { old: 'here' } });
    expect((await gateway.ask('{ old }')).errors?.[0]?.extensions?.['code']).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('is told, with a hash and its time', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2030, 0, 1) });
    onTestFinished(() => void vi.useRealTimers());
    const gateway = await serve(async () => ({ data: {} }));
    const before = gateway.inUse();
    vi.setSystemTime(Date.UTC(2030, 0, 2));
    gateway.update(await compose(second));

    expect(before).toMatchObject({ sdl: await compose(first), since: 'Tue, 01 Jan 2030 00:00:00 GMT' });
    expect(gateway.inUse()).toMatchObject({ sdl: await compose(second), since: 'Wed, 02 Jan 2030 00:00:00 GMT' });
    expect(new Set([before?.id, gateway.inUse()?.id]).size).toBe(2);
  });

  it('plans a request with the supergraph that validated it', async () => {
    let arrived = () => {};
    const deciding = new Promise<void>((resolve) => (arrived = resolve));
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const slow = rule({ cache: 'contextual' })(async () => {
      arrived();
      await released;
      return true;
    });
    const gateway = await serve(async () => ({ data: { a: 'a', old: 'here' } }), {
      rules: shield({ Query: { a: slow } }),
    });
    const answer = gateway.ask('{ a old }');
    await deciding;
    gateway.update(await compose(second));
    release();
    expect(await answer).toEqual({ data: { a: 'a', old: 'here' } });
  });

  it('plans an operation once for all that ask it at the same time', async () => {
    const buildQueryPlan = vi.spyOn(QueryPlanner.prototype, 'buildQueryPlan');
    onTestFinished(() => buildQueryPlan.mockRestore());
    const gateway = await serve(async () => ({ data: { a: 'a' } }));
    const answers = await Promise.all(Array.from({ length: 50 }, () => gateway.ask('{ a }')));
    expect(answers).toEqual(answers.map(() => ({ data: { a: 'a' } })));
    expect(buildQueryPlan).toHaveBeenCalledTimes(1);
  });

  it('has the plans of what is asked most before it takes over, without what it no longer has', async () => {
    const buildQueryPlan = vi.spyOn(QueryPlanner.prototype, 'buildQueryPlan');
    onTestFinished(() => buildQueryPlan.mockRestore());
    const gateway = await serve(async () => ({ data: { a: 'a', old: 'here' } }), { warmPlans: 2 });
    for (const query of ['{ a }', '{ a }', '{ a }', '{ b: a old }', '{ b: a old }', '{ c: a __typename }']) {
      await gateway.ask(query);
    }
    buildQueryPlan.mockClear();
    const before = gateway.inUse();
    const next = await compose(second);
    gateway.update(next);
    expect(gateway.inUse()).toBe(before);
    await vi.waitUntil(() => gateway.inUse()?.sdl === next, { timeout: 5_000, interval: 1 });
    expect(buildQueryPlan).toHaveBeenCalledTimes(1);
    expect(await gateway.ask('{ a }')).toEqual({ data: { a: 'a' } });
    expect(buildQueryPlan).toHaveBeenCalledTimes(1);
  });

  it('is passed over when the next one comes while it is made ready', async () => {
    const gateway = await serve(async () => ({ data: { a: 'a' } }), { warmPlans: 1 });
    await gateway.ask('{ a }');
    const texts = new Set([gateway.inUse()?.sdl]);
    const sdls = await Promise.all(['b', 'c', 'd'].map((name) => compose(`type Query { a: String ${name}: Int }`)));
    for (const sdl of sdls) gateway.update(sdl);
    await vi.waitUntil(
      () => {
        texts.add(gateway.inUse()?.sdl);
        return gateway.inUse()?.sdl === sdls.at(-1);
      },
      { timeout: 5_000, interval: 0 },
    );
    expect(texts).toEqual(new Set([await compose(first), sdls.at(-1)]));
  });

  it.each([
    ['is no supergraph', async () => 'type Query { a: String }', /supergraph/],
    [
      'asks for protection it does not enforce',
      async () =>
        (await compose('type Query { a: String @authenticated }')).replace('authenticated/v0.1', 'authenticated/v0.9'),
      /@authenticated/,
    ],
    ['no longer fits the rules', () => compose(second), /Query\.old/],
  ])('keeps the old one when the new one %s', async (_, broken, message) => {
    const gateway = await serve(async () => ({ data: { old: 'here' } }), {
      rules: shield({ Query: { old: allow, a: deny } }),
    });
    const before = gateway.inUse();
    const sdl = await broken();
    expect(() => gateway.update(sdl)).toThrow(message);
    expect(gateway.inUse()).toBe(before);
    expect(await gateway.ask('{ old }')).toEqual({ data: { old: 'here' } });
  });
});

it('refuses subscriptions and variables that do not fit', async () => {
  const gateway = await createTestGateway({
    s: { sdl: `${federation} type Query { a(n: Int!): String } type Subscription { tick: Int }`, answer: () => ({}) },
  });
  closers.push(() => gateway.stop());
  const codes = async (query: string, variables?: Record<string, unknown>) =>
    (await gateway.ask(query, variables)).errors?.map(({ extensions }) => extensions?.['code']);
  expect(await codes('subscription { tick }')).toEqual(['SUBSCRIPTIONS_NOT_SUPPORTED']);
  expect(await codes('query ($n: Int!) { a(n: $n) }', { n: 'x' })).toEqual(['BAD_USER_INPUT']);
  const names = Array.from({ length: 200 }, (_, index) => `v${index}`);
  const many = `query (${names.map((name) => `$${name}: Int!`).join()}) { ${names.map((name) => `${name}: a(n: $${name})`).join(' ')} }`;
  expect(await codes(many)).toHaveLength(51);
  expect(gateway.calls).toEqual([]);
});

it('refuses a condition that is null, with and without rules', async () => {
  for (const options of [{}, { rules: shield({ Query: { a: allow, b: deny } }) }]) {
    const gateway = await createTestGateway(
      { s: { sdl: `${federation} type Query { a: String b: String }`, answer: () => ({ data: { a: 'x' } }) } },
      options,
    );
    closers.push(() => gateway.stop());
    const { errors } = await gateway.ask('query ($no: Boolean = true) { a @skip(if: $no) }', { no: null });
    expect(errors?.map(({ extensions }) => extensions?.['code'])).toEqual(['BAD_USER_INPUT']);
  }
});
