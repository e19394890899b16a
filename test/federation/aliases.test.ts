import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const users: TestSubgraph = {
  sdl: `type Query { me: User } type User @key(fields: "id") { id: ID! name: String boss: User strict: Int! }`,
  resolvers: {
    Query: { me: () => ({ id: '1' }) },
    User: {
      name: () => Promise.reject(new Error('no name')),
      boss: () => ({ id: '2' }),
      strict: () => Promise.reject(new Error('too strict')),
    },
  },
};
const posts: TestSubgraph = {
  sdl: 'type User @key(fields: "id") { id: ID! posts: Int }',
  resolvers: { User: { posts: ({ id }: { id: string }) => Number(id) * 10 } },
};

describe('one field under several response names', () => {
  it('is completed under each', async () => {
    const shop = await openFeature({ users, posts });
    const { plan, answer, calls } = await shop.ask(
      '{ a: me { boss { posts } } b: me { id chief: boss { x: posts } } }',
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. users: {me{boss{__typename id}}__atrium_1_me:me{id __atrium_1_boss:boss{__typename id}}}
      2. posts, after 1: me.boss and __atrium_1_me.__atrium_1_boss {...on User{posts}}"
    `);
    expect(answer).toEqual({ data: { a: { boss: { posts: 20 } }, b: { id: '1', chief: { x: 20 } } } });
    expect(calls).toEqual(['users', 'posts']);
  });

  it('that fails has its error under each', async () => {
    const shop = await openFeature({ users, posts });
    const { answer } = await shop.ask('{ me { a: name b: name } }');
    expect(answer).toEqual({
      data: { me: { a: null, b: null } },
      errors: [
        { message: 'no name', path: ['me', 'a'] },
        { message: 'no name', path: ['me', 'b'] },
      ],
    });
  });

  it('loses nothing to what fails below another', async () => {
    const shop = await openFeature({ users, posts });
    const { answer } = await shop.ask('{ me { a: boss { strict } boss { id posts } } }');
    expect(answer).toEqual({
      data: { me: { a: null, boss: { id: '2', posts: 20 } } },
      errors: [{ message: 'too strict', path: ['me', 'a', 'strict'] }],
    });
  });
});
