import { z } from 'zod';
import { invalidations } from '../config/invalidation.ts';
import { problemsOf } from '../config/problem.ts';
import type { InvalidationLog } from './invalidation-log.ts';
import { tagsOf } from './invalidation-tags.ts';

export type InvalidationOutcome =
  /** All replicas take them for outdated. `delayed`: this process does, the others will when Redis can be written again. */
  | { readonly outcome: 'invalidated' | 'delayed'; readonly invalidations: number }
  /** Nothing was done: what was expected, and what came. */
  | { readonly outcome: 'refused'; readonly problems: readonly string[] };

/** Invalidates what a request names, such as `[{ "type": "Product", "key": { "upc": "1" } }]`. */
export async function invalidate(request: unknown, log: InvalidationLog): Promise<InvalidationOutcome> {
  const parsed = invalidations.safeParse(request, { reportInput: true });
  if (!parsed.success) {
    const problems = problemsOf(parsed.error).map(({ path, message }) =>
      path.length === 0 ? message : `${z.core.toDotPath([...path])}: ${message}`,
    );
    return { outcome: 'refused', problems };
  }
  const isShared = await log.invalidate([...new Set(parsed.data.flatMap(tagsOf))]);
  return { outcome: isShared ? 'invalidated' : 'delayed', invalidations: parsed.data.length };
}
