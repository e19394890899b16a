import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';

const users = [
  { id: '1', email: 'ann@shop.example', name: 'Ann' },
  { id: '2', email: 'bob@shop.example', name: 'Bob' },
];

describe('a key', () => {
  it('of one field finds each entity once', async () => {
    const shop = await openFeature({
      orders: {
        sdl: `type Query { orders: [Order!]! } type Order { id: ID! buyer: User }
          type User @key(fields: "id", resolvable: false) { id: ID! }`,
        resolvers: {
          Query: {
            orders: () => [
              { id: 'a', buyer: { id: '1' } },
              { id: 'b', buyer: { id: '2' } },
              { id: 'c', buyer: { id: '1' } },
              { id: 'd', buyer: null },
              { id: 'e', buyer: { id: '3' } },
            ],
          },
        },
      },
      users: {
        sdl: 'type User @key(fields: "id") { id: ID! name: String }',
        resolvers: {
          User: { __resolveReference: ({ id }: { id: string }) => users.find((user) => user.id === id) ?? null },
        },
      },
    });
    const { plan, answer, calls, requests } = await shop.ask('{ orders { id buyer { name } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. orders: {orders{id buyer{__typename id}}}
      2. users, after 1: orders.@.buyer {...on User{name}}"
    `);
    expect(answer).toEqual({
      data: {
        orders: [
          { id: 'a', buyer: { name: 'Ann' } },
          { id: 'b', buyer: { name: 'Bob' } },
          { id: 'c', buyer: { name: 'Ann' } },
          { id: 'd', buyer: null },
          { id: 'e', buyer: { name: null } },
        ],
      },
    });
    expect(calls).toEqual(['orders', 'users']);
    expect(requests[1]?.variables).toEqual({
      _r0: ['1', '2', '3'].map((id) => ({ __typename: 'User', id })),
    });
  });

  it('of several fields is sent whole', async () => {
    const shop = await openFeature({
      stock: {
        sdl: `type Query { items: [Item!]! } type Item @key(fields: "shop sku") { shop: Int! sku: String! left: Int }`,
        resolvers: {
          Query: {
            items: () => [
              { shop: 1, sku: 'x', left: 5 },
              { shop: 2, sku: 'x', left: 6 },
            ],
          },
        },
      },
      prices: {
        sdl: 'type Item @key(fields: "sku shop") { shop: Int! sku: String! price: Int }',
        resolvers: {
          Item: { price: ({ shop, sku }: { shop: number; sku: string }) => (sku === 'x' ? shop * 10 : null) },
        },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ items { left price } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. stock: {items{__typename sku shop left}}
      2. prices, after 1: items.@ {...on Item{price}}"
    `);
    expect(answer).toEqual({
      data: {
        items: [
          { left: 5, price: 10 },
          { left: 6, price: 20 },
        ],
      },
    });
    expect(calls).toEqual(['stock', 'prices']);
  });

  it('that is nested keeps lists and objects as they are', async () => {
    const shop = await openFeature({
      carts: {
        sdl: `type Query { cart: Cart } type Cart @key(fields: "owner { id } tags { name }") { owner: Owner! tags: [Tag!]! }
          type Owner { id: ID! @shareable } type Tag { name: String! @shareable }`,
        resolvers: { Query: { cart: () => ({ owner: { id: '1' }, tags: [{ name: 'b' }, { name: 'a' }] }) } },
      },
      sums: {
        sdl: `type Cart @key(fields: "owner { id } tags { name }") { owner: Owner! tags: [Tag!]! sum: String }
          type Owner { id: ID! @shareable } type Tag { name: String! @shareable }`,
        resolvers: {
          Cart: {
            sum: ({ owner, tags }: { owner: { id: string }; tags: { name: string }[] }) =>
              `${owner.id}:${tags.map(({ name }) => name).join()}`,
          },
        },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ cart { sum } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. carts: {cart{__typename owner{id}tags{name}}}
      2. sums, after 1: cart {...on Cart{sum}}"
    `);
    expect(answer).toEqual({ data: { cart: { sum: '1:b,a' } } });
    expect(calls).toEqual(['carts', 'sums']);
  });

  it('that only a third subgraph can translate goes over it', async () => {
    const shop = await openFeature({
      accounts: {
        sdl: 'type Query { me: User } type User @key(fields: "id") { id: ID! }',
        resolvers: { Query: { me: () => ({ id: '2' }) } },
      },
      directory: {
        sdl: 'type User @key(fields: "id") @key(fields: "email") { id: ID! email: String! }',
        resolvers: {
          User: {
            __resolveReference: (key: { id?: string; email?: string }) =>
              users.find(({ id, email }) => id === key.id || email === key.email) ?? null,
          },
        },
      },
      letters: {
        sdl: 'type User @key(fields: "email") { email: String! letters: [String!] }',
        resolvers: { User: { letters: ({ email }: { email: string }) => [`to ${email}`] } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ me { letters } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. accounts: {me{__typename id}}
      2. directory, after 1: me {...on User{email}}
      3. letters, after 1 and 2: me {...on User{letters}}"
    `);
    expect(answer).toEqual({ data: { me: { letters: ['to bob@shop.example'] } } });
    expect(calls).toEqual(['accounts', 'directory', 'letters']);
  });

  it('is chosen among several for each subgraph', async () => {
    const shop = await openFeature({
      directory: {
        sdl: `type Query { users: [User!]! } type User @key(fields: "id") @key(fields: "email") { id: ID! email: String! }`,
        resolvers: { Query: { users: () => users } },
      },
      names: {
        sdl: 'type User @key(fields: "id") { id: ID! name: String }',
        resolvers: { User: { name: ({ id }: { id: string }) => users.find((user) => user.id === id)?.name } },
      },
      letters: {
        sdl: 'type User @key(fields: "email") { email: String! letters: [String!] }',
        resolvers: { User: { letters: ({ email }: { email: string }) => [`to ${email}`] } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ users { name letters } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. directory: {users{__typename email id}}
      2. letters, after 1: users.@ {...on User{letters}}
      3. names, after 1: users.@ {...on User{name}}"
    `);
    expect(answer).toEqual({
      data: {
        users: [
          { name: 'Ann', letters: ['to ann@shop.example'] },
          { name: 'Bob', letters: ['to bob@shop.example'] },
        ],
      },
    });
    expect(calls.toSorted()).toEqual(['directory', 'letters', 'names']);
  });
});
