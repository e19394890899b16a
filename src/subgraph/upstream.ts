import type { Logger } from '../core/logger.ts';
import { openAddressSource } from './address-source.ts';
import type { Addresses, AddressSourceOptions, Location } from './address-source.ts';
import { Bulkhead } from './bulkhead.ts';
import type { BreakerOptions, Verdict } from './circuit-breaker.ts';
import { chooseEndpoint, createEndpoint, ejectFailing } from './endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import type { SubgraphNumbers } from '../telemetry/metrics.ts';
import { RetryBudget } from './retry-budget.ts';

/** How one subgraph is called. */
export interface SubgraphTarget {
  readonly url: string;
  /** Where its instances are, where the origin of `url` is not the only one. */
  readonly addresses?: Addresses | undefined;
  /** Longest time for one request, answer and further tries included, in milliseconds. */
  readonly timeoutMs: number;
  /** Speak HTTP/2 where a server of `https` offers it. */
  readonly http2: boolean;
  readonly retry: RetryOptions;
  readonly breaker: BreakerOptions;
  /** Requests that may be at it at once, of this process. */
  readonly maxInFlight: number;
  /** How long another one waits for its turn, in milliseconds. */
  readonly queueMs: number;
}

export interface RetryOptions {
  /** How often a query is sent at most; 1 never repeats one. */
  readonly maxTries: number;
  /** Share of the requests of the last ten seconds that may be repeated, from 0 to 1. */
  readonly budgetShare: number;
  /** Repeated beside that, per second. */
  readonly budgetPerSecond: number;
}

/** A subgraph as this process knows it: its instances and their health, over all generations of the supergraph. */
export class Upstream {
  readonly target: SubgraphTarget;
  readonly path: string;
  readonly bulkhead: Bulkhead;
  readonly retries: RetryBudget;
  /** Requests that were sent again, since the start. */
  retried = 0;
  readonly #subgraph: string;
  readonly #logger: Logger;
  readonly #random: () => number;
  readonly #source: { close(): void };
  #endpoints: readonly Endpoint[];

  constructor(
    subgraph: string,
    target: SubgraphTarget,
    {
      logger,
      random = Math.random,
      resolve,
    }: Pick<AddressSourceOptions, 'logger' | 'resolve'> & { random?: () => number },
  ) {
    this.target = target;
    this.#subgraph = subgraph;
    this.#logger = logger;
    this.#random = random;
    const { pathname, search } = new URL(target.url);
    this.path = pathname + search;
    this.bulkhead = new Bulkhead(target);
    this.retries = new RetryBudget({ share: target.retry.budgetShare, perSecond: target.retry.budgetPerSecond });
    const { url, addresses } = target;
    const onChange = (locations: readonly Location[]): void => this.#follow(locations);
    const source = openAddressSource({ url, addresses, logger, onChange, resolve });
    this.#source = source;
    this.#endpoints = source.first.map((location) => createEndpoint(location, target));
  }

  get numbers(): SubgraphNumbers {
    return {
      subgraph: this.#subgraph,
      active: this.bulkhead.inside,
      openCircuits: this.#endpoints.filter(({ breaker }) => !breaker.isClosed).length,
      retries: this.retried,
    };
  }

  /** Where to send the next request, rather not where it was sent before; undefined where every circuit is open for what was counted. */
  choose(now: number, before: Endpoint | undefined, mayProbe: boolean): Endpoint | undefined {
    return chooseEndpoint(this.#endpoints, now, { random: this.#random, other: before, mayProbe });
  }

  /** Returns what has to be called when the request is over, once. */
  enter(endpoint: Endpoint, now: number): (verdict: Verdict, now: number) => void {
    const judge = endpoint.breaker.enter(now);
    endpoint.inFlight += 1;
    return (verdict, over) => {
      endpoint.inFlight -= 1;
      const { breaker } = endpoint;
      const wasClosed = breaker.isClosed;
      judge(verdict, over);
      if (verdict === 'failure') ejectFailing(endpoint, this.#endpoints, over);
      if (wasClosed === breaker.isClosed) return;
      const fields = { subgraph: this.#subgraph, address: endpoint.origin };
      if (wasClosed) this.#logger.warn(fields, 'A subgraph fails too often: it is left alone for a while');
      else this.#logger.info(fields, 'A subgraph answers again');
    };
  }

  /** Lets requests that were sent end. */
  async close(): Promise<void> {
    this.#source.close();
    await Promise.all(this.#endpoints.map(({ pool }) => pool.close()));
  }

  /** Those that stay keep their connections and what is known of them. */
  #follow(locations: readonly Location[]): void {
    const key = ({ origin, host }: Location): string => `${origin} ${host ?? ''}`;
    const known = new Map(this.#endpoints.map((endpoint) => [key(endpoint), endpoint]));
    const wanted = new Map(locations.map((location) => [key(location), location]));
    const gone = [...known].filter(([name]) => !wanted.has(name));
    if (gone.length === 0 && wanted.size === known.size) return;
    this.#endpoints = [...wanted].map(([name, location]) => known.get(name) ?? createEndpoint(location, this.target));
    this.#logger.info(
      { subgraph: this.#subgraph, addresses: this.#endpoints.map(({ origin }) => origin) },
      'The addresses of a subgraph changed',
    );
    for (const [, { pool }] of gone) void pool.close();
  }
}
