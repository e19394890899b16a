import { z } from 'zod';
import {
  text,
  httpUrl,
  integer,
  flag,
  byName,
  section,
  share,
  bytes,
  count,
  milliseconds,
  pollSeconds,
} from './checks.ts';
import { subgraphDefaults as defaults } from './subgraph-defaults.ts';

/** Its combinations are checked by `parseConfig`. */
export const supergraph = section(
  {
    /** Path of a composed supergraph schema. */
    file: text('a path').optional(),
    /** With `file`: load it again when it changes. Default true. */
    watch: flag.optional(),
    /** Address a composed supergraph schema is fetched from. */
    url: httpUrl.optional(),
    /** With `url` (default 30) or `services` (default 10): seconds between two looks for a change. */
    pollSeconds: pollSeconds.optional(),
    /** Subgraphs by name, introspected at their addresses and composed by the gateway. */
    services: byName(
      section({ url: httpUrl }),
      'an object of subgraphs by name, such as { users: { url: "…" } }',
    ).optional(),
    /** With `services`: a supergraph file that stands in at start for services that are down. */
    fallback: text('a path').optional(),
    /** With `url` or `services`: a file that the supergraph in use is kept in, and that stands in at start for one that fails. */
    lastGood: text('a path').optional(),
  },
  'one of { file: "…" }, { url: "…" } or { services: { … } }',
);

/** How a subgraph is called; as a default for all, or for one, where what is not said of it is as for all. */
const calls = {
  /** Longest time for one request, answer and further tries included. */
  timeoutMs: milliseconds,
  /** Queries that found no connection, lost it, or were answered 502, 503, 504 (or 429 with `Retry-After`) are sent again. */
  retry: {
    /** How often one is sent at most; 1 never repeats it. */
    maxTries: integer(1, 5),
    /** Share of the requests of the last ten seconds that may be repeated. */
    budgetShare: share,
    /** Repeated beside that, per second. */
    budgetPerSecond: integer(0, 1_000),
  },
  /** An address that fails too often is left alone for a while. */
  breaker: {
    /** Share of failures among the requests of the last ten seconds. */
    failureShare: share,
    /** With fewer requests than this it goes on being asked. */
    minRequests: count,
    /** How long; longer each time it happens again at once, up to fivefold. */
    openMs: milliseconds,
  },
  /** Requests of this process that may be at it at once. */
  maxInFlight: count,
  /** How long another one waits for its turn. */
  queueMs: integer(0, 60_000),
};

/** Settings of single subgraphs, by name. */
export const subgraphs = byName(
  section({
    /** Where the subgraph answers, instead of the address in the supergraph. */
    url: httpUrl.optional(),
    /**
     * Where its instances are, when the address in `url` is not the only one: their origins, such as
     * `['http://10.0.0.1:4002', 'http://10.0.0.2:4002']`; a JSON file with such a list, read again when it changes; or all
     * addresses of the name in `url`, looked up again and again.
     */
    addresses: z
      .union(
        [
          z.array(httpUrl).min(1),
          section({ file: text('a path') }),
          section({ dns: section({ everySeconds: integer(1, 3_600).default(10) }) }),
        ],
        'a list of origins, { file: "…" } or { dns: {} }',
      )
      .optional(),
    timeoutMs: calls.timeoutMs.optional(),
    retry: section(calls.retry).partial().optional(),
    breaker: section(calls.breaker).partial().optional(),
    maxInFlight: calls.maxInFlight.optional(),
    queueMs: calls.queueMs.optional(),
    /** Speak HTTP/2 with it where it offers that under `https` (ALPN). Default false. */
    http2: flag.optional(),
    /**
     * Gather entity look-ups of concurrent requests that would be sent with the same headers and variables, and send them in
     * one call. Off by default: each waits up to the window for others.
     */
    batching: section({
      /** Longest wait, in milliseconds; 0 waits for no more than what has arrived already. */
      windowMs: integer(0, 50).default(2),
      /** With so many different entities the call is made at once. */
      maxEntities: integer(1, 10_000).default(200),
    }).optional(),
  }),
  'an object of settings by subgraph name',
).prefault({});

export const subgraphDefaults = section({
  timeoutMs: calls.timeoutMs.default(defaults.timeoutMs),
  retry: section({
    maxTries: calls.retry.maxTries.default(defaults.retry.maxTries),
    budgetShare: calls.retry.budgetShare.default(defaults.retry.budgetShare),
    budgetPerSecond: calls.retry.budgetPerSecond.default(defaults.retry.budgetPerSecond),
  }).prefault({}),
  breaker: section({
    failureShare: calls.breaker.failureShare.default(defaults.breaker.failureShare),
    minRequests: calls.breaker.minRequests.default(defaults.breaker.minRequests),
    openMs: calls.breaker.openMs.default(defaults.breaker.openMs),
  }).prefault({}),
  maxInFlight: calls.maxInFlight.default(defaults.maxInFlight),
  queueMs: calls.queueMs.default(defaults.queueMs),
  maxResponseBytes: bytes.default(10_000_000),
}).prefault({});
