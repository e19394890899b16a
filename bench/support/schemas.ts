import { z } from 'zod';

/** What the processes of the benchmark tell it. */
export const subgraphsSchema = z.array(
  z.object({ world: z.string(), name: z.string(), url: z.string(), sdl: z.string() }),
);

export const countsSchema = z.object({ calls: z.number(), executed: z.number() });

/** Of a gateway since its start: microseconds of user and system time, milliseconds in GC, bytes of memory. */
export const usageSchema = z.object({
  cpuMicros: z.number(),
  majorGcs: z.number(),
  minorGcs: z.number(),
  gcMs: z.number(),
  rssBytes: z.number(),
  peakRssBytes: z.number(),
  heapUsedBytes: z.number(),
});

/** Of a gateway after a full collection: JavaScript's heap, buffers and the like outside of it, timers, sockets and such. */
export const aliveSchema = z.object({
  heapBytes: z.number(),
  externalBytes: z.number(),
  resources: z.array(z.string()),
});

export const loadJobSchema = z.object({
  url: z.string(),
  workload: z.string(),
  seconds: z.number(),
  maxRequests: z.number(),
  /** Serial number of the first request; the next one's is in the result. */
  from: z.number(),
  /** Every answer's length; absent when answers differ. */
  answerBytes: z.number().optional(),
  /** Counts answers with errors, and those that do not come within five seconds, instead of ending. */
  toleratesFailures: z.boolean().optional(),
  /** The workload's own when absent. */
  connections: z.number().optional(),
});

/** Latencies in milliseconds. */
export const loadResultSchema = z.object({
  requests: z.number(),
  seconds: z.number(),
  p50: z.number(),
  p99: z.number(),
  /** Of the requests. */
  failed: z.number(),
  next: z.number(),
});

/** What a subgraph does from now on; `unavailable`: it answers this share with 503. */
export const faultSchema = z.object({
  subgraph: z.string(),
  fault: z.union([z.enum(['none', 'hangs', 'down']), z.object({ unavailable: z.number() })]),
});

export type Fault = z.infer<typeof faultSchema>['fault'];
export type Subgraphs = z.infer<typeof subgraphsSchema>;
export type Usage = z.infer<typeof usageSchema>;
export type Alive = z.infer<typeof aliveSchema>;
export type LoadJob = z.infer<typeof loadJobSchema>;
export type LoadResult = z.infer<typeof loadResultSchema>;
