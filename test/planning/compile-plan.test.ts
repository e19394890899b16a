import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { compilePlan } from '../../src/planning/compile-plan.ts';
import { printFetchPlan } from '../../src/planning/print-fetch-plan.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';
import { buildSupergraph, planOperation } from '../../src/supergraph/supergraph.ts';

const federation = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5",
  import: ["@key", "@requires", "@external", "@shareable", "@interfaceObject"])`;

async function compiled(subgraphs: Record<string, string>, query: string) {
  const composition = await composeSubgraphs(
    Object.entries(subgraphs).map(([name, sdl]) => ({ name, url: `http://${name}.test`, sdl: `${federation} ${sdl}` })),
  );
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));
  const supergraph = buildSupergraph(composition.supergraphSdl);
  const document = parse(query);
  expect(validate(supergraph.apiSchema, document)).toEqual([]);
  return compilePlan(planOperation(supergraph, document, undefined), supergraph, document);
}

const shop = {
  users: `type Query { me: User you: User } type User @key(fields: "id") { id: ID! name: String }
    type Mutation { login: User logout: Boolean }`,
  orders: `type Query { latest: Product } type User @key(fields: "id") { id: ID! bought: [Product] favourite: Product }
    type Product @key(fields: "id") { id: ID! price: Int @external shipping: Int @requires(fields: "price") }
    type Mutation { order: Product }`,
  products: `type Product @key(fields: "id") { id: ID! name: String price: Int }`,
  stock: `type Product @key(fields: "id") { id: ID! left: Int }`,
};

describe('a compiled plan', () => {
  it('asks one subgraph for the same at several places in one step', async () => {
    const plan = await compiled(shop, '{ me { bought { name } favourite { name } } }');
    expect(printFetchPlan(plan)).toMatchInlineSnapshot(`
      "1. users: {me{__typename id}}
      2. orders, after 1: me {...on User{bought{__typename id}favourite{__typename id}}}
      3. products, after 1 and 2: me.bought.@ and me.favourite {...on Product{name}}"
    `);
  });

  it('asks one subgraph for different things at several places in one request', async () => {
    const plan = await compiled(shop, '{ me { bought { name } favourite { price } } you { favourite { shipping } } }');
    expect(printFetchPlan(plan)).toMatchInlineSnapshot(`
      "1. users: {me{__typename id}you{__typename id}}
      2. orders, after 1: me {...on User{bought{__typename id}favourite{__typename id}}}; you {...on User{favourite{__typename id}}}
      3. products, after 1 and 2: me.bought.@ {...on Product{name}}; me.favourite and you.favourite {...on Product{price}}
      4. orders, after 1 and 2 and 3: you.favourite {...on Product{shipping}}"
    `);
  });

  it('lets a fetch start when what it reads is there, not when everything before it is', async () => {
    const plan = await compiled(shop, '{ me { favourite { left shipping name } } }');
    expect(printFetchPlan(plan)).toMatchInlineSnapshot(`
      "1. users: {me{__typename id}}
      2. orders, after 1: me {...on User{favourite{__typename id}}}
      3. products, after 1 and 2: me.favourite {...on Product{price name}}
      4. stock, after 1 and 2: me.favourite {...on Product{left}}
      5. orders, after 1 and 2 and 3: me.favourite {...on Product{shipping}}"
    `);
  });

  it('keeps mutations in their order and asks each in a request of its own', async () => {
    const plan = await compiled(
      shop,
      'mutation { login { name } order { left } again: login { bought { id } } logout }',
    );
    expect(printFetchPlan(plan)).toMatchInlineSnapshot(`
      "1. users: {login{name}}
      2. orders, after 1: {order{__typename id}}
      3. stock, after 1 and 2: order {...on Product{left}}
      4. users, after 1 and 2 and 3: {again:login{__typename id}logout}
      5. orders, after 1 and 2 and 4: again {...on User{bought{id}}}"
    `);
  });

  it('writes the name an interface object has in its subgraph into representations', async () => {
    const plan = await compiled(
      {
        media: `type Query { media: [Media] } interface Media @key(fields: "id") { id: ID! }
          type Book implements Media @key(fields: "id") { id: ID! } type Film implements Media @key(fields: "id") { id: ID! }`,
        ratings: `type Media @key(fields: "id") @interfaceObject { id: ID! stars: Int }`,
      },
      '{ media { stars } }',
    );
    expect(plan.steps[1]?.requires).toMatchInlineSnapshot(`
      {
        "fields": [],
        "typed": [
          {
            "condition": "Media",
            "selection": {
              "fields": [
                {
                  "constant": "Media",
                  "key": "__typename",
                  "responseName": "__typename",
                  "selection": undefined,
                },
                {
                  "key": "id",
                  "responseName": "id",
                  "selection": undefined,
                },
              ],
              "typed": [],
            },
            "types": Set {
              "Media",
              "Book",
              "Film",
            },
          },
        ],
      }
    `);
  });

  it('renames what the planner had to alias already in the shape of the answer', async () => {
    const plan = await compiled(
      {
        a: `type Query { things: [Thing] } union Thing = A | B type A @shareable { x: String! } type B { x: String }`,
        b: `type A @shareable { x: String }`,
      },
      '{ things { ... on A { x } ... on B { x } } }',
    );
    expect(plan.steps[0]?.text.selection).toMatchInlineSnapshot(`"things{__typename ...on A{x}...on B{x__alias_0:x}}"`);
    const shape = plan.steps[0]?.shape.fields[0]?.shape;
    expect(shape?.typed.map((typed) => typed.shape.fields)).toMatchInlineSnapshot(`
      [
        [
          {
            "exclusive": true,
            "key": "x",
            "responseName": "x",
            "shape": undefined,
            "yielding": undefined,
          },
        ],
        [
          {
            "exclusive": true,
            "key": "x",
            "responseName": "x__alias_0",
            "shape": undefined,
            "yielding": undefined,
          },
        ],
      ]
    `);
  });
});
