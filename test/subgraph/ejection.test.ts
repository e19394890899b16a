import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Verdict } from '../../src/subgraph/circuit-breaker.ts';
import { chooseEndpoint, createEndpoint, ejectFailing } from '../../src/subgraph/endpoint.ts';
import type { Endpoint } from '../../src/subgraph/endpoint.ts';

const openMs = 1_000;
const options = { http2: false, breaker: { failureShare: 0.5, minRequests: 12, openMs } };

describe('an instance that fails five times in a row', () => {
  let bad: Endpoint;
  let good: Endpoint;
  beforeEach(() => {
    bad = createEndpoint({ origin: 'http://bad.test' }, options);
    good = createEndpoint({ origin: 'http://good.test' }, options);
    for (let left = 5; left > 0; left -= 1) ask(bad, 'failure', 0);
  });
  afterEach(() => Promise.all([bad, good].map(({ pool }) => pool.close())));

  function ask(endpoint: Endpoint, verdict: Verdict, now: number): void {
    endpoint.breaker.enter(now)(verdict, now);
    if (verdict === 'failure') ejectFailing(endpoint, [bad, good], now);
  }
  const choose = (endpoints: readonly Endpoint[], now: number, mayProbe = true, other?: Endpoint) =>
    chooseEndpoint(endpoints, now, { random: () => 0, other, mayProbe });
  const fillCircuit = (endpoint: Endpoint, now: number) => {
    while (endpoint.breaker.isClosed) ask(endpoint, 'failure', now);
  };

  it('is asked by nobody who has another', () => {
    expect(bad.breaker.isEjected).toBe(true);
    expect([true, false].map((mayProbe) => choose([bad, good], openMs - 1, mayProbe))).toEqual([good, good]);
  });

  it.each([true, false])('is asked at once when there is no other any more (queries: %s)', (mayProbe) => {
    expect(choose([bad], 1, mayProbe)).toBe(bad);
  });

  it('is asked when the circuits of all others are open', () => {
    fillCircuit(good, 1);
    expect(good.breaker.isEjected).toBe(false);
    expect(choose([bad, good], 2)).toBe(bad);
    expect(choose([bad, good], 2, false, good)).toBe(bad);
  });

  it('is one of all, or of those that it is right to ask, when all that are left were ejected', () => {
    const third = createEndpoint({ origin: 'http://third.test' }, options);
    third.breaker.eject(0);
    fillCircuit(good, 1);
    const chosen = [0, 0.5].map((lot) =>
      chooseEndpoint([bad, good, third], 2, { random: () => lot, other: undefined, mayProbe: true }),
    );
    expect(chosen).toEqual([bad, third]);
    return third.pool.close();
  });

  it('is as any other when it has answered three who had nobody else', () => {
    for (let left = 3; left > 0; left -= 1) {
      expect(bad.breaker.isClosed).toBe(false);
      ask(bad, 'success', 1);
    }
    expect([bad.breaker.isClosed, bad.breaker.isEjected]).toEqual([true, false]);
    expect(choose([bad, good], 2)).toBe(bad);
  });

  it('is left alone when too many fail who had nobody else', () => {
    let asked = 5;
    while (choose([bad], 1) !== undefined) {
      ask(bad, 'failure', 1);
      asked += 1;
    }
    expect(asked).toBe(options.breaker.minRequests);
    expect(choose([bad], openMs)).toBeUndefined();
    // Half open after twice the time: it is the second time in a row.
    expect(choose([bad], 1 + 2 * openMs)).toBe(bad);
  });

  it('stays out when the request that tries it fails, and is asked all the same for want of another', () => {
    expect(choose([bad, good], openMs)).toBe(bad);
    ask(bad, 'failure', openMs);
    expect(bad.breaker.isEjected).toBe(true);
    expect(choose([bad, good], 3 * openMs - 1)).toBe(good);
    expect(choose([bad], 3 * openMs - 1)).toBe(bad);
  });

  it('is tried by one request at a time, and by others only for want of another', () => {
    const judge = bad.breaker.enter(openMs);
    expect(choose([bad, good], openMs)).toBe(good);
    expect(choose([bad], openMs)).toBe(bad);
    ask(bad, 'success', openMs);
    ask(bad, 'success', openMs);
    judge('success', openMs);
    expect(bad.breaker.isClosed).toBe(true);
  });
});
