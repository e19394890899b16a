import { beforeEach, describe, expect, it } from 'vitest';
import { createBreaker } from '../../src/redis/breaker.ts';
import type { Breaker } from '../../src/redis/breaker.ts';

describe('breaker', () => {
  let now: number;
  let changes: boolean[];
  let breaker: Breaker;

  beforeEach(() => {
    now = 0;
    changes = [];
    breaker = createBreaker({ skipMs: 500, clock: () => now, onChange: (open) => changes.push(open) });
  });

  it('admits every call while they are answered', () => {
    breaker.answered();
    expect([breaker.admits(), breaker.admits()]).toEqual([true, true]);
    expect(changes).toEqual([]);
  });

  it('skips calls for 500 ms after the first timeout', () => {
    breaker.timedOut();
    now = 499;
    expect(breaker.admits()).toBe(false);
    now = 500;
    expect(breaker.admits()).toBe(true);
  });

  it('lets one probe through and decides by it', () => {
    breaker.timedOut();
    now = 500;
    expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
    breaker.timedOut();
    expect(breaker.admits()).toBe(false);
    now = 1000;
    expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
    breaker.answered();
    expect([breaker.admits(), breaker.admits()]).toEqual([true, true]);
  });

  it('reports one opening and one closing, however many calls and probes time out between', () => {
    breaker.timedOut();
    breaker.timedOut();
    now = 600;
    breaker.admits();
    breaker.timedOut();
    now = 1200;
    breaker.admits();
    breaker.answered();
    breaker.answered();
    expect(changes).toEqual([true, false]);
  });

  it('stays open when a call from before the timeout is answered late', () => {
    breaker.timedOut();
    breaker.answered();
    expect(breaker.admits()).toBe(false);
  });
});
