import { runAlone } from '../support/run-alone.ts';
import { startOrders } from './service.ts';

await runAlone(4003, startOrders);
