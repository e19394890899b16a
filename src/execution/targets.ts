import { isJsonObject } from '../core/json.ts';
import type { ResponsePath } from '../planning/fetch-plan.ts';
import { compile, read } from './code.ts';
import { getOwn } from './own.ts';

export type ResponseObject = Record<string, unknown>;

/**
 * Finds the objects that stand at one of several paths of the response as it is now, each once however many places share
 * it; null and absent values end the search silently.
 */
export type Collector = (root: ResponseObject) => ResponseObject[];

export function createCollector(paths: readonly ResponsePath[]): Collector {
  const collectors = paths.map((path) => {
    const lists = path.map((element, depth) => (element === '@' ? `const seen${depth}=new Set();` : '')).join('');
    return compile<(root: ResponseObject, into: ResponseObject[], seen: Set<object>) => void>(
      {},
      `return function(v0,into,seen){${lists}${collect(path, 0)}};`,
    );
  });
  return (root) => {
    const objects: ResponseObject[] = [];
    const seen = new Set<object>();
    for (const collector of collectors) collector(root, objects, seen);
    return objects;
  };
}

function collect(path: ResponsePath, depth: number): string {
  const value = `v${depth}`;
  const element = path[depth];
  const isObject = `typeof ${value}==='object'&&${value}!==null`;
  if (element === undefined) {
    return `if(${isObject}&&!seen.has(${value})&&!Array.isArray(${value})){seen.add(${value});into.push(${value});}`;
  }
  const inner = collect(path, depth + 1);
  if (element !== '@') return `if(${isObject}){const v${depth + 1}=${read(value, element)};${inner}}`;
  // What is below a list that several places share was found the first time.
  const known = `seen${depth}`;
  const [index, item] = [`i${depth}`, `v${depth + 1}`];
  const loop = `for(let ${index}=0;${index}<${value}.length;${index}++){const ${item}=${value}[${index}];${inner}}`;
  return `if(Array.isArray(${value})&&!${known}.has(${value})){${known}.add(${value});${loop}}`;
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
