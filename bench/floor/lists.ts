import type { Ask } from './ask-subgraph.ts';

interface Product {
  upc: string;
  name: string | null;
  inStock?: boolean | null;
}

/** A list of products from one subgraph, one field of each from another. */
export function list(first: number): (ask: Ask) => Promise<object> {
  return async (ask) => {
    const { topProducts } = await ask<{ topProducts: Product[] }>(
      'products',
      'query ($first: Int!) { topProducts(first: $first) { upc name } }',
      { first },
    );
    const { products } = await ask<{ products: Product[] }>(
      'inventory',
      'query ($products: [_Any!]!) { products: _entities(representations: $products) { ... on Product { inStock } } }',
      { products: topProducts.map(({ upc }) => ({ __typename: 'Product', upc })) },
    );
    topProducts.forEach((product, index) => {
      product.inStock = products[index]?.inStock ?? null;
    });
    return { topProducts };
  };
}
