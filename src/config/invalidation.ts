import { z } from 'zod';

const name = z.string().min(1).max(500);
const key = z.record(name, z.json()).refine((fields) => Object.keys(fields).length > 0);

/** What is to be taken for outdated. */
export type Invalidation =
  /** Whatever a subgraph has answered. */
  | { readonly subgraph: string }
  /** Answers of a subgraph that hold data of a type. */
  | { readonly subgraph: string; readonly type: string }
  /** Answers of all subgraphs about an entity, and those that hold some entity of the type without saying which. */
  | { readonly type: string; readonly key: Readonly<Record<string, unknown>> }
  /** What has one of these tags, by `@cacheTag` or the extensions of a response. */
  | { readonly tags: readonly string[] };

/** `kind` is told by the other members, too. */
const kinds = z.union([
  z.strictObject({ kind: z.literal('subgraph').optional(), subgraph: name }),
  z.strictObject({ kind: z.literal('type').optional(), subgraph: name, type: name }),
  z.strictObject({ kind: z.literal('entity').optional(), type: name, key }),
  z.strictObject({ kind: z.literal('cache_tag').optional(), tags: z.array(name).min(1).max(1_000) }),
]);

const invalidation = z.custom<Invalidation>(
  (value) => kinds.safeParse(value).success,
  'one of { subgraph }, { subgraph, type }, { type, key: { … } } and { tags: […] }',
);

const list = 'a list of 1 to 1000 invalidations';
export const invalidations = z.array(invalidation, list).min(1, list).max(1_000, list);
