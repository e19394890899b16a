import { hash } from 'node:crypto';
import { isJsonObject } from '../core/json.ts';
import type { RequestContext } from '../core/request-context.ts';
import type { Store } from '../redis/store.ts';
import { sharedFreshness } from './cache-control.ts';
import type { EntityCache, EntityLookup } from './entity-cache.ts';

export interface EntityCacheOptions {
  /** Changes with the supergraph and is equal on all replicas that serve it, such as a hash of its SDL. */
  readonly supergraphId: string;
  /** Names of the client's headers that are sent to subgraphs, except correlating ones. */
  readonly forwardedHeaders: readonly string[];
  /** Subgraphs are told who asks. */
  readonly tellsPrincipal?: boolean;
}

/** Changes whenever a stored value's format or meaning does. */
const formatVersion = 1;
const maxValueBytes = 512 * 1024;
/** Headers of a request to a subgraph that are the same for every client, unless they are forwarded. */
const constantHeaders = ['accept', 'accept-encoding', 'content-type', 'origin'];

/**
 * Keeps entities whose subgraph lets a shared cache keep them (RFC 9111), each by itself. What answered a request that
 * carried one of the client's own headers, be it a token, a cookie or an API key, is kept only if the subgraph calls it
 * `public` (section 3.5). What answered a request without any is, without that word, given to such requests only.
 */
export function createEntityCache(store: Store, options: EntityCacheOptions): EntityCache {
  const forwarded = options.forwardedHeaders.map((name) => name.toLowerCase());
  const constant = new Set(constantHeaders.filter((name) => !forwarded.includes(name)));
  const isPersonal = ({ headers, principal }: RequestContext) =>
    (options.tellsPrincipal === true && principal !== null) || forwarded.some((name) => headers[name] !== undefined);

  return {
    async read(lookup, context) {
      const texts = await store.getMany(cacheKeys(lookup, options.supergraphId), context.record);
      const entities = texts.map((text) => (text === null ? undefined : decode(text, isPersonal(context))));
      const hits = entities.filter((entity) => entity !== undefined).length;
      context.record.cacheHits += hits;
      context.record.cacheMisses += entities.length - hits;
      return entities;
    },
    write(lookup, values, headers, context) {
      const freshness = sharedFreshness(headers);
      if (freshness === undefined || !variesByNothing(headers['vary'], constant)) return;
      if (isPersonal(context) && !freshness.isPublic) return;
      const keys = cacheKeys(lookup, options.supergraphId);
      const entries = keys.flatMap((key, index) => {
        const entity = values[index];
        if (!isJsonObject(entity)) return [];
        const value = encode(entity, freshness.isPublic);
        if (Buffer.byteLength(value) > maxValueBytes) return [];
        return [{ key, value, ttlMs: freshness.ttlSeconds * 1000 }];
      });
      if (entries.length > 0) void store.setMany(entries);
    },
  };
}

/** JSON arrays keep the parts apart, and the first hash has a fixed length: different look-ups have different keys. */
function cacheKeys({ subgraph, selection, variables, representations }: EntityLookup, supergraphId: string): string[] {
  const common = hash('sha256', JSON.stringify([supergraphId, subgraph, selection, variables]), 'base64url');
  return representations.map(
    (representation) => `ec:${formatVersion}:${hash('sha256', common + representation, 'base64url')}`,
  );
}

function encode(entity: Record<string, unknown>, isPublic: boolean): string {
  return (isPublic ? 'public ' : 'impersonal ') + JSON.stringify(entity);
}

/** undefined for a value this reader may not have, and for a text that `encode` did not write. */
function decode(text: string, readerIsPersonal: boolean): Record<string, unknown> | undefined {
  const space = text.indexOf(' ');
  const audience = text.slice(0, space);
  if (audience !== 'public' && (audience !== 'impersonal' || readerIsPersonal)) return undefined;
  try {
    const entity: unknown = JSON.parse(text.slice(space + 1));
    return isJsonObject(entity) ? entity : undefined;
  } catch {
    return undefined;
  }
}

/** Whether `Vary` (RFC 9110, section 12.5.5) names nothing but headers that are the same in all requests. */
function variesByNothing(vary: string | undefined, constant: ReadonlySet<string>): boolean {
  return (vary ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .every((name) => name === '' || constant.has(name));
}
