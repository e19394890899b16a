import { isJsonObject } from '../core/json.ts';
import type { ResponsePath } from '../planning/fetch-plan.ts';
import { getOwn } from './own.ts';

/** An object of the response that a fetch completes, and how it is reached from the root. */
export interface Target {
  readonly object: Record<string, unknown>;
  readonly path: readonly (string | number)[];
}

/** The objects that stand at a path of the response as it is now; null and absent values end the search silently. */
export function targetsAt(root: Record<string, unknown>, path: ResponsePath): Target[] {
  const targets: Target[] = [];
  walk(root, 0, []);
  return targets;

  function walk(value: unknown, depth: number, at: readonly (string | number)[]): void {
    if (Array.isArray(value)) {
      const next = path[depth] === '@' ? depth + 1 : depth;
      for (const [index, item] of value.entries()) walk(item, next, [...at, index]);
      return;
    }
    if (!isJsonObject(value)) return;
    const key = path[depth];
    if (key === undefined) targets.push({ object: value, path: at });
    else walk(getOwn(value, key), depth + 1, [...at, key]);
  }
}
