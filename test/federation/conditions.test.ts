import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const users: TestSubgraph = {
  sdl: 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String age: Int }',
  resolvers: { Query: { me: () => ({ id: '1', name: 'Ann', age: 30 }) } },
};
const posts: TestSubgraph = {
  sdl: `type User @key(fields: "id") { id: ID! name: String @external posts(first: Int): [Post!] greeting: String @requires(fields: "name") rank: Int }
    type Post { text: String }`,
  resolvers: {
    User: {
      posts: (_: unknown, { first }: { first?: number }) => [{ text: 'a' }, { text: 'b' }].slice(0, first ?? 2),
      greeting: ({ name }: { name: string }) => `hi ${name}`,
      rank: () => 1,
    },
  },
};

describe('@skip and @include', () => {
  it.each([
    [{ yes: true }, { me: { name: 'Ann', posts: [{ text: 'a' }, { text: 'b' }] } }, ['users', 'posts']],
    [{ yes: false }, { me: { name: 'Ann' } }, ['users']],
  ])('on the only field of a fetch decide about the call: %o', async (variables, data, subgraphs) => {
    const shop = await openFeature({ users, posts });
    const { plan, answer, calls } = await shop.ask(
      'query ($yes: Boolean!) { me { name posts @include(if: $yes) { text } } }',
      variables,
    );
    expect(plan).toBe('1. users: {me{__typename id name}}\n2. posts, after 1: me {...on User{posts{text}}} if $yes');
    expect(answer).toEqual({ data });
    expect(calls).toEqual(subgraphs);
  });

  it.each([
    [{ a: true, b: true }, {}],
    [{ a: true, b: false }, { rank: 1 }],
    [{ a: false, b: true }, { greeting: 'hi Ann' }],
    [
      { a: false, b: false },
      { greeting: 'hi Ann', rank: 1 },
    ],
  ])('with variables of their own combine: %o', async (variables, me) => {
    const shop = await openFeature({ users, posts });
    const { answer } = await shop.ask(
      'query ($a: Boolean!, $b: Boolean!) { me { greeting @skip(if: $a) rank @skip(if: $b) } }',
      variables,
    );
    expect(answer).toEqual({ data: { me } });
  });

  it('both on one field, on fragments and on nested ones, hold together', async () => {
    const shop = await openFeature({ users, posts });
    const query = `query ($a: Boolean = true, $b: Boolean = false) { me {
      ... @include(if: $a) { age ... on User @skip(if: $b) { posts(first: 1) { text @include(if: $a) @skip(if: $a) __typename } } }
      ...F @skip(if: $a)
    } } fragment F on User { name rank }`;
    expect((await shop.ask(query)).answer).toEqual({ data: { me: { age: 30, posts: [{ __typename: 'Post' }] } } });
    expect((await shop.ask(query, { a: false })).answer).toEqual({ data: { me: { name: 'Ann', rank: 1 } } });
    expect((await shop.ask(query, { a: true, b: true })).answer).toEqual({ data: { me: { age: 30 } } });
  });

  it('that are constant leave nothing to decide', async () => {
    const shop = await openFeature({ users, posts });
    const { plan, answer, calls } = await shop.ask('{ me { name rank @include(if: false) age @skip(if: false) } }');
    expect(plan).toMatchInlineSnapshot(`"1. users: {me{__typename id name age@skip(if:false)}}"`);
    expect(answer).toEqual({ data: { me: { name: 'Ann', age: 30 } } });
    expect(calls).toEqual(['users']);
  });

  it('that leave everything out leave an empty object', async () => {
    const shop = await openFeature({ users, posts });
    const query = 'query ($no: Boolean!) { me @include(if: $no) { name } }';
    expect((await shop.ask(query, { no: false })).answer).toEqual({ data: {} });
    expect((await shop.ask('query ($no: Boolean!) { me { name @include(if: $no) } }', { no: false })).answer).toEqual({
      data: { me: {} },
    });
  });
});
