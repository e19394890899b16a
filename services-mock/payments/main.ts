import { runAlone } from '../support/run-alone.ts';
import { startPayments } from './service.ts';

await runAlone(4004, startPayments);
