import type { Variation } from './asker.ts';
import { decodeEntry, entryStart, freshJson, knowsLess, restamped, sortable } from './entry.ts';
import type { Entry } from './entry.ts';
import { someCacheTag } from './invalidation-tags.ts';
import type { KnownInvalidations } from './known-invalidations.ts';
import type { PreparedLookup } from './prepare-lookup.ts';

/** Says which entries of one look-up are valid, and its asker's to have. */
export class EntryJudge {
  readonly #known: KnownInvalidations;
  readonly #prepared: PreparedLookup;
  #variation: Variation | undefined;
  /** Entries that know less are invalid, those that know `sure` are valid. */
  #least = '';
  #sure = '';
  /** What entries begin with that the asker is mostly given. */
  #start = '';

  constructor(known: KnownInvalidations, prepared: PreparedLookup) {
    this.#known = known;
    this.#prepared = prepared;
  }

  /** Takes what is known of invalidations now as the measure, for entries under keys of this variation. */
  update(variation: Variation): void {
    const { common, some } = this.#prepared.plan;
    let least = this.#known.floor;
    for (const tag of common) least = Math.max(least, this.#known.latest(tag));
    // A response may have brought tags.
    let sure = Math.max(least, this.#known.latest(someCacheTag));
    for (const tag of some) sure = Math.max(sure, this.#known.latest(tag));
    this.#variation = variation;
    this.#least = sortable(least);
    this.#sure = sortable(sure);
    this.#start = entryStart(variation.isPrivate ? 'private' : 'public', this.#known.epoch);
  }

  /** The JSON of most entries that may be served; undefined for all others. */
  freshJson(text: string, now: string): string | undefined {
    return freshJson(text, this.#start, this.#sure, now);
  }

  /** Fresh or not; `index` is that of its representation. */
  validEntry(text: string, index: number): Entry | undefined {
    const entry = decodeEntry(text);
    if (entry === undefined || entry.epoch !== this.#known.epoch || this.#variation === undefined) return undefined;
    if (!this.#prepared.asker.mayHave(entry.audience, this.#variation)) return undefined;
    return entry.sequence >= this.#sure || this.#isValid(entry, index) ? entry : undefined;
  }

  /** False when it had to be looked at closely. */
  isSureOf(text: string): boolean {
    return !knowsLess(text, this.#sure);
  }

  /** A valid entry as if it had been made now. */
  stamped(text: string): string {
    return restamped(text, sortable(this.#known.number));
  }

  #isValid(entry: Entry, index: number): boolean {
    if (entry.sequence < this.#least) return false;
    const { lookup, plan } = this.#prepared;
    const knows = Number.parseInt(entry.sequence, 36);
    try {
      const own = plan.ownTags(lookup.representations[index] ?? '', lookup.variables);
      const extra: unknown = entry.tags === '' ? [] : JSON.parse(entry.tags);
      return Array.isArray(extra) && [...own, ...extra].every((tag) => this.#known.latest(String(tag)) <= knows);
    } catch {
      return false;
    }
  }
}
