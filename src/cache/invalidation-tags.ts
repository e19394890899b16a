import type { Invalidation } from '../config/invalidation.ts';
import { ExactInteger } from '../core/exact-integer.ts';
import { canonicalJson, isJsonObject } from '../core/json.ts';

/** JSON arrays keep the parts of a tag apart. */
export function subgraphTag(subgraph: string): string {
  return JSON.stringify(['subgraph', subgraph]);
}

export function typeTag(subgraph: string, type: string): string {
  return JSON.stringify(['type', subgraph, type]);
}

/** Numbers and texts are the same: so they are to the type `ID`, and one subgraph may send what another does not. */
export function entityTag(type: string, key: Readonly<Record<string, unknown>>): string {
  return canonicalJson(['entity', type, withTexts(key)]);
}

/**
 * Invalidated with every entity of the type, for answers that hold some of them without saying which; with the fields of a
 * key, with every entity that is named by these, for answers that do not tell them.
 */
export function someEntityTag(type: string, key: Iterable<string> = []): string {
  return JSON.stringify(['some', type, ...[...key].toSorted()]);
}

export function cacheTag(tag: string): string {
  return JSON.stringify(['tag', tag]);
}

/** Invalidated with every `cacheTag`: entries that know more need not look at their own. */
export const someCacheTag = JSON.stringify(['some-tag']);

/** The tags that an invalidation puts into the log. */
export function tagsOf(invalidation: Invalidation): string[] {
  if ('tags' in invalidation) return [...invalidation.tags.map(cacheTag), someCacheTag];
  if ('key' in invalidation) {
    const { type, key } = invalidation;
    return [entityTag(type, key), someEntityTag(type), someEntityTag(type, Object.keys(key))];
  }
  return 'type' in invalidation
    ? [typeTag(invalidation.subgraph, invalidation.type)]
    : [subgraphTag(invalidation.subgraph)];
}

function withTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withTexts);
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withTexts(one)]));
  // Whoever invalidates it may have read it from JSON that rounds.
  if (value instanceof ExactInteger) return String(Number(value));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}
