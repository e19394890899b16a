import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const rates: Readonly<Record<string, number>> = { USD: 100, EUR: 90, GBP: 80 };

const products: TestSubgraph = {
  sdl: `type Query { product: Product products: [Product!]! }
    type Product @key(fields: "id") { id: ID! price(currency: String = "USD"): Int parts: [Part!]! }
    type Part @key(fields: "id") { id: ID! price(currency: String!): Int }`,
  resolvers: {
    Query: { product: () => ({ id: '1' }), products: () => [{ id: '1' }, { id: '2' }] },
    Product: {
      price: ({ id }: { id: string }, { currency }: { currency: string }) => Number(id) * (rates[currency] ?? 0),
      parts: () => [{ id: '3' }, { id: '4' }],
    },
    Part: {
      price: ({ id }: { id: string }, { currency }: { currency: string }) => Number(id) * (rates[currency] ?? 0),
    },
  },
};

const shipping: TestSubgraph = {
  sdl: `type Product @key(fields: "id") {
      id: ID!
      price(currency: String = "USD"): Int @external
      parts: [Part!]! @external
      toBerlin(unit: String = ""): String @requires(fields: "price(currency: \\"EUR\\")")
      toLondon(unit: String = ""): String @requires(fields: "price(currency: \\"GBP\\")")
      toBoston: String @requires(fields: "price")
      partsToBerlin: String @requires(fields: "parts { price(currency: \\"EUR\\") }")
    }
    type Part @key(fields: "id") { id: ID! price(currency: String!): Int @external }`,
  resolvers: {
    Product: {
      toBerlin: ({ price }: { price: number }, { unit }: { unit: string }) => `${price} EUR${unit}`,
      toLondon: ({ price }: { price: number }, { unit }: { unit: string }) => `${price} GBP${unit}`,
      toBoston: ({ price }: { price: number }) => `${price} USD`,
      partsToBerlin: ({ parts }: { parts: { price: number }[] }) => parts.map(({ price }) => price).join(),
    },
  },
};

describe('two @requires of one field with different arguments', () => {
  const query = '{ product { toBerlin toLondon } }';

  it('each get their own value', async () => {
    const shop = await openFeature({ products, shipping });
    const { plan, answer, calls } = await shop.ask(query);
    expect(plan).toMatchInlineSnapshot(`
      "1. products: {product{__typename id required_1_price:price(currency:"GBP")required_0_price:price(currency:"EUR")}}
      2. shipping, after 1: product {...on Product{toBerlin}}; product {...on Product{toLondon}}"
    `);
    expect(answer).toEqual({ data: { product: { toBerlin: '90 EUR', toLondon: '80 GBP' } } });
    expect(calls).toEqual(['products', 'shipping']);
  });

  it('the stock gateway mixes them up', async () => {
    const shop = await openFeature({ products, shipping });
    expect(await shop.askStock(query)).toEqual({ data: { product: { toBerlin: '80 EUR', toLondon: '80 GBP' } } });
  });

  it('get their own values in every item of a list, the default among them', async () => {
    const shop = await openFeature({ products, shipping });
    const { answer, calls, requests } = await shop.ask('{ products { toBoston toLondon toBerlin } }');
    expect(answer).toEqual({
      data: {
        products: [
          { toBoston: '100 USD', toLondon: '80 GBP', toBerlin: '90 EUR' },
          { toBoston: '200 USD', toLondon: '160 GBP', toBerlin: '180 EUR' },
        ],
      },
    });
    expect(calls).toEqual(['products', 'shipping']);
    expect(requests[1]?.variables).toEqual({
      _r0: [
        { __typename: 'Product', id: '1', price: 100 },
        { __typename: 'Product', id: '2', price: 200 },
      ],
      _r1: [
        { __typename: 'Product', id: '1', price: 80 },
        { __typename: 'Product', id: '2', price: 160 },
      ],
      _r2: [
        { __typename: 'Product', id: '1', price: 90 },
        { __typename: 'Product', id: '2', price: 180 },
      ],
    });
  });

  it('send each variable only with the fields that use it', async () => {
    const shop = await openFeature({ products, shipping });
    const { plan, answer } = await shop.ask(
      'query ($a: String, $b: String) { product { x: toBerlin(unit: $a) toLondon(unit: $b) } }',
      { a: '/kg', b: '/lb' },
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. products: {product{__typename id required_1_price:price(currency:"GBP")required_0_price:price(currency:"EUR")}}
      2. shipping, after 1: product {...on Product{toBerlin(unit:$a)}}; product {...on Product{toLondon(unit:$b)}}"
    `);
    expect(answer).toEqual({ data: { product: { x: '90 EUR/kg', toLondon: '80 GBP/lb' } } });
  });

  it('may need it of nested objects', async () => {
    const shop = await openFeature({ products, shipping });
    const { plan, answer, calls } = await shop.ask(
      '{ product { partsToBerlin toLondon parts { id price(currency: "USD") } } }',
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. products: {product{__typename id required_1_price:price(currency:"GBP")parts{required_0_price:price(currency:"EUR")id price(currency:"USD")}}}
      2. shipping, after 1: product {...on Product{partsToBerlin}}; product {...on Product{toLondon}}"
    `);
    expect(answer).toEqual({
      data: {
        product: {
          partsToBerlin: '270,360',
          toLondon: '80 GBP',
          parts: [
            { id: '3', price: 300 },
            { id: '4', price: 400 },
          ],
        },
      },
    });
    expect(calls).toEqual(['products', 'shipping']);
  });

  it('the stock gateway mixes nested ones up with what the client asked', async () => {
    const shop = await openFeature({ products, shipping });
    expect(await shop.askStock('{ product { partsToBerlin parts { price(currency: "USD") } } }')).toEqual({
      data: { product: { partsToBerlin: '270,360', parts: [{ price: 270 }, { price: 360 }] } },
    });
  });
});

