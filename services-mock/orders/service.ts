import { callerOf } from '../support/caller.ts';
import type { RunningService } from '../support/listen.ts';
import { startSubgraph } from '../support/start-subgraph.ts';
import type { SubgraphOptions } from '../support/start-subgraph.ts';
import { loadSubgraphSchema } from '../support/subgraph-service.ts';
import type { SubgraphService } from '../support/subgraph-service.ts';
import { createOrderBook } from './order-book.ts';
import { createOrderLoaders, createOrderResolvers } from './resolvers.ts';
import type { OrdersContext } from './resolvers.ts';

/** The subgraph `orders` with fresh data; `now` dates new orders. */
export function createOrdersService(now = () => new Date()): SubgraphService<OrdersContext> {
  const book = createOrderBook();
  return {
    name: 'orders',
    schema: loadSubgraphSchema('orders', createOrderResolvers(book, now)),
    createContext: (headers) => ({ ...callerOf(headers), ...createOrderLoaders(book) }),
  };
}

export function startOrders(options: SubgraphOptions): Promise<RunningService> {
  return startSubgraph(createOrdersService(), options);
}
