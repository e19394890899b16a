import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadlineMs, openLaboratory } from '../laboratory.ts';
import type { Laboratory } from '../laboratory.ts';
import { fuzz } from './fuzzer.ts';
import { fuzzers } from './fuzzers.ts';

/** Declares a test for each fuzzer, with as many inputs as it has for suites of this length. */
export function fuzzAll(length: 'short' | 'long'): void {
  let lab: Laboratory;
  beforeAll(async () => {
    // An answer may be as long as usual: what is deep has to be long.
    lab = await openLaboratory(() => ({
      // What one request does not give back is missed soon.
      server: { overload: { maxInFlight: 20 } },
      subgraphDefaults: { maxResponseBytes: 10_000_000 },
      subgraphs: { reviews: { timeoutMs: deadlineMs } },
    }));
  });
  afterAll(() => lab.close());

  describe('what holds for every request holds with many inputs', () => {
    it.each(fuzzers)(
      '$name',
      async (fuzzer) => {
        const [short, long] = fuzzer.runs;
        const count = length === 'short' ? short : long;
        expect(await fuzz(fuzzer, lab, count)).toBe(count);
      },
      120_000,
    );
  });
}
