import { callerOf } from '../support/caller.ts';
import type { RunningService } from '../support/listen.ts';
import { startSubgraph } from '../support/start-subgraph.ts';
import type { SubgraphOptions } from '../support/start-subgraph.ts';
import { loadSubgraphSchema } from '../support/subgraph-service.ts';
import type { SubgraphService } from '../support/subgraph-service.ts';
import { createLedger } from './ledger.ts';
import { createPaymentLoaders, createPaymentResolvers } from './resolvers.ts';
import type { PaymentsContext } from './resolvers.ts';

/** The subgraph `payments` with fresh data; `now` dates new payments. */
export function createPaymentsService(now = () => new Date()): SubgraphService<PaymentsContext> {
  const ledger = createLedger();
  return {
    name: 'payments',
    schema: loadSubgraphSchema('payments', createPaymentResolvers(ledger, now)),
    createContext: (headers) => ({ ...callerOf(headers), ...createPaymentLoaders(ledger) }),
  };
}

export function startPayments(options: SubgraphOptions): Promise<RunningService> {
  return startSubgraph(createPaymentsService(), options);
}
