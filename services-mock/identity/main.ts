import { runAlone } from '../support/run-alone.ts';
import { startIdentity } from './service.ts';

await runAlone(4005, ({ port, host }) =>
  startIdentity({ port, host, issuer: process.env['IDENTITY_ISSUER'] || undefined }),
);
