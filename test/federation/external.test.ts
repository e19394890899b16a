import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';

describe('an @external field', () => {
  it('is asked of its owner, never where it is external', async () => {
    const shop = await openFeature({
      orders: {
        sdl: `type Query { order: Order } type Order @key(fields: "id") { id: ID! weight: Int @external
          postage: Int @requires(fields: "weight") }`,
        resolvers: { Query: { order: () => ({ id: 'o', weight: -1 }) }, Order: { postage: () => 7 } },
      },
      scales: {
        sdl: 'type Order @key(fields: "id") { id: ID! weight: Int }',
        resolvers: { Order: { weight: () => 21 } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ order { id weight } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. orders: {order{__typename id}}
      2. scales, after 1: order {...on Order{weight}}"
    `);
    expect(answer).toEqual({ data: { order: { id: 'o', weight: 21 } } });
    expect(calls).toEqual(['orders', 'scales']);
  });

  it('that is a key is known where the entity is', async () => {
    const shop = await openFeature({
      users: {
        sdl: 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String }',
        resolvers: { Query: { me: () => ({ id: '1', name: 'Ann' }) } },
      },
      posts: {
        sdl: `type Query { latest: Post } type Post { author: User } extend type User @key(fields: "id") { id: ID! @external posts: Int }`,
        resolvers: { Query: { latest: () => ({ author: { id: '1' } }) }, User: { posts: () => 3 } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ latest { author { id posts } } }');
    expect(plan).toMatchInlineSnapshot(`"1. posts: {latest{author{id posts}}}"`);
    expect(answer).toEqual({ data: { latest: { author: { id: '1', posts: 3 } } } });
    expect(calls).toEqual(['posts']);
  });
});
