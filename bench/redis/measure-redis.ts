import { spawn } from 'node:child_process';
import { once } from 'node:events';

const parts = ['limiter', 'entities', 'order-history', 'one-load', 'outage'];

/** One after the other, each in a process of its own with the V8 flags of `bin/atrium`; prints their tables. */
export async function measureRedis(say: (text: string) => void): Promise<void> {
  for (const part of parts) {
    say(`Measuring ${part}`);
    const script = new URL(`${part}.ts`, import.meta.url).pathname;
    const child = spawn(process.execPath, ['--max-semi-space-size=64', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    process.stdout.write(`\n## ${part}\n\n`);
    child.stdout.pipe(process.stdout, { end: false });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`${part} ended with ${String(code)}`);
  }
}
