import { isJsonObject, readJson } from '../core/json.ts';
import { parseExactly } from '../core/parse-exactly.ts';
import type { FetchContext } from '../core/request-context.ts';
import { narrow } from './answer-part.ts';
import { readVariation, unvaried } from './asker.ts';
import type { Variation } from './asker.ts';
import type { AnswerMemory, CacheParts } from './cache-parts.ts';
import { freshnessOf } from './cache-control.ts';
import type { CacheReading, Claim, FetchedValues } from './entity-cache.ts';
import { millisecondsBetween, sortable } from './entry.ts';
import type { Entry } from './entry.ts';
import { EntryJudge } from './entry-judge.ts';
import { lifetimesOf } from './lifetimes.ts';
import { Loads } from './loads.ts';
import { makeEntries } from './make-entries.ts';
import type { PreparedLookup } from './prepare-lookup.ts';
import { waitForOthers } from './wait-for-others.ts';

/** After so many answers that might not be kept the store is not asked any more, until one may be. */
const maxRefusals = 3;
/** Longer than this nobody waits for another's fetch, in milliseconds. */
const longestLeaseMs = 3_000;
/** What is left of a lease once the entry is written: whoever missed it before asks for the lease within this time. */
const writtenLeaseMs = 100;
/** After a fetch of aging entries that failed nobody tries for so long. */
const failedLeaseMs = 1_000;
const variationTtlMs = 86_400_000;

/** One look-up of one client request. */
export class LookupReading implements CacheReading {
  readonly values: unknown[];
  readonly aging: number[] = [];
  readonly #parts: CacheParts;
  readonly #prepared: PreparedLookup;
  readonly #context: FetchContext;
  readonly #memory: AnswerMemory | undefined;
  readonly #spares = new Map<number, string>();
  readonly #loads: Loads;
  #variation: Variation;
  /** undefined where the asker can have no entries. */
  #keys: readonly string[] | undefined;
  readonly #judge: EntryJudge;
  /** What is known of invalidations before anything is fetched. */
  #since: Pick<Entry, 'epoch' | 'sequence'> = { epoch: '', sequence: '' };

  constructor(parts: CacheParts, prepared: PreparedLookup, context: FetchContext) {
    this.#parts = parts;
    this.#prepared = prepared;
    this.#context = context;
    this.#memory = parts.memory.get(prepared.variationKey);
    this.#loads = new Loads(parts.running, parts.backend.leases);
    this.#variation = this.#memory?.variation ?? unvaried;
    this.#keys = prepared.keysOf(this.#variation);
    this.#judge = new EntryJudge(parts.backend.log.known, prepared);
    this.values = prepared.lookup.representations.map(() => undefined);
    this.judge();
  }

  /** Whether there may be anything to find. */
  get isRead(): boolean {
    return this.#keys !== undefined && (this.#memory?.refusals ?? 0) < maxRefusals;
  }

  get asksVariation(): boolean {
    return this.#memory === undefined && this.#variation === unvaried;
  }

  /** Takes what is known of invalidations now as the measure. */
  judge(): void {
    this.#judge.update(this.#variation);
  }

