import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const users: TestSubgraph = {
  sdl: `type Query { echo(text: String = "default", list: [Int!] = [1, 2], input: Filter): String user(id: ID!): User }
    input Filter { name: String = "any" tags: [String!] nested: Filter }
    type User @key(fields: "id") { id: ID! }`,
  resolvers: {
    Query: {
      echo: (_: unknown, args: object) => JSON.stringify(args),
      user: (_: unknown, { id }: { id: string }) => ({ id }),
    },
  },
};
const posts: TestSubgraph = {
  sdl: `type User @key(fields: "id") { id: ID! posts(first: Int = 3, input: Search): String } input Search { text: String! exact: Boolean = false }`,
  resolvers: { User: { posts: ({ id }: { id: string }, args: object) => `${id} ${JSON.stringify(args)}` } },
};

describe('arguments', () => {
  it.each([
    ['{ echo }', {}, '{"text":"default","list":[1,2]}'],
    ['{ echo(text: null) }', {}, '{"text":null,"list":[1,2]}'],
    ['query ($t: String) { echo(text: $t) }', {}, '{"text":"default","list":[1,2]}'],
    ['query ($t: String) { echo(text: $t) }', { t: null }, '{"text":null,"list":[1,2]}'],
    ['query ($t: String = "mine") { echo(text: $t) }', {}, '{"text":"mine","list":[1,2]}'],
    ['query ($n: Int!) { echo(list: [1, $n]) }', { n: 5 }, '{"text":"default","list":[1,5]}'],
    ['query ($n: [Int!]) { echo(list: $n) }', { n: 5 }, '{"text":"default","list":[5]}'],
    [
      'query ($n: String) { echo(input: { nested: { name: $n, tags: "a" } }) }',
      {},
      '{"text":"default","list":[1,2],"input":{"name":"any","nested":{"name":"any","tags":["a"]}}}',
    ],
    [
      'query ($f: Filter) { echo(input: $f) }',
      { f: { tags: ['x'], nested: {} } },
      '{"text":"default","list":[1,2],"input":{"name":"any","tags":["x"],"nested":{"name":"any"}}}',
    ],
  ])('have the value a monolith would see: %s with %o', async (query, variables, echo) => {
    const shop = await openFeature({ users, posts });
    const { answer } = await shop.ask(query, variables);
    expect(answer).toEqual({ data: { echo } });
  });

  it('reach every subgraph that uses them and no other', async () => {
    const shop = await openFeature({ users, posts });
    const { plan, answer, requests } = await shop.ask(
      'query ($id: ID!, $first: Int, $text: String!) { user(id: $id) { posts(first: $first, input: { text: $text }) } }',
      { id: 1, first: 2, text: 'a', unknown: true },
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. users: {user(id:$id){__typename id}}
      2. posts, after 1: user {...on User{posts(first:$first input:{text:$text})}}"
    `);
    expect(answer).toEqual({ data: { user: { posts: '1 {"first":2,"input":{"text":"a","exact":false}}' } } });
    expect(requests.map(({ variables }) => Object.keys(variables))).toEqual([['id'], ['_r0', 'first', 'text']]);
  });

  it('of one field may differ under aliases, down to the entity', async () => {
    const shop = await openFeature({ users, posts });
    const { plan, answer, calls } = await shop.ask(
      'query ($n: Int) { a: user(id: 1) { one: posts(first: 1) n: posts(first: $n) posts } b: user(id: 2) { posts(first: 1) } }',
      { n: 9 },
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. users: {user(id:1){__typename id}__atrium_1_user:user(id:2){__typename id}}
      2. posts, after 1: user {...on User{__atrium_1_posts:posts(first:1)__atrium_2_posts:posts(first:$n)posts}}; __atrium_1_user {...on User{__atrium_1_posts:posts(first:1)}}"
    `);
    expect(answer).toEqual({
      data: {
        a: { one: '1 {"first":1}', n: '1 {"first":9}', posts: '1 {"first":3}' },
        b: { posts: '2 {"first":1}' },
      },
    });
    expect(calls).toEqual(['users', 'posts']);
  });
});

describe("a client's variable", () => {
  it.each(['representations', '_r0', '__r0', '_e0', '__proto__', 'constructor'])('may be called $%s', async (name) => {
    const shop = await openFeature({ users, posts });
    const { answer } = await shop.ask(
      `query ($${name}: Int, $id: ID!) { user(id: $id) { id posts(first: $${name}) } }`,
      JSON.parse(`{"${name}":4,"id":"1"}`),
    );
    expect(answer).toEqual({ data: { user: { id: '1', posts: '1 {"first":4}' } } });
  });

  it('that nothing uses is refused before any subgraph is asked', async () => {
    const shop = await openFeature({ users, posts });
    const { errors } = await shop.askInvalid('query ($x: Int) { user(id: 1) { id } }');
    expect(errors?.map(({ message }) => message)).toEqual(['Variable "$x" is never used.']);
  });

  it('of the wrong type is refused before any subgraph is asked', async () => {
    const shop = await openFeature({ users, posts });
    const { errors } = await shop.askInvalid('query ($x: Int) { user(id: 1) { posts(first: $x) } }', { x: 'one' });
    expect(errors?.map(({ message }) => message)).toEqual([
      'Variable "$x" got invalid value "one"; Int cannot represent non-integer value: "one"',
    ]);
  });
});
