import { z } from 'zod';

const name = z.string().min(1).max(500);
const key = z.record(name, z.json()).refine((fields) => Object.keys(fields).length > 0);

/** What is to be taken for outdated; `kind` is told by the other members. */
const invalidation = z.union(
  [
    /** Whatever a subgraph has answered. */
    z.strictObject({ kind: z.literal('subgraph').optional(), subgraph: name }),
    /** Answers of a subgraph that hold data of a type. */
    z.strictObject({ kind: z.literal('type').optional(), subgraph: name, type: name }),
    /** Answers of all subgraphs about an entity, and those that hold some entity of the type without saying which. */
    z.strictObject({ kind: z.literal('entity').optional(), type: name, key }),
    /** What has one of these tags, by `@cacheTag` or the extensions of a response. */
    z.strictObject({ kind: z.literal('cache_tag').optional(), tags: z.array(name).min(1).max(1_000) }),
  ],
  'one of { subgraph }, { subgraph, type }, { type, key: { … } } and { tags: […] }',
);

export type Invalidation =
  | { readonly subgraph: string }
  | { readonly subgraph: string; readonly type: string }
  | { readonly type: string; readonly key: Readonly<Record<string, unknown>> }
  | { readonly tags: readonly string[] };

const list = 'a list of 1 to 1000 invalidations';
export const invalidations = z.array(invalidation, list).min(1, list).max(1_000, list);
