import { createLocalJWKSet } from 'jose';
import type { Logger } from '../core/logger.ts';
import type { KeySource } from './key-source.ts';

export type Keys = ReturnType<typeof createLocalJWKSet>;

/** An issuer's keys, kept through an outage of the issuer. */
export interface KeySet {
  /**
   * The keys to verify with, the same function until the issuer publishes others. Old ones are refreshed in the
   * background; undefined when there are none, or none that an issuer confirmed within a day.
   */
  current(): Keys | undefined;
  /** What `current` gives after asking the issuer again, which happens at most once in 10 s, in 1 s without keys. */
  refresh(): Promise<Keys | undefined>;
  /** Like `refresh`, but rejects when the keys cannot be loaded. */
  load(): Promise<void>;
  close(): Promise<void>;
}

const freshMs = 10 * 60_000;
const maxStaleMs = 24 * 60 * 60_000;
const cooldownMs = 10_000;
const cooldownWithoutKeysMs = 1000;

/** `clock` gives milliseconds since 1970. jose's remote key set refuses every token when its own fetch fails: not here. */
export function createKeySet(issuer: string, source: KeySource, clock: () => number, logger: Logger): KeySet {
  let keys: Keys | undefined;
  let text = '';
  let loadedAt = -Infinity;
  let attemptedAt = -Infinity;
  let pending: Promise<void> | undefined;
  let isFailing = false;
  let isClosed = false;

  const usable = () => (clock() - loadedAt < maxStaleMs ? keys : undefined);

  async function load(): Promise<void> {
    attemptedAt = clock();
    const loaded = await source.load();
    const loadedText = JSON.stringify(loaded);
    if (loadedText !== text) {
      // Throws for anything but a key set.
      keys = createLocalJWKSet(loaded as Parameters<typeof createLocalJWKSet>[0]);
      text = loadedText;
    }
    loadedAt = clock();
    if (isFailing) logger.info({ issuer }, 'the keys of the issuer could be loaded again');
    isFailing = false;
  }

  async function refresh(): Promise<Keys | undefined> {
    const cooldown = usable() === undefined ? cooldownWithoutKeysMs : cooldownMs;
    if (pending === undefined && clock() - attemptedAt >= cooldown) {
      pending = load()
        .catch((error: unknown) => {
          // Ended by whoever closed the source.
          if (isClosed) return;
          if (!isFailing) logger.warn({ issuer, err: error }, 'the keys of the issuer could not be loaded');
          isFailing = true;
        })
        .finally(() => (pending = undefined));
    }
    await pending;
    return usable();
  }

  return {
    current() {
      if (clock() - loadedAt >= freshMs) void refresh();
      return usable();
    },
    refresh,
    load,
    async close() {
      isClosed = true;
      await source.close();
    },
  };
}