describe('a client that asks a required field with other arguments', () => {
  const query = '{ product { price toBerlin } }';

  it('gets its own value, and the requirement its own', async () => {
    const shop = await openFeature({ products, shipping });
    const { plan, answer, calls } = await shop.ask(query);
    expect(plan).toMatchInlineSnapshot(`
      "1. products: {product{__typename id price required_0_price:price(currency:"EUR")}}
      2. shipping, after 1: product {...on Product{toBerlin}}"
    `);
    expect(answer).toEqual({ data: { product: { price: 100, toBerlin: '90 EUR' } } });
    expect(calls).toEqual(['products', 'shipping']);
  });

  it('the stock gateway mixes them up', async () => {
    const shop = await openFeature({ products, shipping });
    expect(await shop.askStock(query)).toEqual({ data: { product: { price: 100, toBerlin: '100 EUR' } } });
  });

  it('may ask it several times under names of its own', async () => {
    const shop = await openFeature({ products, shipping });
    const { answer } = await shop.ask(
      'query ($c: String) { product { toBerlin price(currency: $c) usd: price gbp: price(currency: "GBP") } }',
      { c: 'EUR' },
    );
    expect(answer).toEqual({ data: { product: { toBerlin: '90 EUR', price: 90, usd: 100, gbp: 80 } } });
  });
});

describe('an alias that is the name of a field somebody needs', () => {
  const query = '{ product { price: id id: price toBerlin } }';

  it('takes no value from it', async () => {
    const shop = await openFeature({ products, shipping });
    const { plan, answer } = await shop.ask(query);
    expect(plan).toMatchInlineSnapshot(`
      "1. products: {product{__typename id price required_0_price:price(currency:"EUR")}}
      2. shipping, after 1: product {...on Product{toBerlin}}"
    `);
    expect(answer).toEqual({ data: { product: { price: '1', id: 100, toBerlin: '90 EUR' } } });
  });

  it('the stock gateway takes one for the other', async () => {
    const shop = await openFeature({ products, shipping });
    expect(await shop.askStock(query)).toEqual({ data: { product: { price: '1', id: null, toBerlin: '1 EUR' } } });
  });
});

