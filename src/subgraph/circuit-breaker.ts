import { SlidingCount } from './sliding-count.ts';

export interface BreakerOptions {
  /** Share of failures among the requests of the last ten seconds that opens it, over 0 and up to 1. */
  readonly failureShare: number;
  /** With fewer requests than this it does not open by their share. */
  readonly minRequests: number;
  /** How long it stays open the first time, in milliseconds; longer each time it opens again at once, up to fivefold. */
  readonly openMs: number;
}

/** What a request says of the address it was sent to; `nothing` when it was cut short for reasons of its own. */
export type Verdict = 'success' | 'failure' | 'nothing';

/** Successful probes that close it. */
const PROBES = 3;
const MAX_BACKOFF = 5;

/**
 * The circuit breaker of one address (M. Nygard, Release It!). Closed, it lets everything through and counts; open, nothing
 * is sent; after a while it is half open: one request at a time is let through, and decides. Times are milliseconds of the
 * clock the caller uses.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #requests = new SlidingCount();
  readonly #failures = new SlidingCount();
  #failuresInARow = 0;
  /** undefined while it is closed. */
  #openUntil: number | undefined;
  #openedInARow = 0;
  #probing = false;
  #probesPassed = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** May a request be sent now? */
  admits(now: number): boolean {
    return this.#openUntil === undefined || (now >= this.#openUntil && !this.#probing);
  }

  get isClosed(): boolean {
    return this.#openUntil === undefined;
  }

  /** Failures with no success in between. */
  get failuresInARow(): number {
    return this.#failuresInARow;
  }

  /** Returns what has to be called when the request is over, once. Only to be asked for where `admits`. */
  enter(): (verdict: Verdict, now: number) => void {
    if (this.#openUntil === undefined) return this.#count;
    this.#probing = true;
    return this.#judge;
  }

  /** Opens it whatever the counts say. */
  open(now: number): void {
    this.#openedInARow += 1;
    this.#openUntil = now + this.#options.openMs * Math.min(this.#openedInARow, MAX_BACKOFF);
    this.#probesPassed = 0;
    this.#requests.clear();
    this.#failures.clear();
  }

  readonly #count = (verdict: Verdict, now: number): void => {
    if (verdict === 'nothing') return;
    this.#requests.add(now);
    if (verdict === 'success') {
      this.#failuresInARow = 0;
      return;
    }
    this.#failuresInARow += 1;
    this.#failures.add(now);
    // What was sent before it opened says nothing new.
    if (this.#openUntil !== undefined) return;
    const requests = this.#requests.total(now);
    const { minRequests, failureShare } = this.#options;
    if (requests >= minRequests && this.#failures.total(now) >= failureShare * requests) this.open(now);
  };

  readonly #judge = (verdict: Verdict, now: number): void => {
    this.#probing = false;
    if (verdict === 'failure') {
      this.#failuresInARow += 1;
      this.open(now);
    }
    if (verdict !== 'success') return;
    this.#failuresInARow = 0;
    this.#probesPassed += 1;
    if (this.#probesPassed < PROBES) return;
    this.#openUntil = undefined;
    this.#openedInARow = 0;
  };
}
