import type { Store, StoreEntry } from '../redis/store.ts';

/** Bytes that may wait to be written, or be on their way. */
const maxBytes = 16_000_000;

/** Writes entries after whatever else this turn of the event loop has to do, nobody waiting; drops them when too many wait. */
export class WriteQueue {
  readonly #store: Store;
  #waiting: { readonly entries: readonly StoreEntry[]; readonly sent: (isSent: boolean) => void }[] = [];
  #bytes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** `sent` is called as soon as later commands find the entries written, or with false when they are dropped. */
  add(entries: readonly StoreEntry[], sent: (isSent: boolean) => void): void {
    const bytes = sizeOf(entries);
    if (this.#bytes + bytes > maxBytes) {
      sent(false);
      return;
    }
    this.#bytes += bytes;
    if (this.#waiting.push({ entries, sent }) === 1) setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    const entries = batch.flatMap((one) => one.entries);
    const written = this.#store.setMany(entries);
    for (const { sent } of batch) sent(true);
    await written;
    this.#bytes -= sizeOf(entries);
  }
}

function sizeOf(entries: readonly StoreEntry[]): number {
  return entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
}
