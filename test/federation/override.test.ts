import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const old: TestSubgraph = {
  sdl: `type Query { product: Product } type Product @key(fields: "id") { id: ID! price: Int name: String }`,
  resolvers: {
    Query: { product: () => ({ id: '1' }) },
    Product: { price: () => 1, name: ({ id }: { id: string }) => `old ${id}` },
  },
};

function pricing(override: string): TestSubgraph {
  return {
    sdl: `type Product @key(fields: "id") { id: ID! price: Int ${override} }`,
    resolvers: { Product: { price: () => 2 } },
  };
}

describe('@override', () => {
  it('takes a field from the subgraph that had it', async () => {
    const shop = await openFeature({ old, pricing: pricing('@override(from: "old")') });
    const { plan, answer, calls } = await shop.ask('{ product { name price } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. old: {product{__typename id name}}
      2. pricing, after 1: product {...on Product{price}}"
    `);
    expect(answer).toEqual({ data: { product: { name: 'old 1', price: 2 } } });
    expect(calls).toEqual(['old', 'pricing']);
  });

  it('of a field that others require hands the new value over', async () => {
    const shop = await openFeature({
      old,
      pricing: pricing('@override(from: "old")'),
      taxes: {
        sdl: `type Product @key(fields: "id") { id: ID! price: Int @external tax: Int @requires(fields: "price") }`,
        resolvers: { Product: { tax: ({ price }: { price: number }) => price * 10 } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ product { tax } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. old: {product{__typename id}}
      2. pricing, after 1: product {...on Product{price}}
      3. taxes, after 1 and 2: product {...on Product{tax}}"
    `);
    expect(answer).toEqual({ data: { product: { tax: 20 } } });
    expect(calls).toEqual(['old', 'pricing', 'taxes']);
  });

  it('of a root field moves the call', async () => {
    const shop = await openFeature({
      old,
      fresh: {
        sdl: `type Query { product: Product @override(from: "old") } type Product @key(fields: "id") { id: ID! }`,
        resolvers: { Query: { product: () => ({ id: '9' }) } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ product { id name } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. fresh: {product{__typename id}}
      2. old, after 1: product {...on Product{name}}"
    `);
    expect(answer).toEqual({ data: { product: { id: '9', name: 'old 9' } } });
    expect(calls).toEqual(['fresh', 'old']);
  });

  it('with a label leaves the field where it was', async () => {
    const shop = await openFeature({ old, pricing: pricing('@override(from: "old", label: "percent(50)")') });
    const { plan, answer, calls } = await shop.ask('{ product { price } }');
    expect(plan).toMatchInlineSnapshot(`"1. old: {product{price}}"`);
    expect(answer).toEqual({ data: { product: { price: 1 } } });
    expect(calls).toEqual(['old']);
  });
});
