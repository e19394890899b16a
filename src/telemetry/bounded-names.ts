import { LRUCache } from 'lru-cache';

const FREE = 50;
const MOST = 200;
/** How often a name has to come, while so many others come, to be worth a series of its own. */
const USES = 10;
const REMEMBERED = 1_000;

/** What all others are called. */
export const otherName = 'other';

/**
 * Names that clients or subgraphs choose, as labels of metrics: the first ones, and then those that come again and again, up to
 * a number that nobody can make larger. A series is never given up, because what counts must not count backwards.
 */
export class BoundedNames {
  readonly #named = new Set<string>();
  readonly #seen = new LRUCache<string, number>({ max: REMEMBERED });

  labelOf(name: string): string {
    if (this.#named.has(name)) return name;
    if (this.#named.size >= MOST) return otherName;
    const uses = (this.#seen.get(name) ?? 0) + 1;
    if (this.#named.size < FREE || uses >= USES) {
      this.#named.add(name);
      this.#seen.delete(name);
      return name;
    }
    this.#seen.set(name, uses);
    return otherName;
  }
}
