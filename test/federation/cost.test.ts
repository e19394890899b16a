import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';

describe('@cost and @listSize', () => {
  it('load and change no answer', async () => {
    const shop = await openFeature({
      users: {
        sdl: `type Query { users(first: Int = 2 @cost(weight: 1)): [User!]! @listSize(slicingArguments: ["first"], assumedSize: 10) @cost(weight: 5) }
          type User @key(fields: "id") @cost(weight: 2) { id: ID! name: String @cost(weight: 3) }`,
        resolvers: {
          Query: {
            users: (_: unknown, { first }: { first: number }) =>
              ['1', '2', '3'].slice(0, first).map((id) => ({ id, name: `user ${id}` })),
          },
        },
      },
      posts: {
        sdl: 'type User @key(fields: "id") { id: ID! posts: [Post!] @listSize(assumedSize: 3) } type Post { text: String }',
        resolvers: { User: { posts: ({ id }: { id: string }) => [{ text: `by ${id}` }] } },
      },
    });
    expect(shop.supergraphSdl).toContain('https://specs.apollo.dev/cost/');
    const { plan, answer, calls } = await shop.ask('{ users(first: 1) { name posts { text } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. users: {users(first:1){__typename id name}}
      2. posts, after 1: users.@ {...on User{posts{text}}}"
    `);
    expect(answer).toEqual({ data: { users: [{ name: 'user 1', posts: [{ text: 'by 1' }] }] } });
    expect(calls).toEqual(['users', 'posts']);
  });

  it('load wherever they may stand', async () => {
    const shop = await openFeature({
      users: {
        sdl: `type Query { users(where: Where, first: Int): Page! @listSize(slicingArguments: ["first"], sizedFields: ["items"], requireOneSlicingArgument: false) }
          input Where { first: Int @cost(weight: 2) kind: Kind } enum Kind @cost(weight: 3) { ANY NONE } scalar Day @cost(weight: 4)
          type Page { items: [User!]! } type User @key(fields: "id") { id: ID! since: Day }`,
        resolvers: {
          Query: {
            users: (_: unknown, { where }: { where: { first: number; kind: string } }) => ({
              items: where.kind === 'ANY' ? [{ id: String(where.first), since: '2026-01-01' }] : [],
            }),
          },
        },
      },
      posts: {
        sdl: 'type User @key(fields: "id") { id: ID! posts: Int @cost(weight: 6) }',
        resolvers: { User: { posts: ({ id }: { id: string }) => Number(id) } },
      },
    });
    const { answer, calls } = await shop.ask('{ users(where: { first: 5, kind: ANY }) { items { since posts } } }');
    expect(answer).toEqual({ data: { users: { items: [{ since: '2026-01-01', posts: 5 }] } } });
    expect(calls).toEqual(['users', 'posts']);
  });
});
