import { SlidingCount } from './sliding-count.ts';

/**
 * How many retries one subgraph is sent: a share of its requests of the last ten seconds, and a few for when there are
 * hardly any. In an outage, when every request would be repeated, it keeps the load from being doubled. As in Envoy and
 * Finagle.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #atLeast: number;
  readonly #requests = new SlidingCount();
  readonly #retries = new SlidingCount();

  /** `share` from 0 to 1; `perSecond` retries are granted beside it. */
  constructor({ share, perSecond }: { readonly share: number; readonly perSecond: number }) {
    this.#share = share;
    this.#atLeast = perSecond * 10;
  }

  countRequest(now: number): void {
    this.#requests.add(now);
  }

  /** Takes one retry where there is one left. */
  take(now: number): boolean {
    if (this.#retries.total(now) >= this.#atLeast + this.#share * this.#requests.total(now)) return false;
    this.#retries.add(now);
    return true;
  }
}
