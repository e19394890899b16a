import { describe, expect, it } from 'vitest';
import { runCases, seedOf } from './run-cases.ts';

describe('the federated answer, at length', () => {
  it('is what one server with all the data answers: data, order, nulls and where errors are', async () => {
    const statistics = await runCases({ seed: seedOf(2_026), worlds: 350, operations: 48, timeLimitMs: 900_000 });
    const { worlds, questions, composedOtherwise } = statistics;
    expect(composedOtherwise).toBe(0);
    expect(worlds).toBeGreaterThanOrEqual(300);
    expect(questions).toBeGreaterThanOrEqual(10_000);
    const { twoLevels, requiresWithArguments, abstractKeys, injectedErrors } = statistics;
    expect(Math.min(twoLevels, requiresWithArguments, abstractKeys, injectedErrors)).toBeGreaterThan(0.15 * questions);
  }, 1_000_000);
});
