import { expect, it } from 'vitest';
import { checkCacheNames } from '../../src/cache/check-names.ts';
import { facts } from './cache-under-test.ts';

it('accepts what the supergraph has', () => {
  const entities = { subgraphs: { products: { types: { Product: {}, Query: {} } } } };
  const invalidate = {
    'Mutation.rename': [
      { subgraph: 'stock' },
      { subgraph: 'products', type: 'Shown' },
      { type: 'Product', key: { id: '$args.id' } },
      { type: 'Product', key: { maker: { id: '7' }, sku: 'a' } },
      { tags: ['any'] },
    ],
  };
  expect(() => checkCacheNames({ entities, invalidate }, facts)).not.toThrow();
});

it('names all that it has not', () => {
  const entities = { subgraphs: { product: {}, stock: { types: { Produkt: {} } } } };
  const invalidate = {
    'Mutation.renam': [{ subgraph: 'stok' }],
    rename: [{ subgraph: 'stock', type: 'Produkt' }],
    'Mutation.rename': [
      { type: 'Product', key: { sku: 'a' } },
      { type: 'Maker', key: { id: '1', name: 'b' } },
    ],
  };
  expect(() => checkCacheNames({ entities, invalidate }, facts)).toThrowErrorMatchingInlineSnapshot(`
    [ConfigurationError: cache.entities.subgraphs.product: no such subgraph in the supergraph: "product"
    cache.entities.subgraphs.stock.types.Produkt: no such type in the supergraph: "Produkt"
    cache.invalidate["Mutation.renam"]: no such field in the supergraph: "Mutation.renam"
    cache.invalidate["Mutation.renam"]: no such subgraph in the supergraph: "stok"
    cache.invalidate["rename"]: no such field in the supergraph: "rename"
    cache.invalidate["rename"]: no such type in the supergraph: "Produkt"
    cache.invalidate["Mutation.rename"]: no such key of Product in the supergraph: "sku"
    cache.invalidate["Mutation.rename"]: no such key of Maker in the supergraph: "id name"]
  `);
});
