import type { Pool } from 'undici';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { BreakerOptions } from './circuit-breaker.ts';
import type { Location } from './address-source.ts';
import { createPool } from './pool.ts';

/** One instance of a subgraph: its connections, and what is known of its health. */
export interface Endpoint extends Location {
  readonly pool: Pool;
  readonly breaker: CircuitBreaker;
  /** Requests it has not answered yet. */
  inFlight: number;
}

export interface EndpointOptions {
  readonly http2: boolean;
  readonly breaker: BreakerOptions;
}

export function createEndpoint({ origin, host }: Location, { http2, breaker }: EndpointOptions): Endpoint {
  const servername = host === undefined ? undefined : new URL(`http://${host}`).hostname;
  const pool = createPool(origin, { http2, servername });
  return { origin, host, pool, breaker: new CircuitBreaker(breaker), inFlight: 0 };
}

/** Failures in a row after which an instance is left out for a while, where there are enough others. */
const EJECTED_AFTER = 5;

export interface Choice {
  readonly random: () => number;
  /** Where it was sent before. */
  readonly other?: Endpoint | undefined;
  /** May it be lost? A mutation is not sent again. */
  readonly mayProbe: boolean;
}

/**
 * The less loaded of two drawn by lot (M. Mitzenmacher, The Power of Two Choices in Randomized Load Balancing), among
 * those whose circuit is closed. One that is half open comes first where the request `mayProbe`, and is a resort of others.
 * `other` is taken only when there is nothing else; those that were ejected are, before nobody is asked: whoever is left of
 * them may be well (the panic threshold of Envoy). undefined where every circuit is open for what was counted.
 */
export function chooseEndpoint(
  endpoints: readonly Endpoint[],
  now: number,
  { random, other, mayProbe }: Choice,
): Endpoint | undefined {
  const [only] = endpoints;
  if (only !== undefined && endpoints.length === 1)
    return only.breaker.admits(now) || only.breaker.isEjected ? only : undefined;
  const draw = (from: readonly Endpoint[]): Endpoint | undefined => from[Math.floor(random() * from.length)];
  // One that is half open gets a request before the others are drawn from: nothing else would tell that it is well again.
  const probe = endpoints.find((one) => one !== other && !one.breaker.isClosed && one.breaker.admits(now));
  if (probe !== undefined && mayProbe) return probe;
  const candidates = endpoints.filter((one) => one !== other && one.breaker.isClosed);
  if (candidates.length === 0) {
    if (other?.breaker.admits(now) === true) return other;
    return probe ?? draw(endpoints.filter(({ breaker }) => breaker.isEjected));
  }
  const first = draw(candidates);
  const second = draw(candidates.filter((one) => one !== first));
  if (first === undefined || second === undefined) return first;
  return second.inFlight < first.inFlight ? second : first;
}

/** Leaves out an instance that does nothing but fail; never so that fewer than half of them are left. */
export function ejectFailing(endpoint: Endpoint, endpoints: readonly Endpoint[], now: number): void {
  const { breaker } = endpoint;
  if (!breaker.isClosed || breaker.failuresInARow < EJECTED_AFTER) return;
  const left = endpoints.filter((one) => one !== endpoint && one.breaker.isClosed).length;
  if (left > 0 && left >= endpoints.length / 2) breaker.eject(now);
}
