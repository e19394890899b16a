import { runAlone } from '../support/run-alone.ts';
import { startProducts } from './service.ts';

await runAlone(4002, startProducts);
