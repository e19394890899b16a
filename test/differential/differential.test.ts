import { describe, expect, it } from 'vitest';
import { runCases, seedOf } from './run-cases.ts';

describe('the federated answer', () => {
  it('is what one server with all the data answers: data, order, nulls and where errors are', async () => {
    const statistics = await runCases({ seed: seedOf(2_026), worlds: 30, operations: 15, timeLimitMs: 110_000 });
    expect(statistics.composedOtherwise).toBe(0);
    expect(statistics.questions).toBeGreaterThan(300);
  }, 120_000);
});
