import { z } from 'zod';

export const startJobSchema = z.object({
  /** What Atrium plans with; the stock gateway, which is the base class; both in one, as served. */
  way: z.enum(['engine', 'stock', 'atrium']),
  /** A file. */
  supergraph: z.string(),
  /** Planned one after the other. */
  queries: z.array(z.string()),
});

/** Modules are not counted: they were loaded before. Memory is measured after a full collection. */
export const loadedSchema = z.object({
  ms: z.number(),
  cpuMs: z.number(),
  rssBytes: z.number(),
  heapBytes: z.number(),
  /** Milliseconds of each plan. */
  plans: z.array(z.number()),
});

export type StartJob = z.infer<typeof startJobSchema>;
export type Loaded = z.infer<typeof loadedSchema>;
