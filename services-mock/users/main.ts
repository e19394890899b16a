import { runAlone } from '../support/run-alone.ts';
import { startUsers } from './service.ts';

await runAlone(4001, startUsers);
