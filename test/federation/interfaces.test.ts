import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const catalogue: TestSubgraph = {
  sdl: `type Query { items: [Item!]! item: Item }
    interface Item @key(fields: "id") { id: ID! name: String }
    type Book implements Item @key(fields: "id") { id: ID! name: String pages: Int }
    type Film implements Item @key(fields: "id") { id: ID! name: String minutes: Int }`,
  resolvers: {
    Query: {
      items: () => [
        { __typename: 'Book', id: 'b1', name: 'Emma', pages: 9 },
        { __typename: 'Film', id: 'f1', name: 'Heat', minutes: 170 },
        { __typename: 'Book', id: 'b2', name: null, pages: 8 },
      ],
      item: () => ({ __typename: 'Film', id: 'f1', name: 'Heat', minutes: 170 }),
    },
  },
};
const prices: TestSubgraph = {
  sdl: `type Book @key(fields: "id") { id: ID! price: Int } type Film @key(fields: "id") { id: ID! price: Int rating: Int }`,
  resolvers: { Book: { price: () => 10 }, Film: { price: () => 20, rating: () => 5 } },
};

describe('an interface', () => {
  it('is answered with its own fields and those of its types', async () => {
    const shop = await openFeature({ catalogue, prices });
    const { plan, answer, calls } = await shop.ask(
      '{ items { __typename name ... on Book { pages } ... on Film { length: minutes } } }',
    );
    expect(plan).toMatchInlineSnapshot(`"1. catalogue: {items{__typename name ...on Book{pages}...on Film{minutes}}}"`);
    expect(answer).toEqual({
      data: {
        items: [
          { __typename: 'Book', name: 'Emma', pages: 9 },
          { __typename: 'Film', name: 'Heat', length: 170 },
          { __typename: 'Book', name: null, pages: 8 },
        ],
      },
    });
    expect(calls).toEqual(['catalogue']);
  });

  it('splits at its types, each completed elsewhere, in one request', async () => {
    const shop = await openFeature({ catalogue, prices });
    const { plan, answer, calls, requests } = await shop.ask(
      '{ items { id ... on Book { price } ... on Film { cost: price rating } } }',
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. catalogue: {items{__typename id ...on Book{__typename id}...on Film{__typename id}}}
      2. prices, after 1: items.@ {...on Book{price}...on Film{price rating}}"
    `);
    expect(answer).toEqual({
      data: {
        items: [
          { id: 'b1', price: 10 },
          { id: 'f1', cost: 20, rating: 5 },
          { id: 'b2', price: 10 },
        ],
      },
    });
    expect(calls).toEqual(['catalogue', 'prices']);
    expect(Object.values(requests[1]?.variables ?? {}).flat()).toHaveLength(3);
  });

  it('of another subgraph has the types of that subgraph', async () => {
    const shop = await openFeature({
      catalogue,
      offers: {
        sdl: `type Query { offers: [Priced!]! } interface Priced { price: Int }
          type Book implements Priced @key(fields: "id") { id: ID! price: Int } type Coupon implements Priced { price: Int code: String }`,
        resolvers: {
          Query: {
            offers: () => [
              { __typename: 'Book', id: 'b1', price: 1 },
              { __typename: 'Coupon', price: 2, code: 'x' },
            ],
          },
        },
      },
    });
    const query = '{ offers { price ... on Item { id } ... on Coupon { code } ... on Book { id } } }';
    const { plan, answer, calls } = await shop.ask(query);
    expect(plan).toMatchInlineSnapshot(`"1. offers: {offers{__typename price ...on Book{id}...on Coupon{code}}}"`);
    expect(answer).toEqual({
      data: {
        offers: [
          { price: 1, id: 'b1' },
          { price: 2, code: 'x' },
        ],
      },
    });
    expect(calls).toEqual(['offers']);
  });

  it('whose field only some of its types have here is completed for the others', async () => {
    const shop = await openFeature({
      people: {
        sdl: `type Query { actors: [Actor!]! } interface Actor { name: String }
          type Person implements Actor @key(fields: "id") { id: ID! name: String }
          type Robot implements Actor @key(fields: "id") { id: ID! name: String @external }`,
        resolvers: {
          Query: {
            actors: () => [
              { __typename: 'Person', id: 'p', name: 'Ann' },
              { __typename: 'Robot', id: 'r' },
            ],
          },
        },
      },
      robots: {
        sdl: 'type Robot @key(fields: "id") { id: ID! name: String }',
        resolvers: { Robot: { name: () => 'R2' } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ actors { name } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. people: {actors{__typename ...on Person{name}...on Robot{__typename id}}}
      2. robots, after 1: actors.@ {...on Robot{name}}"
    `);
    expect(answer).toEqual({ data: { actors: [{ name: 'Ann' }, { name: 'R2' }] } });
    expect(calls).toEqual(['people', 'robots']);
  });

  it('may implement another', async () => {
    const shop = await openFeature({
      shapes: {
        sdl: `type Query { shape: Shape } interface Thing { id: ID! } interface Shape implements Thing { id: ID! area: Int }
          type Square implements Shape & Thing @key(fields: "id") { id: ID! area: Int }`,
        resolvers: { Query: { shape: () => ({ __typename: 'Square', id: 's', area: 4 }) } },
      },
      colours: {
        sdl: 'type Square @key(fields: "id") { id: ID! colour: String }',
        resolvers: { Square: { colour: () => 'red' } },
      },
    });
    const { plan, answer, calls } = await shop.ask(
      '{ shape { ... on Thing { id } area ...F } } fragment F on Thing { ... on Square { colour } }',
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. shapes: {shape{__typename ...on Square{__typename id}area}}
      2. colours, after 1: shape {...on Square{colour}}"
    `);
    expect(answer).toEqual({ data: { shape: { id: 's', area: 4, colour: 'red' } } });
    expect(calls).toEqual(['shapes', 'colours']);
  });
});
