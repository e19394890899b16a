import { callerOf } from '../support/caller.ts';
import type { RunningService } from '../support/listen.ts';
import { startSubgraph } from '../support/start-subgraph.ts';
import type { SubgraphOptions } from '../support/start-subgraph.ts';
import { loadSubgraphSchema } from '../support/subgraph-service.ts';
import type { SubgraphService } from '../support/subgraph-service.ts';
import { createCatalogue } from './catalogue.ts';
import { createProductLoaders, createProductResolvers } from './resolvers.ts';
import type { ProductsContext } from './resolvers.ts';

/** The subgraph `products` with fresh data; `now` dates new reviews. */
export function createProductsService(now = () => new Date()): SubgraphService<ProductsContext> {
  const catalogue = createCatalogue();
  return {
    name: 'products',
    schema: loadSubgraphSchema('products', createProductResolvers(catalogue, now)),
    createContext: (headers) => ({ ...callerOf(headers), ...createProductLoaders(catalogue) }),
  };
}

export function startProducts(options: SubgraphOptions): Promise<RunningService> {
  return startSubgraph(createProductsService(), options);
}
