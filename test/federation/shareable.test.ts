import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const users: TestSubgraph = {
  sdl: `type Query { me: User now: Int @shareable } type User @key(fields: "id") { id: ID! name: String @shareable age: Int }`,
  resolvers: { Query: { me: () => ({ id: '1', name: 'Ann' }), now: () => 7 }, User: { age: () => 30 } },
};
const posts: TestSubgraph = {
  sdl: `type Query { post: Post now: Int @shareable } type Post { text: String author: User }
    type User @key(fields: "id") { id: ID! name: String @shareable posts: Int }`,
  resolvers: {
    Query: { post: () => ({ text: 'hi', author: { id: '1', name: 'Ann' } }), now: () => 7 },
    User: { posts: () => 3 },
  },
};

describe('@shareable', () => {
  it.each([
    ['{ me { name } }', { me: { name: 'Ann' } }, ['users']],
    ['{ post { author { name } } }', { post: { author: { name: 'Ann' } } }, ['posts']],
    ['{ post { text } now }', { post: { text: 'hi' }, now: 7 }, ['posts']],
  ])('answers %s from the subgraph that is asked anyway', async (query, data, subgraphs) => {
    const shop = await openFeature({ users, posts });
    const { answer, calls } = await shop.ask(query);
    expect(answer).toEqual({ data });
    expect(calls).toEqual(subgraphs);
  });

  it('asks for the rest elsewhere', async () => {
    const shop = await openFeature({ users, posts });
    const { plan, answer, calls } = await shop.ask('{ post { author { name age } } me { name posts } now }');
    expect(plan).toMatchInlineSnapshot(`
      "1. posts: {post{author{__typename id name}}now}
      2. users: {me{__typename id name}}
      3. users, after 1: post.author {...on User{age}}
      4. posts, after 2: me {...on User{posts}}"
    `);
    expect(answer).toEqual({
      data: { post: { author: { name: 'Ann', age: 30 } }, me: { name: 'Ann', posts: 3 }, now: 7 },
    });
    expect(calls.toSorted()).toEqual(['posts', 'posts', 'users', 'users']);
  });
});
