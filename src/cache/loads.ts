import type { RedisWait } from '../redis/store.ts';
import type { Leases } from './leases.ts';
import { leaseKey } from './lookup-keys.ts';

/** What was to be loaded, by who does it. */
export interface TakenLoads {
  /** The caller. */
  readonly ours: ReadonlySet<string>;
  /** Another process; those in this one wait for the caller all the same. */
  readonly elsewhere: ReadonlySet<string>;
  /** Another caller in this process: resolves with the entry's text, or with undefined when there is none. */
  readonly here: ReadonlyMap<string, Promise<string | undefined>>;
}

/** Loads that are running in this process, by key. */
export type RunningLoads = Map<
  string,
  { readonly text: Promise<string | undefined>; end(text: string | undefined): void }
>;

/** What one caller loads. Each key is loaded once at a time: in this process by promises, among all by leases. */
export class Loads {
  readonly #running: RunningLoads;
  readonly #leases: Leases;
  /** Whether there is a lease too. */
  readonly #own = new Map<string, boolean>();

  constructor(running: RunningLoads, leases: Leases) {
    this.#running = running;
    this.#leases = leases;
  }

  async take(keys: readonly string[], ms: number, waiting?: RedisWait): Promise<TakenLoads> {
    const here = new Map<string, Promise<string | undefined>>();
    const free: string[] = [];
    for (const key of keys) {
      const running = this.#running.get(key);
      if (running === undefined) {
        const { promise: text, resolve: end } = Promise.withResolvers<string | undefined>();
        this.#running.set(key, { text, end });
        this.#own.set(key, false);
        free.push(key);
      } else here.set(key, running.text);
    }
    const taken = free.length === 0 ? [] : await this.#leases.take(free.map(leaseKey), ms, waiting);
    const ours = new Set(free.filter((_, index) => taken[index]));
    for (const key of ours) if (this.#own.has(key)) this.#own.set(key, true);
    return { ours, elsewhere: new Set(free.filter((key) => !ours.has(key))), here };
  }

  /** Whether other processes load them still. */
  held(keys: readonly string[], waiting?: RedisWait): Promise<readonly boolean[]> {
    return this.#leases.held(keys.map(leaseKey), waiting);
  }

  /** Those of the caller's loads are done: whoever waits here gets the text. Returns the keys of leases to be ended. */
  end(texts: ReadonlyMap<string, string | undefined>): string[] {
    return [...texts].flatMap(([key, text]) => {
      const isLeased = this.#own.get(key);
      if (isLeased === undefined) return [];
      this.#own.delete(key);
      this.#running.get(key)?.end(text);
      this.#running.delete(key);
      return isLeased ? [key] : [];
    });
  }

  /** Others may load them after so many milliseconds. */
  endLeases(keys: readonly string[], ms: number): void {
    if (keys.length > 0) this.#leases.end(keys.map(leaseKey), ms);
  }
}
