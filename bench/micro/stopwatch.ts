/** Time spent in the parts of the work, all synchronous. */
export class Stopwatch {
  readonly #ms = new Map<string, number>();

  timed<Args extends unknown[], Result>(part: string, work: (...args: Args) => Result): (...args: Args) => Result {
    return (...args) => {
      const since = performance.now();
      try {
        return work(...args);
      } finally {
        this.#ms.set(part, (this.#ms.get(part) ?? 0) + performance.now() - since);
      }
    };
  }

  /** Milliseconds by part since the last time they were taken. */
  take(): ReadonlyMap<string, number> {
    const taken = new Map(this.#ms);
    this.#ms.clear();
    return taken;
  }
}
