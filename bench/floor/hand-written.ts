import type { WorkloadName } from '../workloads.ts';
import type { Ask } from './ask-subgraph.ts';
import { deep } from './deep.ts';
import { list } from './lists.ts';
import { orderHistory, storefront, updatePrice } from './shop.ts';

/** What the hand-written aggregator does for each workload it can do by itself: the answer's `data`. */
export const handWritten: ReadonlyMap<WorkloadName, (ask: Ask) => Promise<object>> = new Map([
  ['deep', deep],
  ['order-history', orderHistory],
  ['storefront', storefront],
  ['list-100', list(100)],
  ['list-1000', list(1_000)],
  ['list-10000', list(10_000)],
  ['mutation', updatePrice],
]);
