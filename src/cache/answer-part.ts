import type { Reuse } from '../core/reuse.ts';
import { freshnessOf } from './cache-control.ts';

/** What of a subgraph's response decides how long it may be kept; names of headers in lower case. */
export interface AnswerPart {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly errors: readonly unknown[];
}

/** An answer is as fresh as the least fresh of its parts. */
export function addPart(reuse: Reuse, { headers, errors }: AnswerPart): void {
  const freshness = freshnessOf(headers);
  // Headers that `Vary` names are the same for all who may be given the answer, but not what "*" stands for.
  if (freshness === undefined || errors.length > 0 || headers['vary']?.includes('*') === true) {
    reuse.forbid();
    return;
  }
  reuse.freshUntil = Math.min(reuse.freshUntil, performance.now() + freshness.ttlSeconds * 1000);
  reuse.isPublic &&= freshness.isPublic;
  reuse.isPrivate ||= freshness.isPrivate;
}
