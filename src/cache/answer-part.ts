import type { Reuse } from '../core/reuse.ts';
import { freshnessOf } from './cache-control.ts';

/** An answer is as fresh as the least fresh of its parts; `headers` are a subgraph's, names in lower case. */
export function addPart(reuse: Reuse, headers: Readonly<Record<string, string | undefined>>): void {
  const freshness = freshnessOf(headers);
  // Headers that `Vary` names are the same for all who may be given the answer, but not what "*" stands for.
  if (freshness === undefined || headers['vary']?.includes('*') === true) {
    reuse.forbid();
    return;
  }
  reuse.freshUntil = Math.min(reuse.freshUntil, performance.now() + freshness.ttlSeconds * 1000);
  reuse.isPublic &&= freshness.isPublic;
  reuse.isPrivate ||= freshness.isPrivate;
}