  /** Takes what this process has; the indexes of the rest. */
  missingHere(now: string): number[] {
    const { firstLevel, backend, clock } = this.#parts;
    const indexes = [...this.values.keys()];
    if (firstLevel === undefined || !backend.log.isLive()) return indexes;
    return indexes.filter((index) => {
      const key = this.#keyOf(index);
      const kept = firstLevel.entries.get(key);
      if (kept === undefined || kept.until <= clock() || !this.#accept(index, kept.text, now)) return true;
      // What had to be looked at closely need not be again.
      if (!this.#judge.isSureOf(kept.text)) this.#keepHere(key, this.#judge.stamped(kept.text), kept.until);
      return false;
    });
  }

  keysToRead(indexes: readonly number[]): readonly string[] {
    const keys =
      indexes.length === this.values.length ? (this.#keys ?? []) : indexes.map((index) => this.#keyOf(index));
    return this.asksVariation ? [...keys, this.#prepared.variationKey] : keys;
  }

  take(index: number, text: string | null | undefined, now: string): boolean {
    if (typeof text !== 'string' || !this.#accept(index, text, now)) return false;
    if (this.#parts.firstLevel !== undefined) this.#keepHere(this.#keyOf(index), this.#judge.stamped(text));
    return true;
  }

  /** True when entries are kept under other keys. */
  takeVariation(text: string | null | undefined): boolean {
    const variation = typeof text === 'string' ? readVariation(text) : undefined;
    if (variation === undefined) return false;
    this.#variation = variation;
    this.#keys = this.#prepared.keysOf(variation);
    return this.#keys !== undefined;
  }

  /** Nothing more is read before the rest is fetched. */
  filled(): this {
    const { known } = this.#parts.backend.log;
    this.#since = { epoch: known.epoch, sequence: sortable(known.number) };
    if (this.isRead) {
      const { record } = this.#context;
      const missing = this.values.filter((value) => value === undefined).length;
      record.cacheMisses += missing;
      record.cacheHits += this.values.length - missing;
    }
    return this;
  }

  async claim(indexes: readonly number[]): Promise<Claim> {
    const { deadline, record } = this.#context;
    const leaseMs = Math.min(longestLeaseMs, deadline - performance.now());
    // Nobody waits for an answer that will not be kept.
    if (this.#keys === undefined || this.#since.epoch === '' || this.#memory?.isKept === false || leaseMs <= 0)
      return { ours: indexes, others: undefined };
    const until = performance.now() + leaseMs;
    const taken = await this.#loads.take(
      indexes.map((index) => this.#keyOf(index)),
      leaseMs,
      record,
    );
    const isOurs = (index: number): boolean => taken.ours.has(this.#keyOf(index));
    const ours = indexes.filter(isOurs);
    if (ours.length === indexes.length) return { ours, others: undefined };
    const waiting = indexes.filter((index) => !isOurs(index)).map((index) => ({ index, key: this.#keyOf(index) }));
    const { backend, clock } = this.#parts;
    const others = waitForOthers(waiting, taken, {
      store: backend.store,
      log: backend.log,
      loads: this.#loads,
      until,
      context: this.#context,
      take: (index, text) => {
        this.judge();
        if (!this.take(index, text, sortable(clock()))) return false;
        record.cacheHits += 1;
        record.cacheMisses -= 1;
        return true;
      },
    });
    return { ours, others: others.then((found) => new Map([...found].map((index) => [index, this.values[index]]))) };
  }

  async claimAging(): Promise<readonly number[]> {
    const taken = await this.#loads.take(
      this.aging.map((index) => this.#keyOf(index)),
      longestLeaseMs,
    );
    this.#loads.end(new Map([...taken.elsewhere].map((key) => [key, undefined])));
    return this.aging.filter((index) => taken.ours.has(this.#keyOf(index)));
  }

  spare(index: number): unknown {
    const json = this.#spares.get(index);
    return json === undefined ? undefined : readJson(json, parseExactly);
  }

  keep(indexes: readonly number[], answer: FetchedValues): void {
    const { lookup, plan, asker, variationKey, keysOf } = this.#prepared;
    const { memory, lifetimes, clock, random } = this.#parts;
    const { headers } = answer;
    const freshness = lifetimesOf(lifetimes, lookup, headers);
    const audience = freshnessOf(headers, 1)?.audience;
    const variation = audience && this.#withKnown(asker.variationOf(headers['vary'], audience));
    const keys = variation && keysOf(variation);
    // RFC 9111, section 3.5.
    const isForbidden = audience === 'impersonal' && asker.isPersonal;
    const isLasting = indexes.some((index) => freshness(lookup.representations[index] ?? '') !== undefined);
    if (variation === undefined || keys === undefined || isForbidden || !isLasting) {
      const refusals = (memory.get(variationKey)?.refusals ?? 0) + 1;
      memory.set(variationKey, { variation: this.#variation, isKept: false, refusals });
      return;
    }
    memory.set(variationKey, { variation, isKept: true, refusals: 0 });
    if (this.#since.epoch === '') return;
    const entries = makeEntries(
      {
        lookup,
        plan,
        since: this.#since,
        freshnessOf: freshness,
        negativeSeconds: lifetimes.negativeSeconds,
        now: clock(),
        random,
      },
      indexes,
      answer,
    ).map(({ index, text: value, ttlMs }) => ({ key: keys[index] ?? '', value, ttlMs }));
    for (const { key, value } of entries) this.#keepHere(key, value);
    const ended = this.#loads.end(new Map(entries.map(({ key, value }) => [key, value])));
    const text = JSON.stringify(variation);
    const isNew = text !== JSON.stringify(this.#variation);
    const news = isNew ? [{ key: variationKey, value: text, ttlMs: variationTtlMs }] : [];
    this.#parts.writes.add([...entries, ...news], (isSent) =>
      this.#loads.endLeases(ended, isSent ? writtenLeaseMs : 0),
    );
  }

  release(indexes: readonly number[]): void {
    const ended = this.#loads.end(new Map(indexes.map((index) => [this.#keyOf(index), undefined])));
    const isAging = (key: string): boolean => this.aging.some((index) => this.#keyOf(index) === key);
    this.#loads.endLeases(
      ended.filter((key) => !isAging(key)),
      0,
    );
    this.#loads.endLeases(ended.filter(isAging), failedLeaseMs);
  }

  /** Answers that vary by different headers are all kept by all of these. */
  #withKnown(answered: Variation | undefined): Variation | undefined {
    if (answered === undefined) return undefined;
    const vary = [...new Set([...answered.vary, ...this.#variation.vary])].toSorted();
    return { vary, isPrivate: answered.isPrivate };
  }

  #keepHere(key: string, text: string, until?: number): void {
    const { firstLevel, clock } = this.#parts;
    firstLevel?.entries.set(key, { text, until: until ?? clock() + firstLevel.ms });
  }

  #keyOf(index: number): string {
    return this.#keys?.[index] ?? '';
  }

  /** Takes an entry's value if it may be served; true unless it is missing now. */
  #accept(index: number, text: string, now: string): boolean {
    const { reuse } = this.#context.record;
    const fresh = reuse === undefined ? this.#judge.freshJson(text, now) : undefined;
    if (fresh !== undefined) return this.#serve(index, fresh);
    const entry = this.#judge.validEntry(text, index);
    if (entry === undefined) return false;
    if (!(now < entry.agingUntil)) {
      if (now < entry.spareUntil) this.#spares.set(index, entry.json);
      return false;
    }
    if (!this.#serve(index, entry.json)) return false;
    if (!(now < entry.freshUntil)) this.aging.push(index);
    if (reuse !== undefined) narrow(reuse, entry.audience, millisecondsBetween(now, entry.freshUntil));
    return true;
  }

  #serve(index: number, json: string): boolean {
    const value = readJson(json, parseExactly);
    if (value !== null && !isJsonObject(value)) return false;
    this.values[index] = value;
    return true;
  }
}
