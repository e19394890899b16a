import { isJsonObject } from '../core/json.ts';
import type { ResponsePath } from '../planning/fetch-plan.ts';
import { getOwn } from './own.ts';

export type ResponseObject = Record<string, unknown>;

/** The objects that stand at a path of the response as it is now; null and absent values end the search silently. */
export function targetsAt(root: ResponseObject, path: ResponsePath, into: ResponseObject[]): void {
  collect(root, path, 0, into);
}

function collect(value: unknown, path: ResponsePath, depth: number, into: ResponseObject[]): void {
  if (Array.isArray(value)) {
    const next = path[depth] === '@' ? depth + 1 : depth;
    for (const item of value) collect(item, path, next, into);
    return;
  }
  if (!isJsonObject(value)) return;
  const key = path[depth];
  if (key === undefined) into.push(value);
  else collect(getOwn(value, key), path, depth + 1, into);
}

/** How the objects at a path are reached from the root, worked out only when something went wrong there. */
export function positionsAt(root: ResponseObject, path: ResponsePath): Map<object, (string | number)[][]> {
  const positions = new Map<object, (string | number)[][]>();
  const walk = (value: unknown, depth: number, at: (string | number)[]): void => {
    if (Array.isArray(value)) {
      const next = path[depth] === '@' ? depth + 1 : depth;
      for (const [index, item] of value.entries()) walk(item, next, [...at, index]);
      return;
    }
    if (!isJsonObject(value)) return;
    const key = path[depth];
    if (key !== undefined) {
      walk(getOwn(value, key), depth + 1, [...at, key]);
      return;
    }
    const known = positions.get(value);
    if (known === undefined) positions.set(value, [at]);
    else known.push(at);
  };
  walk(root, 0, []);
  return positions;
}
