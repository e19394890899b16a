interface Flight<Result> {
  readonly result: Promise<Result>;
  readonly abort: AbortController;
  members: number;
}

/** Work that several who ask the same at the same time have done once. */
export class Flights<Result> {
  readonly #open = new Map<string, Flight<Result>>();

  /**
   * What `run` makes, for the member and all who join under the key before it is there. The signal that `run` gets is
   * aborted when the last member has left.
   */
  join(
    key: string,
    member: AbortSignal,
    run: (signal: AbortSignal) => Promise<Result>,
  ): { readonly result: Promise<Result>; readonly leads: boolean } {
    const joined = this.#open.get(key);
    const flight = joined ?? this.#start(key, run);
    flight.members += 1;
    const leave = (): void => {
      flight.members -= 1;
      if (flight.members > 0) return;
      this.#close(key, flight);
      flight.abort.abort();
    };
    if (member.aborted) leave();
    else member.addEventListener('abort', leave, { once: true });
    return { result: flight.result, leads: joined === undefined };
  }

  #start(key: string, run: (signal: AbortSignal) => Promise<Result>): Flight<Result> {
    const abort = new AbortController();
    const flight = { abort, members: 0, result: run(abort.signal).finally(() => this.#close(key, flight)) };
    this.#open.set(key, flight);
    return flight;
  }

  /** Another may have taken its place. */
  #close(key: string, flight: Flight<Result>): void {
    if (this.#open.get(key) === flight) this.#open.delete(key);
  }
}
