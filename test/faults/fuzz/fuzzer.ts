import * as fc from 'fast-check';
import type { Laboratory } from '../laboratory.ts';

/** Makes inputs of one kind and asserts what holds for each of them. */
export interface Fuzzer {
  readonly name: string;
  readonly property: (lab: Laboratory) => fc.IAsyncProperty<unknown>;
  /** What the short suite tries, and the long one. */
  readonly runs: readonly [short: number, long: number];
}

/** Tries so many inputs; the seed is printed either way, and `ATRIUM_SEED` sets it. */
export async function fuzz({ name, property }: Fuzzer, lab: Laboratory, numRuns: number): Promise<number> {
  const given = process.env['ATRIUM_SEED'];
  const seed = given === undefined ? 2_026 : given === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  const started = performance.now();
  const result = await fc.check(property(lab), {
    seed,
    numRuns,
    interruptAfterTimeLimit: 60_000,
    markInterruptAsFailure: true,
  });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  process.stdout.write(`fuzz seed ${seed}: ${result.numRuns} ${name} in ${seconds} s\n`);
  if (!result.failed) return result.numRuns;
  const { errorInstance, counterexample, counterexamplePath } = result;
  const reason = errorInstance instanceof Error ? errorInstance.message : 'interrupted: out of time';
  throw new Error(
    `${reason}\n(ATRIUM_SEED=${seed} shows it again, at ${counterexamplePath})\n${JSON.stringify(counterexample).slice(0, 5_000)}`,
  );
}
