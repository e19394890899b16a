import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const products: TestSubgraph = {
  sdl: `type Query { product(id: ID!): Product }
    type Product @key(fields: "id") { id: ID! price: Int size: Size sender: Sender }
    type Size { height: Int width: Int units: [Unit!] } type Unit { name: String }
    union Sender = Person | Company type Person { name: String } type Company { title: String }`,
  resolvers: {
    Query: {
      product: (_: unknown, { id }: { id: string }) => ({
        id,
        price: id === '3' ? null : 10,
        size: { height: 2, width: 3, units: [{ name: 'cm' }, { name: 'in' }] },
        sender: id === '1' ? { __typename: 'Person', name: 'Ann' } : { __typename: 'Company', title: 'Acme' },
      }),
    },
  },
};

describe('@requires', () => {
  it('hands fields of another subgraph over with the key', async () => {
    const shop = await openFeature({
      products,
      taxes: {
        sdl: `type Product @key(fields: "id") { id: ID! price: Int @external tax: Int @requires(fields: "price") }`,
        resolvers: { Product: { tax: ({ price }: { price: number | null }) => (price === null ? -1 : price / 5) } },
      },
    });
    const { plan, answer, calls, requests } = await shop.ask(
      '{ a: product(id: 1) { tax } b: product(id: 3) { id tax } }',
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. products: {product(id:1){__typename id price}__atrium_1_product:product(id:3){__typename id price}}
      2. taxes, after 1: product and __atrium_1_product {...on Product{tax}}"
    `);
    expect(answer).toEqual({ data: { a: { tax: 2 }, b: { id: '3', tax: -1 } } });
    expect(calls).toEqual(['products', 'taxes']);
    expect(requests[1]?.variables).toEqual({
      _r0: [
        { __typename: 'Product', id: '1', price: 10 },
        { __typename: 'Product', id: '3', price: null },
      ],
    });
  });

  it('selects in nested objects and lists, and keeps to what it selects', async () => {
    const shop = await openFeature({
      products,
      parcels: {
        sdl: `type Product @key(fields: "id") { id: ID! size: Size @external
            parcel: String @requires(fields: "size { height units { name } }") }
          type Size { height: Int @external units: [Unit!] @external } type Unit { name: String @external }`,
        resolvers: { Product: { parcel: ({ size }: { size: object }) => JSON.stringify(size) } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ product(id: 1) { parcel size { width } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. products: {product(id:1){__typename id size{height units{name}width}}}
      2. parcels, after 1: product {...on Product{parcel}}"
    `);
    expect(answer).toEqual({
      data: {
        product: { parcel: '{"height":2,"units":[{"name":"cm"},{"name":"in"}]}', size: { width: 3 } },
      },
    });
    expect(calls).toEqual(['products', 'parcels']);
  });

  it('selects by type in a union, and says which type it is', async () => {
    const shop = await openFeature({
      products,
      letters: {
        sdl: `type Product @key(fields: "id") { id: ID! sender: Sender @external
            greeting: String @requires(fields: "sender { ... on Person { name } ... on Company { title } }") }
          union Sender = Person | Company type Person { name: String @external } type Company { title: String @external }`,
        resolvers: {
          Product: {
            greeting: ({ sender }: { sender: { name?: string; title?: string } }) =>
              `from ${sender.name ?? 'nobody'} of ${sender.title ?? 'nowhere'}`,
          },
        },
      },
    });
    const { plan, answer, calls, requests } = await shop.ask(
      '{ a: product(id: 1) { greeting } b: product(id: 2) { greeting } }',
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. products: {product(id:1){__typename id sender{__typename ...on Person{name}...on Company{title}}}__atrium_1_product:product(id:2){__typename id sender{__typename ...on Person{name}...on Company{title}}}}
      2. letters, after 1: product and __atrium_1_product {...on Product{greeting}}"
    `);
    expect(answer).toEqual({
      data: { a: { greeting: 'from Ann of nowhere' }, b: { greeting: 'from nobody of Acme' } },
    });
    expect(calls).toEqual(['products', 'letters']);
    expect(requests[1]?.variables).toEqual({
      _r0: [
        { __typename: 'Product', id: '1', sender: { __typename: 'Person', name: 'Ann' } },
        { __typename: 'Product', id: '2', sender: { __typename: 'Company', title: 'Acme' } },
      ],
    });
  });

  it('in a chain asks each subgraph when the one before has answered', async () => {
    const shop = await openFeature({
      products,
      taxes: {
        sdl: `type Product @key(fields: "id") { id: ID! price: Int @external tax: Int @requires(fields: "price") }`,
        resolvers: { Product: { tax: ({ price }: { price: number }) => price / 5 } },
      },
      invoices: {
        sdl: `type Product @key(fields: "id") { id: ID! tax: Int @external price: Int @external
          total: Int @requires(fields: "price tax") note: String @requires(fields: "tax") }`,
        resolvers: {
          Product: {
            total: ({ price, tax }: { price: number; tax: number }) => price + tax,
            note: ({ tax }: { tax: number }) => `tax ${tax}`,
          },
        },
      },
      books: {
        sdl: `type Product @key(fields: "id") { id: ID! total: Int @external entry: String @requires(fields: "total") }`,
        resolvers: { Product: { entry: ({ total }: { total: number }) => `= ${total}` } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ product(id: 1) { entry note } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. products: {product(id:1){__typename id price}}
      2. taxes, after 1: product {...on Product{tax}}
      3. invoices, after 1 and 2: product {...on Product{total note}}
      4. books, after 1 and 3: product {...on Product{entry}}"
    `);
    expect(answer).toEqual({ data: { product: { entry: '= 12', note: 'tax 2' } } });
    expect(calls).toEqual(['products', 'taxes', 'invoices', 'books']);
  });

  it('in a chain that begins where its second link is waits for the first', async () => {
    const shop = await openFeature({
      orders: {
        sdl: `type Query { order: Order } type Order @key(fields: "id") { id: ID! weight: Int @external
          postage: Int @requires(fields: "weight") }`,
        resolvers: {
          Query: { order: () => ({ id: 'o' }) },
          Order: { postage: ({ weight }: { weight: number }) => weight * 2 },
        },
      },
      scales: {
        sdl: 'type Order @key(fields: "id") { id: ID! weight: Int }',
        resolvers: { Order: { weight: () => 21 } },
      },
      labels: {
        sdl: `type Order @key(fields: "id") { id: ID! postage: Int @external label: String @requires(fields: "postage") }`,
        resolvers: { Order: { label: ({ postage }: { postage: number }) => `paid ${postage}` } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ order { label } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. orders: {order{__typename id}}
      2. scales, after 1: order {...on Order{weight}}
      3. orders, after 1 and 2: order {...on Order{postage}}
      4. labels, after 1 and 3: order {...on Order{label}}"
    `);
    expect(answer).toEqual({ data: { order: { label: 'paid 42' } } });
    expect(calls).toEqual(['orders', 'scales', 'orders', 'labels']);
  });

  it('goes back to the subgraph that started', async () => {
    const shop = await openFeature({
      orders: {
        sdl: `type Query { order: Order } type Order @key(fields: "id") { id: ID! weight: Int @external
          postage: Int @requires(fields: "weight") }`,
        resolvers: {
          Query: { order: () => ({ id: 'o' }) },
          Order: { postage: ({ weight }: { weight: number }) => weight * 2 },
        },
      },
      scales: {
        sdl: 'type Order @key(fields: "id") { id: ID! weight: Int }',
        resolvers: { Order: { weight: () => 21 } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ order { postage } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. orders: {order{__typename id}}
      2. scales, after 1: order {...on Order{weight}}
      3. orders, after 1 and 2: order {...on Order{postage}}"
    `);
    expect(answer).toEqual({ data: { order: { postage: 42 } } });
    expect(calls).toEqual(['orders', 'scales', 'orders']);
  });

  it('of a field that fails gets null, and the client its error', async () => {
    const failing = { price: () => Promise.reject(new Error('no price')) };
    const shop = await openFeature({
      products: { ...products, resolvers: { ...products.resolvers, Product: failing } },
      taxes: {
        sdl: `type Product @key(fields: "id") { id: ID! price: Int @external tax: Int @requires(fields: "price") }`,
        resolvers: { Product: { tax: ({ price }: { price: number | null }) => (price === null ? -1 : price / 5) } },
      },
    });
    const { answer, calls } = await shop.ask('{ product(id: 1) { tax } }');
    expect(answer).toEqual({
      data: { product: { tax: -1 } },
      errors: [{ message: 'no price', path: ['product'] }],
    });
    expect(calls).toEqual(['products', 'taxes']);
  });
});
