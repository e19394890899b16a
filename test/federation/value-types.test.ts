import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const money =
  'type Money { amount: Int! currency: Currency! } enum Currency { EUR USD } input Range { from: Int to: Int = 9 }';
const shared = money.replace('type Money', 'type Money @shareable');

const prices: TestSubgraph = {
  sdl: `${shared} type Query { product(range: Range): Product } type Product @key(fields: "id") { id: ID! price: Money }`,
  resolvers: {
    Query: {
      product: (_: unknown, { range }: { range?: { to: number } }) => ({
        id: '1',
        price: { amount: range?.to ?? 1, currency: 'EUR' },
      }),
    },
  },
};
const costs: TestSubgraph = {
  sdl: `${shared} type Product @key(fields: "id") { id: ID! cost(range: Range): Money parts: [Part!] } type Part @shareable { cost: Money! }`,
  resolvers: {
    Product: {
      cost: (_: unknown, { range }: { range?: { to: number } }) => ({ amount: range?.to ?? 2, currency: 'USD' }),
      parts: () => [{ cost: { amount: 3, currency: 'USD' } }, { cost: { amount: 4, currency: 'EUR' } }],
    },
  },
};

describe('a value type', () => {
  it('is answered whole by whoever has the field of its type', async () => {
    const shop = await openFeature({ prices, costs });
    const { plan, answer, calls } = await shop.ask(
      '{ product { price { amount currency } cost { currency amount } parts { cost { amount } } } }',
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. prices: {product{__typename id price{amount currency}}}
      2. costs, after 1: product {...on Product{cost{currency amount}parts{cost{amount}}}}"
    `);
    expect(answer).toEqual({
      data: {
        product: {
          price: { amount: 1, currency: 'EUR' },
          cost: { currency: 'USD', amount: 2 },
          parts: [{ cost: { amount: 3 } }, { cost: { amount: 4 } }],
        },
      },
    });
    expect(calls).toEqual(['prices', 'costs']);
  });

  it('may be an input of several subgraphs', async () => {
    const shop = await openFeature({ prices, costs });
    const { answer } = await shop.ask(
      'query ($r: Range) { product(range: $r) { price { amount } cost(range: { from: 1 }) { amount } } }',
      { r: { to: 5 } },
    );
    expect(answer).toEqual({ data: { product: { price: { amount: 5 }, cost: { amount: 9 } } } });
  });

  it("that only some subgraphs know whole is completed by its parent's other subgraphs", async () => {
    const shop = await openFeature({
      users: {
        sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! home: Address @shareable } type Address { city: String @shareable }`,
        resolvers: { Query: { user: () => ({ id: '1', home: { city: 'Rome' } }) } },
      },
      maps: {
        sdl: `type User @key(fields: "id") { id: ID! home: Address @shareable } type Address { city: String @shareable street: String }`,
        resolvers: { User: { home: () => ({ city: 'Rome', street: 'Via' }) } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ user { home { city street } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. users: {user{__typename id home{city}}}
      2. maps, after 1: user {...on User{home{street}}}"
    `);
    expect(answer).toEqual({ data: { user: { home: { city: 'Rome', street: 'Via' } } } });
    expect(calls).toEqual(['users', 'maps']);
  });
});
