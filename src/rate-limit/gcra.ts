import type { RedisWait } from '../redis/store.ts';

/**
 * The generic cell rate algorithm (ITU-T I.371, as a leaky bucket). All times are whole microseconds, so that this
 * process and Redis calculate the same numbers. A bucket's only state is its theoretical arrival time: the moment at
 * which it will have drained. What still has to drain, its *backlog*, grows by what is charged and may not exceed
 * `tolerance`. An arrival time further away than that was written before the clock was set back: it is written anew, or
 * the bucket would refuse until the clock has caught up. Else a refusal writes nothing.
 */
export interface Charge {
  readonly key: string;
  /** Backlog it adds: the window divided by the limit, for each unit. */
  readonly increment: number;
  /** Backlog a bucket holds: that of one unit times the burst. */
  readonly tolerance: number;
  /** Charges of one group are taken all or none. What refuses group 0 refuses every group. */
  readonly group: number;
  /** Where Redis cannot count: this process does, nobody does, or the group is refused. */
  readonly onError: 'local' | 'open' | 'closed';
}

/** Where the buckets are kept. */
export interface Buckets {
  take(charges: readonly Charge[], waiting?: RedisWait): Promise<Taken>;
  /** Changes backlogs by the increments, which may be negative, within what buckets hold. Never rejects. */
  adjust(charges: readonly Charge[], waiting?: RedisWait): Promise<void>;
}

export interface Taken {
  /**
   * What each bucket held before, in the order of the charges: those whose group nothing refuses were taken. undefined
   * where nobody counted, Infinity where that refuses.
   */
  readonly backlogs: readonly (number | undefined)[];
  /** Where to give back what was taken. */
  readonly from: Pick<Buckets, 'adjust'>;
}

/** The backlog of a bucket now, from its arrival time. */
export function backlogOf(arrival: number | undefined, tolerance: number, now: number): number {
  return Math.max(0, Math.min((arrival ?? now) - now, tolerance));
}

export function admits({ increment, tolerance }: Charge, backlog: number | undefined): boolean {
  return backlog === undefined || backlog + increment <= tolerance;
}

/** The groups that some backlog refuses; undefined when there is none. */
export function refusedGroups(
  charges: readonly Charge[],
  backlogs: readonly (number | undefined)[],
): ReadonlySet<number> | undefined {
  let refused: Set<number> | undefined;
  for (const [index, charge] of charges.entries()) {
    if (!admits(charge, backlogs[index])) (refused ??= new Set()).add(charge.group);
  }
  return refused;
}

export function isRefused(refused: ReadonlySet<number> | undefined, { group }: Charge): boolean {
  return refused !== undefined && (refused.has(0) || refused.has(group));
}
