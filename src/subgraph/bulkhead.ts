/**
 * Bounds how many requests are at one subgraph, so that one that hangs does not take all memory and sockets with it. What
 * finds no room waits in a short queue, first come, first served.
 */
export class Bulkhead {
  readonly #room: number;
  readonly #queueMs: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  /** Room for so many requests; the others wait up to `queueMs` milliseconds, and no more of them than there is room for. */
  constructor({ maxInFlight, queueMs }: { readonly maxInFlight: number; readonly queueMs: number }) {
    this.#room = maxInFlight;
    this.#queueMs = queueMs;
  }

  /** Requests that are at it. */
  get inside(): number {
    return this.#inside;
  }

  /** true when there is room at once; `leave` gives it back. */
  tryEnter(): boolean {
    if (this.#inside >= this.#room) return false;
    this.#inside += 1;
    return true;
  }

  /** Resolves with whether room was found in time. `withinMs` is what the request itself has left. */
  waitToEnter(withinMs: number): Promise<boolean> {
    if (this.#waiting.size >= this.#room) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (entered: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(enter);
        resolve(entered);
      };
      const enter = (): void => settle(true);
      const timer = setTimeout(() => settle(false), Math.max(0, Math.min(this.#queueMs, withinMs)));
      this.#waiting.add(enter);
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#inside -= 1;
    else next();
  }
}
