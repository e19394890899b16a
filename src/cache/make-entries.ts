import type { Audience, Freshness } from './cache-control.ts';
import { encodeEntry, maxEntryBytes, sortable } from './entry.ts';
import type { Entry } from './entry.ts';
import type { EntityLookup, FetchedValues } from './entity-cache.ts';
import { cacheTag } from './invalidation-tags.ts';
import type { TagPlan } from './tag-plan.ts';

export interface NewEntry {
  readonly index: number;
  readonly text: string;
  readonly ttlMs: number;
}

export interface EntryMaking {
  readonly lookup: EntityLookup;
  readonly plan: TagPlan;
  readonly since: Pick<Entry, 'epoch' | 'sequence'>;
  /** Of an entity with this representation. */
  readonly freshnessOf: (representation: string) => Freshness | undefined;
  readonly negativeSeconds: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** More or longer tags than that of one entry nobody means. */
const maxTags = 50;
const maxTagLength = 500;
/** How much of its time an entry may lose, so that those fetched together do not all end together. */
const jitter = 0.1;

/** The entries of those values that may be kept; `indexes` are theirs among the representations. */
export function makeEntries(making: EntryMaking, indexes: readonly number[], answer: FetchedValues): NewEntry[] {
  const { lookup, plan } = making;
  return indexes.flatMap((index, position): NewEntry[] => {
    const value = answer.values[position];
    const representation = lookup.representations[index] ?? '';
    const freshness = value === undefined ? undefined : lastingOf(making, representation, value);
    const tags = readTags(answer.tags?.(position));
    if (freshness === undefined || tags === undefined || answer.tags === undefined) return [];
    try {
      plan.ownTags(representation, lookup.variables);
      const entry = encode(making, freshness, value, [
        ...tags.map(cacheTag),
        ...plan.answeredTags(representation, value),
      ]);
      return Buffer.byteLength(entry.text) > maxEntryBytes ? [] : [{ index, ...entry }];
    } catch {
      // It nests too deeply for a text, or its own tags cannot be told.
      return [];
    }
  });
}

/** undefined when it may not be kept. */
function lastingOf(
  { freshnessOf, negativeSeconds }: EntryMaking,
  representation: string,
  value: unknown,
): Freshness | undefined {
  const freshness = freshnessOf(representation);
  const isNothing =
    value === null || (representation === '' && Object.values(Object(value)).every((one) => one === null));
  if (freshness === undefined || !isNothing) return freshness;
  if (negativeSeconds === undefined || freshness.ttlSeconds <= 0) return undefined;
  const ttlSeconds = Math.min(negativeSeconds, freshness.ttlSeconds);
  return { audience: freshness.audience, ttlSeconds, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 };
}

function encode(
  { since, now, random }: EntryMaking,
  freshness: { readonly audience: Audience } & Omit<Freshness, 'audience'>,
  value: unknown,
  tags: readonly string[],
): Pick<NewEntry, 'text' | 'ttlMs'> {
  const { audience, ttlSeconds, staleWhileRevalidateSeconds, staleIfErrorSeconds } = freshness;
  const freshUntil = now + ttlSeconds * 1000 * (ttlSeconds > 0 ? 1 - jitter * random() : 1);
  const agingUntil = freshUntil + staleWhileRevalidateSeconds * 1000;
  const spareUntil = freshUntil + staleIfErrorSeconds * 1000;
  const text = encodeEntry({
    ...since,
    audience,
    freshUntil: sortable(freshUntil),
    agingUntil: sortable(agingUntil),
    spareUntil: sortable(spareUntil),
    tags: tags.length === 0 ? '' : JSON.stringify(tags),
    json: JSON.stringify(value),
  });
  return { text, ttlMs: Math.max(agingUntil, spareUntil) - now };
}

/** undefined for what are no tags: an entry that an invalidation could not find is not kept. */
function readTags(tags: unknown): readonly string[] | undefined {
  if (tags === undefined || tags === null) return [];
  const isTags = Array.isArray(tags) && tags.length <= maxTags;
  return isTags && tags.every((tag) => typeof tag === 'string' && tag.length <= maxTagLength) ? tags : undefined;
}
