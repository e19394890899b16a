import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@cacheTag"])';

describe('@cacheTag', () => {
  it('loads and changes no answer', async () => {
    const shop = await openFeature({
      products: {
        sdl: `${link} type Query { product(id: ID!): Product @cacheTag(format: "product-{$args.id}") }
          type Product @key(fields: "id") @cacheTag(format: "product-{$key.id}") { id: ID! name: String }`,
        resolvers: { Query: { product: (_: unknown, { id }: { id: string }) => ({ id, name: `product ${id}` }) } },
      },
      stock: {
        sdl: `${link} type Product @key(fields: "id") @cacheTag(format: "stock-{$key.id}") { id: ID! left: Int }`,
        resolvers: { Product: { left: ({ id }: { id: string }) => Number(id) * 2 } },
      },
    });
    expect(shop.supergraphSdl).toContain('https://specs.apollo.dev/cacheTag/');
    const { plan, answer, calls } = await shop.ask('{ product(id: 4) { name left } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. products: {product(id:4){__typename id name}}
      2. stock, after 1: product {...on Product{left}}"
    `);
    expect(answer).toEqual({ data: { product: { name: 'product 4', left: 8 } } });
    expect(calls).toEqual(['products', 'stock']);
  });
});
