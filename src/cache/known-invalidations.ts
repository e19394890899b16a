/** How many tags are told apart; what is forgotten is taken for invalidated. */
export const maxTags = 10_000;

/** Tags in the log, all invalidated last by what has this number. */
export interface LoggedTags {
  readonly number: number;
  readonly tags: readonly string[];
}

/**
 * What this process knows of the log of invalidations. They are numbered from 1 on; whoever loses the log starts a new
 * epoch, and whatever was stored in another one is invalid. An entry made when `number` invalidations were known is valid
 * unless one of its tags has been invalidated later, or might have been (`floor`).
 */
export class KnownInvalidations {
  #epoch = '';
  #number = 0;
  #floor = 0;
  /** The number of the last invalidation of each tag, in ascending order. */
  readonly #latest = new Map<string, number>();
  /** Tags by which of the doubts was the last. */
  readonly #doubts = new Map<string, number>();
  #doubtCount = 0;

  /** '' as long as nothing is known. */
  get epoch(): string {
    return this.#epoch;
  }

  /** Of the last invalidation. */
  get number(): number {
    return this.#number;
  }

  /** Entries that knew less than this may have been invalidated by what is forgotten. */
  get floor(): number {
    return this.#floor;
  }

  /** Every invalidation has its number: one in doubt, or a log that is lost, has none to tell answers before from those after. */
  get isSettled(): boolean {
    return this.#epoch !== '' && this.#doubts.size === 0;
  }

  /** Infinity while an invalidation that should have happened may not be in the log. */
  latest(tag: string): number {
    return this.#doubts.has(tag) ? Infinity : (this.#latest.get(tag) ?? 0);
  }

  /** Nothing with these tags is valid until they are settled. */
  doubt(tags: readonly string[]): void {
    this.#doubtCount += 1;
    for (const tag of tags) this.#doubts.set(tag, this.#doubtCount);
  }

  doubts(): ReadonlyMap<string, number> {
    return new Map(this.#doubts);
  }

  /** What was in doubt, and is not anew, has come into the log. */
  settle(doubts: ReadonlyMap<string, number>): void {
    for (const [tag, doubt] of doubts) if (this.#doubts.get(tag) === doubt) this.#doubts.delete(tag);
  }

  /** All that the log holds, or what it holds beyond `number` when the epoch is the same; in ascending order. */
  learn(epoch: string, number: number, floor: number, logged: readonly LoggedTags[]): void {
    if (epoch !== this.#epoch) {
      this.#latest.clear();
      this.#epoch = epoch;
      this.#number = 0;
      this.#floor = 0;
    }
    this.#floor = Math.max(this.#floor, floor);
    for (const { number: last, tags } of logged) {
      for (const tag of tags) {
        if ((this.#latest.get(tag) ?? 0) >= last) continue;
        this.#latest.delete(tag);
        this.#latest.set(tag, last);
      }
    }
    this.#number = Math.max(this.#number, number);
    for (const [tag, last] of this.#latest) {
      if (this.#latest.size <= maxTags) break;
      this.#latest.delete(tag);
      this.#floor = Math.max(this.#floor, last);
    }
  }
}
