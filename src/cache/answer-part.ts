import { correlatingHeaders } from '../core/correlating-headers.ts';
import type { Reuse } from '../core/reuse.ts';
import { freshnessOf } from './cache-control.ts';
import type { Audience } from './cache-control.ts';

/** An answer is as fresh as the least fresh of its parts; `headers` are a subgraph's, names in lower case. */
export function addPart(reuse: Reuse, headers: Readonly<Record<string, string | undefined>>): void {
  const freshness = freshnessOf(headers);
  const vary = (headers['vary'] ?? '').split(',').map((name) => name.trim().toLowerCase());
  // Other headers that `Vary` names are the same for all who may be given the answer, but not what "*" stands for.
  if (vary.some((name) => correlatingHeaders.includes(name))) reuse.isOwn = true;
  if (freshness === undefined || vary.includes('*')) reuse.forbid();
  else narrow(reuse, freshness.audience, freshness.ttlSeconds * 1000);
}

/** A part may be given to these for so many milliseconds more. */
export function narrow(reuse: Reuse, audience: Audience, freshMs: number): void {
  reuse.freshUntil = Math.min(reuse.freshUntil, performance.now() + freshMs);
  reuse.isPublic &&= audience === 'public';
  reuse.isPrivate ||= audience === 'private';
}
