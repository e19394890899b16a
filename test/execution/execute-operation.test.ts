import { afterEach, describe, expect, it } from 'vitest';
import { rememberingCache } from '../support/remembering-cache.ts';
import { createTestGateway } from '../support/create-test-gateway.ts';
import type { TestGateway, TestSubgraph } from '../support/create-test-gateway.ts';

const federation = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5",
  import: ["@key", "@requires", "@external", "@shareable", "@provides", "@inaccessible"])`;

const users = [
  { id: '1', name: 'Ann' },
  { id: '2', name: 'Bob' },
];

const accounts: TestSubgraph = {
  sdl: `${federation}
    type Query { me: User users: [User!]! user(id: ID!): User strict: User! }
    type Mutation { rename(id: ID!, name: String!): User touch: Boolean! }
    type User @key(fields: "id") { id: ID! name: String! price: Int weight: Int }`,
  resolvers: {
    Query: {
      me: () => ({ ...users[0], price: 2, weight: 3 }),
      users: () => users,
      user: (_: unknown, { id }: { id: string }) => users.find((user) => user.id === id) ?? null,
      strict: () => users[1],
    },
    Mutation: {
      rename: (_: unknown, { id, name }: { id: string; name: string }) => ({ id, name }),
      touch: () => true,
    },
    User: { __resolveReference: ({ id }: { id: string }) => users.find((user) => user.id === id) ?? null },
  },
};

const reviews: TestSubgraph = {
  sdl: `${federation}
    type User @key(fields: "id") {
      id: ID! price: Int @external weight: Int @external
      reviews: [Review!]
      shipping(unit: String = "kg"): String @requires(fields: "price weight")
    }
    interface Node { id: ID! }
    union Thing = Review | Note
    type Note { text: String }
    type Query { things: [Thing!]! nodes: [Node!]! }
    type Review implements Node { id: ID! body: String author: User! score: Int! }`,
  resolvers: {
    Query: { things: () => [review('a', '1'), { __typename: 'Note', text: 'n' }], nodes: () => [review('a', '1')] },
    User: {
      __resolveReference: (reference: object) => reference,
      reviews: ({ id }: { id: string }) => (id === '1' ? [review('a', '2'), review('b', '2'), review('c', '1')] : []),
      shipping: ({ price, weight }: { price: number; weight: number }, { unit }: { unit: string }) =>
        `${price * weight} ${unit}`,
    },
  },
};

function review(id: string, author: string) {
  return { __typename: 'Review', id, body: `body ${id}`, author: { id: author }, score: 5 };
}

let gateway: TestGateway;
afterEach(() => gateway.stop());

function answering(sdl: string, answer: NonNullable<TestSubgraph['answer']>): TestSubgraph {
  return { sdl, answer };
}

describe('executing an operation', () => {
  it('fetches under names of its own: an alias never takes the place of a key or a required field', async () => {
    gateway = await createTestGateway({ accounts, reviews });
    const { data, errors } = await gateway.ask('{ me { id: name price: name shipping reviews: id __typename: name } }');
    expect(errors).toBeUndefined();
    expect(data).toEqual({ me: { id: 'Ann', price: 'Ann', shipping: '6 kg', reviews: '1', __typename: 'Ann' } });
  });

  it('asks each entity once, however often it is met', async () => {
    gateway = await createTestGateway({ accounts, reviews });
    const { data } = await gateway.ask('{ me { reviews { id author { name } } } }');
    expect(data).toEqual({
      me: {
        reviews: [
          { id: 'a', author: { name: 'Bob' } },
          { id: 'b', author: { name: 'Bob' } },
          { id: 'c', author: { name: 'Ann' } },
        ],
      },
    });
    expect(gateway.calls.map(({ subgraph }) => subgraph)).toEqual(['accounts', 'reviews', 'accounts']);
    expect(gateway.calls[2]?.variables).toEqual({
      _r0: [
        { __typename: 'User', id: '2' },
        { __typename: 'User', id: '1' },
      ],
    });
  });

  it('writes what one subgraph is asked for at several places into one request', async () => {
    gateway = await createTestGateway({ accounts, reviews });
    const { data } = await gateway.ask(
      'query ($u: String) { me { shipping(unit: $u) } users { reviews { id } } strict { shipping other: shipping(unit: "lb") } }',
      { u: 'g' },
    );
    expect(data).toMatchObject({ me: { shipping: '6 g' }, users: [{ reviews: [{}, {}, {}] }, { reviews: [] }] });
    expect(gateway.calls.map(({ subgraph }) => subgraph)).toEqual(['accounts', 'reviews']);
    expect(gateway.calls[1]?.query).toMatchInlineSnapshot(
      `"query($_r0:[_Any!]!,$u:String,$_r1:[_Any!]!,$_r2:[_Any!]!,$__atrium_l0:String!){_e0:_entities(representations:$_r0){...on User{__atrium_1_shipping:shipping(unit:$u)}} _e1:_entities(representations:$_r1){...on User{reviews{id}}} _e2:_entities(representations:$_r2){...on User{shipping __atrium_2_shipping:shipping(unit:$__atrium_l0)}}}"`,
    );
  });

  it('answers introspection, type names and data in one operation', async () => {
    gateway = await createTestGateway({ accounts, reviews });
    const { data, errors } = await gateway.ask(
      `query ($t: String!) {
      __typename ...Q t: __type(name: $t) { name } nodes { __typename id ... on Review { score } }
    } fragment Q on Query { __schema { queryType { name } } me { __typename } }`,
      { t: 'User' },
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      __typename: 'Query',
      __schema: { queryType: { name: 'Query' } },
      me: { __typename: 'User' },
      t: { name: 'User' },
      nodes: [{ __typename: 'Review', id: 'a', score: 5 }],
    });
  });

  it('keeps response names that exist on every JavaScript object apart from it', async () => {
    gateway = await createTestGateway({ accounts, reviews });
    const { data, errors } = await gateway.ask(
      'query ($__proto__: ID!) { __proto__: me { constructor: name toString: id polluted: reviews { __proto__: body } } user(id: $__proto__) { id } }',
      JSON.parse('{"__proto__":"2"}'),
    );
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data)).toBe(
      '{"__proto__":{"constructor":"Ann","toString":"1","polluted":[{"__proto__":"body a"},{"__proto__":"body b"},{"__proto__":"body c"}]},"user":{"id":"2"}}',
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('skips what @skip and @include leave out, also the fetch behind it', async () => {
    gateway = await createTestGateway({ accounts, reviews });
    const query = 'query ($yes: Boolean!) { me { id reviews @include(if: $yes) { id } name @skip(if: $yes) } }';
    expect((await gateway.ask(query, { yes: false })).data).toEqual({ me: { id: '1', name: 'Ann' } });
    expect(gateway.calls).toHaveLength(1);
    expect(Object.keys((await gateway.ask(query, { yes: true })).data?.['me'] ?? {})).toEqual(['id', 'reviews']);
  });

  it('runs mutations in order and completes their results', async () => {
    gateway = await createTestGateway({ accounts, reviews });
    const { data } = await gateway.ask('mutation { rename(id: "1", name: "Zoe") { name reviews { id } } touch }');
    expect(data).toEqual({ rename: { name: 'Zoe', reviews: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] }, touch: true });
  });
});

describe('an answer that is not what was asked', () => {
  const query = '{ me { name reviews { body } } }';

  async function askWith(answer: NonNullable<TestSubgraph['answer']>) {
    gateway = await createTestGateway({ accounts, reviews: answering(reviews.sdl, answer) });
    return gateway.ask(query);
  }

  it('is pruned to the selection: a subgraph cannot overwrite what another one owns', async () => {
    const { data } = await askWith(() => ({
      data: { _entities: [{ __typename: 'User', name: 'EVIL', id: '9', reviews: [{ body: 'x', id: 'extra' }] }] },
    }));
    expect(data).toEqual({ me: { name: 'Ann', reviews: [{ body: 'x' }] } });
  });

  it.each([
    ['errors alone', { errors: [{ message: 'no', extensions: { code: 'NO', secret: 1 } }] }, 'no', 'NO'],
    ['null data', { data: null, errors: [{ message: 'no' }] }, 'no', 'DOWNSTREAM_SERVICE_ERROR'],
    [
      'an error at the entity',
      { data: { _entities: [null] }, errors: [{ message: 'no', path: ['_entities', 0] }] },
      'no',
      'DOWNSTREAM_SERVICE_ERROR',
    ],
    [
      'an error at the field',
      { data: { _entities: [{ reviews: null }] }, errors: [{ message: 'no', path: ['_entities', 0, 'reviews'] }] },
      'no',
      'DOWNSTREAM_SERVICE_ERROR',
    ],
    [
      'an error below the field',
      {
        data: { _entities: [{ reviews: null }] },
        errors: [{ message: 'no', path: ['_entities', 0, 'reviews', 3, 'score'] }],
      },
      'no',
      'DOWNSTREAM_SERVICE_ERROR',
    ],
    [
      'too few entities',
      { data: { _entities: [] } },
      'A subgraph did not answer what it was asked.',
      'SUBGRAPH_INVALID_RESPONSE',
    ],
    [
      'too many entities',
      { data: { _entities: [{}, {}] } },
      'A subgraph did not answer what it was asked.',
      'SUBGRAPH_INVALID_RESPONSE',
    ],
    [
      'entities that are no list',
      { data: { _entities: 'x' } },
      'A subgraph did not answer what it was asked.',
      'SUBGRAPH_INVALID_RESPONSE',
    ],
    [
      'an entity that is no object',
      { data: { _entities: [7] } },
      'A subgraph did not answer what it was asked.',
      'SUBGRAPH_INVALID_RESPONSE',
    ],
    [
      'an entity without the field',
      { data: { _entities: [{ __typename: 'User' }] } },
      'No subgraph answered for User.reviews.',
      'SUBGRAPH_INVALID_RESPONSE',
    ],
    [
      'a value that does not fit',
      { data: { _entities: [{ reviews: 'x' }] } },
      'The value of User.reviews does not fit its type [Review!].',
      'SUBGRAPH_INVALID_RESPONSE',
    ],
  ])('with %s is null with an error at its path', async (_, answer, message, code) => {
    const response = await askWith(() => answer);
    expect(response.data).toEqual({ me: { name: 'Ann', reviews: null } });
    expect(response.errors).toHaveLength(1);
    expect(response.errors?.[0]).toMatchObject({ message, extensions: { code } });
    expect(response.errors?.[0]?.path?.slice(0, 2)).toEqual(['me', 'reviews']);
    expect(response.errors?.[0]?.extensions).not.toHaveProperty('secret');
  });

  it('cannot stand in for an owner that was not asked, by leaving out or changing a type name', async () => {
    for (const typeName of [undefined, 'Nobody']) {
      gateway = await createTestGateway({
        accounts: answering(accounts.sdl, () => ({
          data: { me: { __typename: typeName, id: '1', reviews: [{ body: 'EVIL' }] } },
        })),
        reviews,
      });
      const response = await gateway.ask(query.replace('name', 'id'));
      expect(JSON.stringify(response)).not.toContain('EVIL');
      expect(response.errors).toHaveLength(1);
      await gateway.stop();
    }
  });

  it('with any number of errors, however deep, leaves the rest of the answer whole', async () => {
    const deep = Array.from({ length: 20_000 }, () => 'x');
    const errors = [
      ...Array.from({ length: 20_000 }, (_, index) => ({ message: 'm', extensions: { code: `C${index}` } })),
      { message: 'deep', path: deep },
    ];
    const response = await askWith(() => ({ data: { _entities: [{ reviews: null }] }, errors }));
    expect(response.data).toEqual({ me: { name: 'Ann', reviews: null } });
    expect(response.errors?.length).toBeLessThan(250);
  });

  it('with a null entity and no error is null without one', async () => {
    expect(await askWith(() => ({ data: { _entities: [null] } }))).toEqual({
      data: { me: { name: 'Ann', reviews: null } },
    });
  });

  it('from a subgraph that cannot be reached says so without naming its address', async () => {
    const response = await askWith(() => Promise.reject(new Error('connect ECONNREFUSED http://reviews.test:9')));
    expect(response).toEqual({
      data: { me: { name: 'Ann', reviews: null } },
      errors: [
        {
          message: 'A subgraph cannot be reached.',
          path: ['me', 'reviews'],
          extensions: { code: 'SUBGRAPH_UNREACHABLE' },
        },
      ],
    });
  });

  it('with an error without a path is data with that error', async () => {
    const response = await askWith(() => ({ data: { _entities: [{ reviews: [] }] }, errors: [{ message: 'slow' }] }));
    expect(response.data).toEqual({ me: { name: 'Ann', reviews: [] } });
    expect(response.errors).toEqual([{ message: 'slow', extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } }]);
  });

  it.each([
    ['a null where the type forbids it', { name: null }, 'Cannot return null for non-nullable field User.name.'],
    ['a number where a text belongs', { name: 7 }, 'The value of User.name does not fit its type String.'],
    ['nothing', {}, 'No subgraph answered for User.name.'],
  ])('with %s makes the nearest nullable position null, with an error at the value', async (_, user, message) => {
    gateway = await createTestGateway({ accounts: answering(accounts.sdl, () => ({ data: { me: user } })), reviews });
    expect(await gateway.ask('{ me { name } }')).toEqual({
      data: { me: null },
      errors: [{ message, path: ['me', 'name'], extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' } }],
    });
  });

  it('never gives null data without an error', async () => {
    gateway = await createTestGateway({
      accounts: answering(accounts.sdl, () => ({ data: { strict: null } })),
      reviews,
    });
    expect(await gateway.ask('{ strict { name } }')).toEqual({
      data: null,
      errors: [
        {
          message: 'Cannot return null for non-nullable field Query.strict.',
          path: ['strict'],
          extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' },
        },
      ],
    });
  });

  it.each(['Unknown', 'User', undefined])(
    'with the type name %s for a union is null with an error',
    async (typeName) => {
      const things = [{ __typename: typeName, id: 'a' }];
      gateway = await createTestGateway({ accounts, reviews: answering(reviews.sdl, () => ({ data: { things } })) });
      const response = await gateway.ask('{ things { __typename ... on Review { id } } }');
      expect(response.data).toBeNull();
      expect(response.errors?.map(({ message, path }) => ({ message, path }))).toEqual([
        { message: 'The value of Query.things does not fit its type Thing.', path: ['things', 0] },
      ]);
    },
  );

  it('gives every position that shares an entity its own error, and sums up those beyond a hundred', async () => {
    const many = Array.from({ length: 150 }, () => ({ id: 'x', author: { __typename: 'User', id: '2' } }));
    gateway = await createTestGateway({
      accounts: answering(accounts.sdl, ({ query }) =>
        query.includes('_entities')
          ? { errors: [{ message: 'down' }] }
          : { data: { me: { __typename: 'User', id: '1' } } },
      ),
      reviews: answering(reviews.sdl, () => ({ data: { _entities: [{ reviews: many }] } })),
    });
    const { errors } = await gateway.ask('{ me { reviews { author { price } } } }');
    expect(errors).toHaveLength(101);
    expect(errors?.[99]?.path).toEqual(['me', 'reviews', 99, 'author', 'price']);
    expect(errors?.[100]).toEqual({
      message: '50 more errors like this at User.price: down',
      extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', count: 50 },
    });
  });
});

describe('the entity cache', () => {
  it('is asked first, and only what it lacks is fetched', async () => {
    const cache = rememberingCache();
    gateway = await createTestGateway({ accounts, reviews }, { createCache: () => cache });
    const query = '{ users { reviews { body } } }';
    const first = await gateway.ask(query);
    expect(await gateway.ask(query)).toEqual(first);
    expect(gateway.calls.map(({ subgraph }) => subgraph)).toEqual(['accounts', 'reviews']);
  });

  it('tells apart operations that differ only in the defaults of their variables', async () => {
    const cache = rememberingCache();
    gateway = await createTestGateway({ accounts, reviews }, { createCache: () => cache });
    const shipping = async (unit: string) =>
      (await gateway.ask(`query ($unit: String = "${unit}") { me { shipping(unit: $unit) } }`)).data?.['me'];
    expect(await shipping('kg')).toEqual({ shipping: '6 kg' });
    expect(await shipping('lb')).toEqual({ shipping: '6 lb' });
  });

  it.each([
    ['without a place keeps nothing of the answer', {}, ['1', '2']],
    ['at an entity keeps the others', { path: ['_entities', 1] }, ['2']],
  ])('is not given what an error concerns: one %s', async (_, place, askedAgain) => {
    const answer: TestSubgraph['answer'] = () => ({
      data: { _entities: [{ reviews: [] }, { reviews: [] }] },
      errors: [{ message: 'm', ...place }],
    });
    gateway = await createTestGateway(
      { accounts, reviews: answering(reviews.sdl, answer) },
      { createCache: () => rememberingCache() },
    );
    const query = '{ users { reviews { id } } }';
    await gateway.ask(query);
    await gateway.ask(query);
    const representations = Object.values(gateway.calls.at(-1)?.variables ?? {}).flat();
    expect(representations).toEqual(askedAgain.map((id) => ({ __typename: 'User', id })));
  });

  it('is not asked for what a mutation returns', async () => {
    const cache = rememberingCache();
    gateway = await createTestGateway({ accounts, reviews }, { createCache: () => cache });
    const query = 'mutation { rename(id: "1", name: "Zoe") { reviews { id } } }';
    await gateway.ask(query);
    await gateway.ask(query);
    expect(gateway.calls.filter(({ subgraph }) => subgraph === 'reviews')).toHaveLength(2);
  });
});
