import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { CircuitBreaker } from '../../src/subgraph/circuit-breaker.ts';
import type { Verdict } from '../../src/subgraph/circuit-breaker.ts';
import { RetryBudget } from '../../src/subgraph/retry-budget.ts';
import { SlidingCount } from '../../src/subgraph/sliding-count.ts';

const step = fc.record({
  wait: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 15_000 })),
  verdict: fc.constantFrom<Verdict[]>('success', 'failure', 'failure', 'nothing'),
  /** How many others begin before this one is over. */
  overlap: fc.integer({ min: 0, max: 4 }),
});

it('counts what happened in the last ten seconds, by the second', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 12_000 }), { maxLength: 60 }), (waits) => {
      const count = new SlidingCount();
      const times: number[] = [];
      let now = 0;
      for (const wait of waits) {
        now += wait;
        times.push(now);
        count.add(now);
        const oldest = Math.floor(now / 1_000) - 9;
        expect(count.total(now)).toBe(times.filter((time) => Math.floor(time / 1_000) >= oldest).length);
      }
    }),
  );
});

it('a circuit opens only for failures, admits one probe at a time, and closes after three that succeed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const breaker = new CircuitBreaker({ failureShare: 0.5, minRequests: 5, openMs: 1_000 });
      const model = new BreakerModel();
      const asked: { leave: ReturnType<CircuitBreaker['enter']>; probes: boolean }[] = [];
      let now = 0;
      for (const { wait, verdict, overlap } of steps) {
        now += wait;
        for (let left = overlap; left >= 0; left -= 1) {
          if (breaker.admits(now)) asked.push({ probes: !breaker.isClosed, leave: breaker.enter(now) });
        }
        expect(asked.filter(({ probes }) => probes).length).toBeLessThanOrEqual(1);
        const over = asked.shift();
        if (over === undefined) continue;
        over.leave(verdict, now);
        model.judge(verdict, now, over.probes);
        expect(breaker.isClosed).toBe(model.isClosed);
        expect(breaker.admits(now)).toBe(
          model.isClosed || (model.mayProbe(now) && !asked.some(({ probes }) => probes)),
        );
      }
    }),
  );
});

/** Says the same with lists of everything that happened. */
class BreakerModel {
  isClosed = true;
  #verdicts: { readonly at: number; readonly verdict: Verdict }[] = [];
  #openings = 0;
  #openUntil = 0;
  #passed = 0;

  mayProbe(now: number): boolean {
    return now >= this.#openUntil;
  }

  judge(verdict: Verdict, now: number, isProbe: boolean): void {
    if (isProbe) this.#judgeProbe(verdict, now);
    else this.#count(verdict, now);
  }

  #judgeProbe(verdict: Verdict, now: number): void {
    if (verdict === 'failure') this.#open(now);
    if (verdict === 'success') this.#passed += 1;
    if (this.#passed < 3) return;
    this.isClosed = true;
    this.#openings = 0;
    this.#passed = 0;
    this.#verdicts = [];
  }

  #count(verdict: Verdict, now: number): void {
    if (verdict === 'nothing') return;
    this.#verdicts.push({ at: now, verdict });
    const recent = this.#verdicts.filter(({ at }) => Math.floor(at / 1_000) >= Math.floor(now / 1_000) - 9);
    const failed = recent.filter((one) => one.verdict === 'failure').length;
    if (this.isClosed && verdict === 'failure' && recent.length >= 5 && failed >= recent.length / 2) this.#open(now);
  }

  #open(now: number): void {
    this.isClosed = false;
    this.#openings += 1;
    this.#openUntil = now + 1_000 * Math.min(this.#openings, 5);
    this.#passed = 0;
    this.#verdicts = [];
  }
}

it('retries are never more than their share of ten seconds, and what is granted beside it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 2_000 }), fc.boolean()), { maxLength: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 3 }),
      (events, budgetShare, perSecond) => {
        const budget = new RetryBudget({ share: budgetShare, perSecond });
        const requests: number[] = [];
        const retries: number[] = [];
        let now = 0;
        for (const [wait, repeats] of events) {
          now += wait;
          if (!repeats) {
            requests.push(now);
            budget.countRequest(now);
            continue;
          }
          const recent = (times: readonly number[]) =>
            times.filter((time) => Math.floor(time / 1_000) >= Math.floor(now / 1_000) - 9).length;
          const allowed = recent(retries) < perSecond * 10 + budgetShare * recent(requests);
          expect(budget.take(now)).toBe(allowed);
          if (allowed) retries.push(now);
        }
      },
    ),
  );
});
