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
const headLength = 2 + epochLength + 5 * width;

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

export function encodeEntry(entry: Entry): string {
  const { audience, epoch, sequence, freshUntil, agingUntil, spareUntil, tags, json } = entry;
  return [
    version,
    letters[audience],
    epoch,
    sequence,
    freshUntil,
    agingUntil,
    spareUntil,
    sortable(tags.length),
    tags,
    json,
  ].join('');
}

/** undefined for a text of another version or that is none of ours; `json` may still be cut off. */
export function decodeEntry(text: string): Entry | undefined {
  const audience = text.startsWith(version) ? audiences[text.charAt(1)] : undefined;
  if (audience === undefined || text.length < headLength || text.length > maxEntryBytes) return undefined;
  let end = 2 + epochLength;
  const next = (): string => text.slice(end, (end += width));
  const [sequence, freshUntil, agingUntil, spareUntil, tagsLength] = [next(), next(), next(), next(), next()];
  const bodyAt = headLength + Number.parseInt(tagsLength, 36);
  return {
    audience,
    epoch: text.slice(2, 2 + epochLength),
    sequence,
    freshUntil,
    agingUntil,
    spareUntil,
    tags: text.slice(headLength, bodyAt),
    json: text.slice(bodyAt),
  };
}
