import { deepStrictEqual } from 'node:assert';
import type { RunningContestant } from './arena.ts';
import type { Workload } from './workloads.ts';

/** How many different operations are compared where they differ. */
const samples = 10;

/**
 * Asks everyone the same and compares the answers as data: order of fields does not count, everything else does.
 * Resolves to the length of each contestant's answer, in bytes.
 *
 * @throws Error that names the contestant and shows the difference.
 */
export async function compareAnswers(
  contestants: readonly Pick<RunningContestant, 'contestant' | 'ask'>[],
  workload: Workload,
): Promise<ReadonlyMap<string, number>> {
  const lengths = new Map<string, number>();
  const [reference] = contestants;
  if (reference === undefined) throw new Error('nobody to compare');
  for (let sample = 0; sample < (workload.varies ? samples : 2); sample += 1) {
    const body = workload.body(sample);
    const token = workload.tokens ? `token-of-the-comparison-${sample}` : undefined;
    const expected: unknown = JSON.parse(await reference.ask(body, token));
    assertData(expected, reference);
    for (const other of contestants) {
      const text = await other.ask(body, token);
      lengths.set(other.contestant.name, Buffer.byteLength(text));
      try {
        deepStrictEqual(JSON.parse(text), expected);
      } catch (error) {
        throw new Error(
          `${workload.name}: ${other.contestant.title} (+) does not answer what ${reference.contestant.title} (-) answers to ${body}\n` +
            String(error),
          { cause: error },
        );
      }
    }
  }
  return lengths;
}

function assertData(answer: unknown, { contestant }: Pick<RunningContestant, 'contestant'>): void {
  const right = typeof answer === 'object' && answer !== null && 'data' in answer && !('errors' in answer);
  if (!right) throw new Error(`${contestant.title} answers ${JSON.stringify(answer).slice(0, 1_000)}`);
}
