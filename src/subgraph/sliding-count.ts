const BUCKETS = 10;
const BUCKET_MS = 1_000;

/** How often something happened within the last ten seconds, by the second. Times are milliseconds of one clock. */
export class SlidingCount {
  readonly #buckets = new Float64Array(BUCKETS);
  #newest = 0;
  #total = 0;

  add(now: number): void {
    this.#advance(now);
    const at = this.#newest % BUCKETS;
    this.#buckets[at] = (this.#buckets[at] ?? 0) + 1;
    this.#total += 1;
  }

  total(now: number): number {
    this.#advance(now);
    return this.#total;
  }

  clear(): void {
    this.#buckets.fill(0);
    this.#total = 0;
  }

  #advance(now: number): void {
    const bucket = Math.floor(now / BUCKET_MS);
    if (bucket - this.#newest >= BUCKETS) this.clear();
    else {
      for (let old = this.#newest + 1; old <= bucket; old += 1) {
        this.#total -= this.#buckets[old % BUCKETS] ?? 0;
        this.#buckets[old % BUCKETS] = 0;
      }
    }
    if (bucket > this.#newest) this.#newest = bucket;
  }
}
