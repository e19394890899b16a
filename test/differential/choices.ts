import type { Random } from 'fast-check';

/** Random decisions of a generator; the same seed decides the same. */
export class Choices {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** From 0 to `below` - 1. */
  int(below: number): number {
    return this.#random.nextInt(0, Math.max(0, below - 1));
  }

  chance(probability: number): boolean {
    return this.#random.nextInt(0, 9_999) < probability * 10_000;
  }

  pick<T>(items: readonly [T, ...T[]]): T;
  pick<T>(items: readonly T[]): T | undefined;
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.int(items.length)];
  }

  /** `count` distinct items in random order, fewer when there are not so many. */
  some<T>(items: readonly T[], count: number): T[] {
    const left = [...items];
    const picked: T[] = [];
    while (picked.length < count && left.length > 0) picked.push(...left.splice(this.int(left.length), 1));
    return picked;
  }
}

/** 32 bits from a text (murmur3's mixing over FNV-1a's walk): all data of a world comes from this. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
