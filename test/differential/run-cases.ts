import * as fc from 'fast-check';
import { CaseArbitrary } from './case.ts';
import { checkCase, emptyStatistics } from './check.ts';
import type { Statistics } from './check.ts';

export interface Run {
  readonly seed: number;
  /** How many supergraphs, and how many operations on each; some operations are asked again with failing fields. */
  readonly worlds: number;
  readonly operations: number;
  /** Long enough to shrink what fails. */
  readonly timeLimitMs: number;
  /** The first difference as it was found: for those who only want to know whether there is one. */
  readonly unshrunk?: boolean;
}

/** Checks generated cases; throws the first difference, shrunk. The seed and what was seen are printed either way. */
export async function runCases({ seed, worlds, operations, timeLimitMs, unshrunk = false }: Run): Promise<Statistics> {
  const statistics = emptyStatistics();
  // What shrinking asks again is not counted.
  let isShrinking = false;
  const property = fc.asyncProperty(new CaseArbitrary(operations), async (one) => {
    try {
      await checkCase(one, isShrinking ? emptyStatistics() : statistics);
    } catch (error) {
      isShrinking = true;
      throw error;
    }
  });
  const result = await fc.check(property, {
    seed,
    numRuns: worlds,
    interruptAfterTimeLimit: timeLimitMs,
    markInterruptAsFailure: true,
    endOnFailure: unshrunk,
  });
  process.stdout.write(`${printStatistics(statistics, seed)}\n`);
  if (!result.failed) return statistics;
  const reason = result.errorInstance instanceof Error ? result.errorInstance.message : 'interrupted: out of time';
  throw new Error(`${reason}\n(ATRIUM_SEED=${seed} shows it again; ${result.numShrinks} times shrunk)`);
}

function printStatistics(statistics: Statistics, seed: number): string {
  const share = (count: number): string => `${((100 * count) / Math.max(1, statistics.questions)).toFixed(0)} %`;
  const { worlds, notComposed, questions } = statistics;
  return [
    `differential seed ${seed}: ${questions} queries over ${worlds} supergraphs (${notComposed} more did not compose);`,
    `two or more levels ${share(statistics.twoLevels)}, arguments in @requires ${share(statistics.requiresWithArguments)},`,
    `contexts ${share(statistics.contexts)}, abstract keys ${share(statistics.abstractKeys)}, injected errors ${share(statistics.injectedErrors)}, ill-typed values ${share(statistics.illTyped)},`,
    `mutations ${share(statistics.mutations)};`,
    `the stock gateway differed in ${statistics.stockDiffers} of ${statistics.stockAsked}`,
  ].join(' ');
}

/** `ATRIUM_SEED`, or the given one. */
export function seedOf(fallback: number): number {
  const text = process.env['ATRIUM_SEED'];
  return text === undefined ? fallback : Number(text);
}
