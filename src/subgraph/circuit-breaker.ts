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
 * is sent; after a while it is half open: one request at a time is let through, and decides. An address that is ejected is
 * the same to whoever has another; who has none may ask it all the same, and that counts. Times are milliseconds of the
 * clock the caller uses.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #requests = new SlidingCount();
  readonly #failures = new SlidingCount();
  #failuresInARow = 0;
  /** undefined while it is closed. */
  #openUntil: number | undefined;
  /** It is not open for what was counted. */
  #isEjected = false;
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

  /** May a request be sent for want of another address? */
  get isEjected(): boolean {
    return this.#isEjected;
  }

  /** Failures with no success in between. */
  get failuresInARow(): number {
    return this.#failuresInARow;
  }

  /** Returns what has to be called when the request is over, once. Only to be asked for where `admits` or `isEjected`. */
  enter(now: number): (verdict: Verdict, now: number) => void {
    if (this.#openUntil === undefined) return this.#count;
    if (!this.admits(now)) return this.#countEjected;
    this.#probing = true;
    return this.#judge;
  }

  /** Leaves it out while there are others, whatever the counts say. */
  eject(now: number): void {
    this.#leaveAlone(now);
    this.#isEjected = true;
  }

  #open(now: number): void {
    this.#leaveAlone(now);
    this.#isEjected = false;
    this.#requests.clear();
    this.#failures.clear();
  }

  #leaveAlone(now: number): void {
    this.#openedInARow += 1;
    this.#openUntil = now + this.#options.openMs * Math.min(this.#openedInARow, MAX_BACKOFF);
    this.#probesPassed = 0;
  }

  #pass(): void {
    this.#failuresInARow = 0;
    this.#probesPassed += 1;
    if (this.#probesPassed < PROBES) return;
    this.#openUntil = undefined;
    this.#isEjected = false;
    this.#openedInARow = 0;
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
    if (this.#openUntil === undefined) this.#openByShare(now);
  };

  readonly #countEjected = (verdict: Verdict, now: number): void => {
    this.#count(verdict, now);
    if (!this.#isEjected) return;
    if (verdict === 'success') this.#pass();
    if (verdict === 'failure') this.#openByShare(now);
  };

  #openByShare(now: number): void {
    const requests = this.#requests.total(now);
    const { minRequests, failureShare } = this.#options;
    if (requests >= minRequests && this.#failures.total(now) >= failureShare * requests) this.#open(now);
  }

  readonly #judge = (verdict: Verdict, now: number): void => {
    this.#probing = false;
    if (verdict === 'success') this.#pass();
    if (verdict !== 'failure') return;
    this.#failuresInARow += 1;
    if (this.#isEjected) this.eject(now);
    else this.#open(now);
  };
}
