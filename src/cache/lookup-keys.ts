import { hash } from 'node:crypto';

/** Keys of one shard are in one slot of a Redis Cluster. */
const shards = 16;
/** Longer texts are hashed; short ones are left as they are, which costs a tenth of it. */
const longestText = 120;

/** A text of 32 characters for any parts; other parts give another. */
export function digest(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 32);
}

/** Where the entries of a look-up are kept, by representation. */
export type EntryKeys = (representation: string) => string;

/**
 * The digest of the look-up has a fixed length and what follows is either JSON of an object, nothing or `#` and a digest:
 * other parts give another key.
 */
export function entryKeys(lookup: string): EntryKeys {
  const starts = Array.from({ length: shards }, (_, shard) => `ec:{${shard}}:${lookup}`);
  return (representation) => {
    const start = starts[shardOf(representation === '' ? lookup : representation)] ?? '';
    return start + (representation.length > longestText ? `#${digest([representation])}` : representation);
  };
}

/** Where it is kept by what the answers to a kind of asker vary. */
export function variationKey(lookup: string, kind: string): string {
  return `ec:{${shardOf(lookup)}}:${lookup}?${kind}`;
}

export function leaseKey(entryKey: string): string {
  return `${entryKey}!`;
}

/** By the last characters, in which keys differ most. */
function shardOf(text: string): number {
  let sum = 0;
  for (let index = Math.max(0, text.length - 8); index < text.length; index += 1) {
    sum = (sum * 31 + text.charCodeAt(index)) | 0;
  }
  return (sum ^ (sum >>> 7)) & (shards - 1);
}
