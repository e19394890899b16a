import { freshnessOf } from './cache-control.ts';
import type { Freshness } from './cache-control.ts';
import type { EntityLookup } from './entity-cache.ts';
import { readRepresentation } from './tag-plan.ts';

/** What is kept where subgraphs say too little. */
export interface EntityLifetimes {
  /** Where Cache-Control names no lifetime; nothing is kept then without it. */
  readonly ttlSeconds?: number | undefined;
  readonly subgraphs?: Readonly<Record<string, SubgraphLifetimes>> | undefined;
  /** How long, at most, it is kept that an entity does not exist; not at all without it. */
  readonly negativeSeconds?: number | undefined;
}

export interface SubgraphLifetimes {
  readonly enabled?: boolean | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly types?: Readonly<Record<string, { readonly ttlSeconds?: number | undefined }>> | undefined;
}

/** How long each of the entities of a response may be kept, by its representation. */
export function lifetimesOf(
  { ttlSeconds, subgraphs }: EntityLifetimes,
  { subgraph, isRoot }: EntityLookup,
  headers: Readonly<Record<string, string | undefined>>,
): (representation: string) => Freshness | undefined {
  const own = subgraphs?.[subgraph];
  const others = own?.ttlSeconds ?? ttlSeconds;
  const freshness = freshnessOf(headers, others);
  const types = own?.types;
  if (types === undefined) return () => freshness;
  return (representation) => {
    const type = isRoot ? 'Query' : readRepresentation(representation).type;
    return freshnessOf(headers, types[type]?.ttlSeconds ?? others);
  };
}