describe('chains of @requires with arguments', () => {
  const weights: TestSubgraph = {
    sdl: 'type Query { box: Box } type Box @key(fields: "id") { id: ID! weight(unit: String!): Int }',
    resolvers: {
      Query: { box: () => ({ id: '7' }) },
      Box: { weight: (_: unknown, { unit }: { unit: string }) => (unit === 'g' ? 1000 : 1) },
    },
  };
  const tariffs: TestSubgraph = {
    sdl: `type Box @key(fields: "id") {
      id: ID! weight(unit: String!): Int @external
      fee(express: Boolean!): Int @requires(fields: "weight(unit: \\"kg\\")")
      stamps: Int @requires(fields: "weight(unit: \\"g\\")")
    }`,
    resolvers: {
      Box: {
        fee: ({ weight }: { weight: number }, { express }: { express: boolean }) => weight * (express ? 20 : 5),
        stamps: ({ weight }: { weight: number }) => weight * 2,
      },
    },
  };
  const invoices: TestSubgraph = {
    sdl: `type Box @key(fields: "id") {
      id: ID! fee(express: Boolean!): Int @external stamps: Int @external
      fast: String @requires(fields: "fee(express: true) stamps")
      slow: String @requires(fields: "fee(express: false)")
    }`,
    resolvers: {
      Box: {
        fast: ({ fee, stamps }: { fee: number; stamps: number }) => `${fee}+${stamps}`,
        slow: ({ fee }: { fee: number }) => `${fee}`,
      },
    },
  };

  it('keep every value apart', async () => {
    const post = await openFeature({ weights, tariffs, invoices });
    const { plan, answer, calls } = await post.ask('{ box { fast slow fee(express: false) weight(unit: "kg") } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. weights: {box{__typename id required_0_weight:weight(unit:"kg")required_1_weight:weight(unit:"g")weight(unit:"kg")}}
      2. tariffs, after 1: box {...on Box{fee(express:false)}...on Box{required_3_fee:fee(express:false)}...on Box{required_2_fee:fee(express:true)}}; box {...on Box{stamps}}
      3. invoices, after 1 and 2: box {...on Box{slow}}; box {...on Box{fast}}"
    `);
    expect(answer).toEqual({ data: { box: { fast: '20+2000', slow: '5', fee: 5, weight: 1 } } });
    expect(calls).toEqual(['weights', 'tariffs', 'invoices']);
  });

  it('the stock gateway mixes them up', async () => {
    const post = await openFeature({ weights, tariffs, invoices });
    expect(await post.askStock('{ box { fast slow } }')).toEqual({ data: { box: { fast: '5+2', slow: '5' } } });
  });
});

describe('a @requires with arguments below an interface', () => {
  const library: TestSubgraph = {
    sdl: `type Query { shelf: Shelf }
      interface Media { id: ID! title(lang: String!): String }
      type Book implements Media @key(fields: "id") { id: ID! title(lang: String!): String pages: Int }
      type Film implements Media @key(fields: "id") { id: ID! title(lang: String!): String }
      type Shelf @key(fields: "id") { id: ID! media: [Media!]! }`,
    resolvers: {
      Query: { shelf: () => ({ id: 's' }) },
      Shelf: {
        media: () => [
          { __typename: 'Book', id: 'b', pages: 9 },
          { __typename: 'Film', id: 'f' },
        ],
      },
      Book: { title: (_: unknown, { lang }: { lang: string }) => `book ${lang}` },
      Film: { title: (_: unknown, { lang }: { lang: string }) => `film ${lang}` },
    },
  };
  const labels: TestSubgraph = {
    sdl: `interface Media { id: ID! title(lang: String!): String }
      type Book implements Media @key(fields: "id") { id: ID! title(lang: String!): String @external pages: Int @external }
      type Film implements Media @key(fields: "id") { id: ID! title(lang: String!): String @external }
      type Shelf @key(fields: "id") { id: ID! media: [Media!]! @external
        german: String @requires(fields: "media { title(lang: \\"de\\") ... on Book { pages } }")
        french: String @requires(fields: "media { ... on Film { title(lang: \\"fr\\") } }")
      }`,
    resolvers: { Shelf: { german: describeMedia, french: describeMedia } },
  };

  function describeMedia({ media }: { media: { title?: string; pages?: number }[] }): string {
    return media.map(({ title, pages }) => `${title ?? '-'} ${pages ?? '-'}`).join();
  }

  it('takes the fragments of the requirement along', async () => {
    const shelf = await openFeature({ library, labels });
    const { plan, answer, calls } = await shelf.ask('{ shelf { german french media { title(lang: "en") } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. library: {shelf{__typename id media{__typename ...on Film{required_1_title:title(lang:"fr")}required_0_title:title(lang:"de")...on Book{pages}title(lang:"en")}}}
      2. labels, after 1: shelf {...on Shelf{german}}; shelf {...on Shelf{french}}"
    `);
    expect(answer).toEqual({
      data: {
        shelf: {
          german: 'book de 9,film de -',
          french: '- 9,film fr -',
          media: [{ title: 'book en' }, { title: 'film en' }],
        },
      },
    });
    expect(calls).toEqual(['library', 'labels']);
  });
});
