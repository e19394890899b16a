import type { Ask } from './ask-subgraph.ts';

/** One product, one field of it from another subgraph. */
export async function lookUp(ask: Ask, _query: string, variables: object): Promise<object> {
  const { product } = await ask<{ product: Product }>(
    'products',
    'query ($upc: String!) { product(upc: $upc) { upc name } }',
    variables,
  );
  const { products } = await ask<{ products: Product[] }>(
    'inventory',
    'query ($products: [_Any!]!) { products: _entities(representations: $products) { ... on Product { inStock } } }',
    { products: [{ __typename: 'Product', upc: product.upc }] },
  );
  product.inStock = products[0]?.inStock ?? null;
  return { product };
}

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
