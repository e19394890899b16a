/**
 * The generic cell rate algorithm (ITU-T I.371, as a leaky bucket). All times are whole microseconds, so that this
 * process and Redis calculate the same numbers. A bucket's only state is its theoretical arrival time: the moment at
 * which it will have drained. What still has to drain, its *backlog*, grows by `increment` a request and may not
 * exceed `tolerance`. An arrival time further away than that was written before the clock was set back: it is written
 * anew, or the bucket would refuse until the clock has caught up. Else a refusal writes nothing.
 */
export interface Charge {
  readonly key: string;
  /** Backlog one request adds: the window divided by the limit. */
  readonly increment: number;
  /** Backlog a bucket holds: `increment` times the burst. */
  readonly tolerance: number;
}

/** Where the buckets are kept. */
export interface Buckets {
  /**
   * Charges every bucket, or none when one of them cannot take it. Gives the backlog each bucket had before, in the
   * order of `charges`; undefined where it is not known because another bucket had refused already.
   */
  take(charges: readonly Charge[]): Promise<readonly (number | undefined)[]>;
}

/** The backlog of a bucket now, from its arrival time. */
export function backlogOf(arrival: number | undefined, tolerance: number, now: number): number {
  return Math.max(0, Math.min((arrival ?? now) - now, tolerance));
}

export function admits(charge: Charge, backlog: number): boolean {
  return backlog + charge.increment <= charge.tolerance;
}
