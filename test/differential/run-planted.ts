/**
 * A process that compares answers while one file of the gateway has a bug: `node run-planted.ts '<Plant as JSON>'`. Prints
 * `found` and the difference, or `nothing found`.
 */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A small change of one file under `src`, a different bug each. */
export interface Plant {
  readonly file: string;
  /** Texts of the file and what stands instead. */
  readonly changes: readonly (readonly [from: string, to: string])[];
}

const { file, changes } = JSON.parse(process.argv[2] ?? '{}') as Plant;
const url = new URL(`../../src/${file}`, import.meta.url).href;
const planted = plant(readFileSync(fileURLToPath(url), 'utf8'));
registerHooks({
  load(loaded, context, next) {
    if (loaded !== url) return next(loaded, context);
    return { format: 'module', source: stripTypeScriptTypes(planted), shortCircuit: true };
  },
});

const { runCases } = await import('./run-cases.ts');
try {
  await runCases({ seed: 7, worlds: 30, operations: 15, timeLimitMs: 60_000, unshrunk: true });
  process.stdout.write('nothing found');
} catch (error) {
  process.stdout.write(`found ${String(error)}`);
}
process.exit();

function plant(source: string): string {
  return changes.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`${file} does not have this text once: ${from}`);
    return text.replace(from, () => to);
  }, source);
}
