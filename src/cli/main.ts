import { setFlagsFromString } from 'node:v8';
import { runCli } from './run-cli.ts';

// V8 learns that what a request allocates mostly outlives a young-generation collection, as any request does that waits for
// subgraphs, and then allocates it in the old generation, where it keeps alive all it refers to: with 50 requests in
// flight that is half of the CPU.
setFlagsFromString('--no-allocation-site-pretenuring');

// Not process.exit: what was written to a pipe may still be on its way.
process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  error: (text) => process.stderr.write(`${text}\n`),
  env: process.env,
});
