import { describe, expect, it } from 'vitest';
import { neverOverlapping } from '../../src/supergraph/never-overlapping.ts';

function controlledRuns() {
  const ends: (() => void)[] = [];
  let active = 0;
  let most = 0;
  const call = neverOverlapping(async () => {
    active += 1;
    most = Math.max(most, active);
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.push(resolve);
    await promise;
    active -= 1;
  });
  return { call, ends, most: () => most };
}

describe('runs that never overlap', () => {
  it('share one more run when called during a run', async () => {
    const { call, ends, most } = controlledRuns();
    const calls = [call(), call(), call()];
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await Promise.race([...calls, new Promise(setImmediate)]);
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await Promise.all(calls);
    expect(ends).toHaveLength(2);
    expect(most()).toBe(1);
  });

  it('start anew after the last one ended', async () => {
    const { call, ends } = controlledRuns();
    for (const expected of [1, 2]) {
      const done = call();
      expect(ends).toHaveLength(expected);
      ends.at(-1)?.();
      await done;
    }
  });
});
