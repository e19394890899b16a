import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigurationError, messageOf } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';

export interface TrustedTexts {
  /** By the manifests' own ids, and by the SHA-256 of the text in hex digits. */
  readonly byId: ReadonlyMap<string, string>;
  readonly texts: ReadonlySet<string>;
  /** Equal for manifests that say the same. */
  readonly version: string;
}

/**
 * Manifests of `@apollo/generate-persisted-query-manifest`, and the flat objects of texts by id that Relay's compiler and
 * GraphQL-Codegen's client preset write.
 * @throws ConfigurationError
 */
export function readManifests(files: readonly string[]): TrustedTexts {
  const own = new Map<string, string>();
  for (const file of files) {
    for (const [id, text] of entriesOf(readManifest(file), file)) {
      if ((own.get(id) ?? text) !== text) throw unusable(file, `one text for the id ${JSON.stringify(id)}, got two`);
      own.set(id, text);
    }
  }
  const texts = new Set(own.values());
  const bySha = [...texts].map((text): [string, string] => [hash('sha256', text), text]);
  const version = hash('sha256', JSON.stringify([...own].toSorted(([a], [b]) => (a < b ? -1 : 1))), 'base64url');
  return { byId: new Map([...bySha, ...own]), texts, version };
}

function readManifest(file: string): Record<string, unknown> {
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw unusable(file, `JSON, got ${cause instanceof SyntaxError ? 'something else' : messageOf(cause)}`, cause);
  }
  if (!isJsonObject(manifest)) throw unusable(file, 'an object');
  return manifest;
}

function entriesOf(manifest: Record<string, unknown>, file: string): [id: string, text: string][] {
  const { format, version, operations } = manifest;
  const isApollo = format === 'apollo-persisted-query-manifest';
  if (isApollo && (version !== 1 || !Array.isArray(operations))) throw unusable(file, 'version 1 with its operations');
  const entries: unknown[] =
    isApollo && Array.isArray(operations)
      ? operations.map((operation) => (isJsonObject(operation) ? [operation['id'], operation['body']] : []))
      : Object.entries(manifest);
  const isEntry = (entry: unknown): entry is [string, string] =>
    Array.isArray(entry) && entry.length === 2 && entry.every((part) => typeof part === 'string' && part !== '');
  if (!entries.every(isEntry)) throw unusable(file, 'a text for each id, and nothing else');
  return entries;
}

function unusable(file: string, what: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError(`documents.manifest: expected ${file} to hold ${what}`, { cause });
}
