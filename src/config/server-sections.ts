import { z } from 'zod';
import { isAddressOrNetwork } from '../core/networks.ts';
import {
  text,
  integer,
  flag,
  adminToken,
  workers,
  list,
  section,
  proxy,
  longestSeconds,
  share,
  bytes,
  count,
  milliseconds,
} from './checks.ts';

export const server = section({
  host: text('a host name or address').default('127.0.0.1'),
  /** 0 takes any free port. */
  port: integer(0, 65_535).default(4000),
  /** Longest request body, after inflating. */
  maxBodyBytes: bytes.default(1_000_000),
  /** How long a client request may take from the first byte to the last; its header `x-request-timeout-ms` may say less. */
  requestTimeoutMs: milliseconds.default(30_000),
  /** How long a stopping gateway goes on as before but for saying that it is not ready, so that nobody sends it more. */
  preStopMs: integer(0, 600_000).default(0),
  /** How long a stopping gateway waits for the requests it has. */
  shutdownMs: milliseconds.default(10_000),
  /** Beyond any of these, requests are refused before they are read, with 503 and `Retry-After`, and `/health/ready` says so. */
  overload: section({
    /** Operations that are being answered. */
    maxInFlight: count.default(1_000),
    /** How late the event loop may be, averaged over about a second. */
    maxEventLoopDelayMs: milliseconds.default(500),
    /** Share of the heap V8 may have. */
    maxHeapShare: share.default(0.9),
  }).prefault({}),
  /** Proxies whose `X-Forwarded-For` is believed: addresses and networks, such as `10.0.0.0/8`. */
  trustedProxies: list(z.string(proxy).refine(isAddressOrNetwork, proxy), 'a list of addresses and networks').default(
    [],
  ),
  /** Processes that `atrium serve` shares the port among; `auto` is one for each processor it may use. */
  workers: z.union([z.int(workers).min(1, workers).max(256, workers), z.literal('auto')], workers).default(1),
  cors: section({
    origins: z.union(
      [z.literal('*'), z.array(text('an origin'))],
      '"*" or a list of origins, such as ["https://shop.example"]',
    ),
    /** May browsers send cookies and authorization? Not together with `origins: '*'`. */
    credentials: flag.default(false),
    /** How long browsers may remember a preflight answer. */
    maxAgeSeconds: integer(0, longestSeconds).default(600),
  }).optional(),
}).prefault({});

/** A listener of its own for operators: invalidation, the supergraph in use, health. */
export const admin = section(
  {
    enabled: flag.default(true),
    host: text('a host name or address').default('127.0.0.1'),
    /** 0 takes any free port; without it that is 4010, or any free one when another gateway has that. */
    port: integer(0, 65_535).optional(),
    /** What requests carry as `Authorization: Bearer`. Needed when other machines can reach `host`. */
    token: z
      .string(adminToken)
      .regex(/^[\w.~+/-]{16,}=*$/, adminToken)
      .optional(),
  },
  'an object, such as { enabled: false }',
).prefault({});
