import { setFlagsFromString } from 'node:v8';
import { runCli } from './run-cli.ts';

// A request waits for subgraphs, so most of what it allocates outlives a collection of the young generation. V8 learns that
// and allocates it in the old one, where it keeps alive all it refers to long after its request: with 50 in flight that is
// half of the CPU (docs/decisions/young-generation.md).
setFlagsFromString('--no-allocation-site-pretenuring');

// A reader such as `head` may have had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// Not process.exit: what was written to a pipe may still be on its way.
process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  error: (text) => process.stderr.write(`${text}\n`),
  env: process.env,
});
