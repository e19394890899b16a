import type { Audience } from './cache-control.ts';

/** What is stored of one entity. Times are sortable texts (`sortable`) of milliseconds since 1970. */
export interface Entry {
  readonly audience: Audience;
  /** What was known of invalidations before the entity was fetched; a sortable text. */
  readonly epoch: string;
  readonly sequence: string;
  readonly freshUntil: string;
  /** Until then it may be served while it is fetched anew; not before `freshUntil`. */
  readonly agingUntil: string;
  /** Until then it may be served when it cannot be fetched. */
  readonly spareUntil: string;
  /** JSON of the tags that do not follow from what was asked; '' when there are none. */
  readonly tags: string;
  /** The entity; `null` where the subgraph knows none. */
  readonly json: string;
}

/** Changes whenever the format or meaning of stored values does. */
const version = '2';
const audiences: Readonly<Record<string, Audience>> = { p: 'public', i: 'impersonal', o: 'private' };
const letters: Readonly<Record<Audience, string>> = { public: 'p', impersonal: 'i', private: 'o' };
const width = 9;
export const epochLength = 8;
/** Neither written nor read beyond. */
export const maxEntryBytes = 512 * 1024;

/** A text is `entryStart`, the sequence, the three times, then the tags and a line feed where there are any, and the JSON. */
const sequenceAt = 2 + epochLength;
const freshAt = sequenceAt + width;
const agingAt = freshAt + width;
const spareAt = agingAt + width;
const bodyAt = spareAt + width;
const bracket = '['.charCodeAt(0);

/** The largest number that can be written sortably. */
export const largest = 36 ** width - 1;

/** A text of fixed width that compares as the number does. */
export function sortable(number: number): string {
  return Math.min(largest, Math.max(0, Math.floor(number)))
    .toString(36)
    .padStart(width, '0');
}

/** From one sortable text to another; negative when the second is the earlier. */
export function millisecondsBetween(since: string, until: string): number {
  return Number.parseInt(until, 36) - Number.parseInt(since, 36);
}

/** What the texts of all entries of an epoch and for an audience begin with. */
export function entryStart(audience: Audience, epoch: string): string {
  return version + letters[audience] + epoch;
}

export function encodeEntry(entry: Entry): string {
  const { audience, epoch, sequence, freshUntil, agingUntil, spareUntil, tags, json } = entry;
  const head = entryStart(audience, epoch) + sequence + freshUntil + agingUntil + spareUntil;
  return head + (tags === '' ? '' : `${tags}\n`) + json;
}

/** undefined for a text of another version or that is none of ours; `json` may still be cut off. */
export function decodeEntry(text: string): Entry | undefined {
  const audience = text.startsWith(version) ? audiences[text.charAt(1)] : undefined;
  if (audience === undefined || text.length > maxEntryBytes) return undefined;
  const jsonAt = jsonStart(text);
  return {
    audience,
    epoch: text.slice(2, sequenceAt),
    sequence: text.slice(sequenceAt, freshAt),
    freshUntil: text.slice(freshAt, agingAt),
    agingUntil: text.slice(agingAt, spareAt),
    spareUntil: text.slice(spareAt, bodyAt),
    tags: text.slice(bodyAt, Math.max(bodyAt, jsonAt - 1)),
    json: text.slice(jsonAt),
  };
}

/**
 * The JSON of an entry that begins so, is fresh and knows enough of invalidations, without taking it apart: this is what
 * becomes of most texts that are read. undefined for all others.
 */
export function freshJson(text: string, start: string, sure: string, now: string): string | undefined {
  // Of no epoch there are no entries.
  if (start.length !== sequenceAt || !text.startsWith(start)) return undefined;
  const isFresh = text.slice(sequenceAt, freshAt) >= sure && now < text.slice(freshAt, agingAt);
  return isFresh && text.length <= maxEntryBytes ? text.slice(jsonStart(text)) : undefined;
}

export function knowsLess(text: string, sequence: string): boolean {
  return text.slice(sequenceAt, freshAt) < sequence;
}

/** The same entry, found to be valid with what `sequence` knows. */
export function restamped(text: string, sequence: string): string {
  return text.slice(0, sequenceAt) + sequence + text.slice(freshAt);
}

function jsonStart(text: string): number {
  return text.charCodeAt(bodyAt) === bracket ? text.indexOf('\n', bodyAt) + 1 || text.length : bodyAt;
}
