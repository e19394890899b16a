import { isJsonObject } from '../core/json.ts';
import type { ResponsePath } from '../planning/fetch-plan.ts';
import { compile, read, write } from './code.ts';
import { getOwn } from './own.ts';

export type ResponseObject = Record<string | symbol, unknown>;

/**
 * Finds the objects that stand at one of several paths of the response as it is now; null and absent values end the search
 * silently. Where equal objects may become one (`isInterchangeable`), what `take` returns stands there afterwards.
 */
export type Collector = (
  root: ResponseObject,
  take: (object: ResponseObject, isInterchangeable: boolean) => ResponseObject,
  /** Objects may stand at several places: each is taken once. */
  areShared: boolean,
) => void;

type Walk = (
  root: ResponseObject,
  take: (object: ResponseObject, isInterchangeable: boolean) => ResponseObject,
  /** What stands for the objects found so far. */
  seen: Map<object, ResponseObject>,
) => void;

export function createCollector(paths: readonly ResponsePath[], interchangeable: ReadonlySet<ResponsePath>): Collector {
  const walkFor = (areShared: boolean): Walk => {
    const walks = paths.map((path) => writeWalk(path, interchangeable.has(path), areShared));
    return compile({}, `return function(v0,take,seen){${walks.join('')}};`);
  };
  let plain: Walk | undefined;
  let careful: Walk | undefined;
  return (root, take, areShared) => {
    const walk = areShared ? (careful ??= walkFor(true)) : (plain ??= walkFor(false));
    walk(root, take, new Map());
  };
}

function writeWalk(path: ResponsePath, isInterchangeable: boolean, areShared: boolean): string {
  const lists = path.map((element, depth) => (element === '@' ? `const seen${depth}=new Set();` : ''));
  return `{${areShared ? lists.join('') : ''}${walk(0)}}`;

  function walk(depth: number): string {
    const value = `v${depth}`;
    const element = path[depth];
    const isObject = `typeof ${value}==='object'&&${value}!==null`;
    if (element === undefined) {
      return `if(${isObject}&&!Array.isArray(${value})){${takeOne(value, depth)}}`;
    }
    const inner = walk(depth + 1);
    const item = `v${depth + 1}`;
    if (element !== '@') return `if(${isObject}){const ${item}=${read(value, element)};${inner}}`;
    const index = `i${depth}`;
    const loop = `for(let ${index}=0;${index}<${value}.length;${index}++){const ${item}=${value}[${index}];${inner}}`;
    // What is below a list that several places share was found the first time.
    const once = areShared ? `if(!seen${depth}.has(${value})){seen${depth}.add(${value});${loop}}` : loop;
    return `if(Array.isArray(${value})){${once}}`;
  }

  function takeOne(value: string, depth: number): string {
    const take = `take(${value},${isInterchangeable})`;
    if (isInterchangeable) {
      // Every place of a shared object gets what stands for it.
      const once = `let it=seen.get(${value});if(it===undefined){it=${take};seen.set(${value},it);}`;
      return `${areShared ? once : `const it=${take};`}${replace(depth)}`;
    }
    return areShared ? `if(seen.get(${value})!==${value}){seen.set(${value},${value});${take};}` : `${take};`;
  }

  function replace(depth: number): string {
    const element = path[depth - 1];
    if (element === undefined) return '';
    const parent = `v${depth - 1}`;
    const assign = element === '@' ? `${parent}[i${depth - 1}]=it;` : write(parent, element, 'it');
    return `if(it!==v${depth}){${assign}}`;
  }
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
