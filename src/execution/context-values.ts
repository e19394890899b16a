import { isJsonObject } from '../core/json.ts';
import { contextPath } from '../planning/context-variables.ts';
import type { ContextSource, ContextVariable } from '../planning/context-variables.ts';
import type { FetchStep, ResponsePath } from '../planning/fetch-plan.ts';
import { getOwn } from './own.ts';
import type { ResponseObject } from './targets.ts';

/** Objects that stand under equal contexts, and can be asked about together: a variable has one value in a request. */
export interface ContextGroup {
  readonly objects: ResponseObject[];
  /** JSON texts in the order of the step's `contexts`; undefined when a value never arrived. */
  readonly values: readonly string[] | undefined;
}

/** The objects a step concerns, by the values of its contexts. No object may stand at two places (`createExecutable`). */
export function groupByContext({ paths, contexts }: FetchStep, root: ResponseObject): Iterable<ContextGroup> {
  const groups = new Map<string, ContextGroup>();
  for (const path of paths) {
    walk(root, path, [], (object, around) => {
      const texts = contexts.map((context) => valueText(context, path, around));
      const values = texts.every((text) => text !== undefined) ? texts : undefined;
      const key = JSON.stringify(values ?? null);
      const group = groups.get(key) ?? { objects: [], values };
      group.objects.push(object);
      groups.set(key, group);
    });
  }
  return groups.values();
}

/** `around` has what stands at each beginning of the path, the object itself at its end. */
type Visit = (object: ResponseObject, around: readonly unknown[]) => void;

function walk(value: unknown, path: ResponsePath, before: readonly unknown[], visit: Visit): void {
  const around = [...before, value];
  const element = path[before.length];
  if (element === '@') {
    if (Array.isArray(value)) for (const item of value) walk(item, path, around, visit);
  } else if (isJsonObject(value)) {
    if (element === undefined) visit(value, around);
    else walk(getOwn(value, element), path, around, visit);
  }
}

function valueText({ sources, type }: ContextVariable, path: ResponsePath, around: readonly unknown[]) {
  for (const source of sources) {
    const value = readSource(around[contextPath(path, source).length], source.path);
    if (value === OTHER_TYPE) continue;
    return value === undefined || (value === null && type.endsWith('!')) ? undefined : JSON.stringify(value);
  }
  return undefined;
}

const OTHER_TYPE = Symbol('other type');

/** Of a list, what stands at the path in each of its items. */
function readSource(value: unknown, [element, ...rest]: ContextSource['path']): unknown {
  if (element === undefined || value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => readSource(item, [element, ...rest]) ?? null);
  if (!isJsonObject(value)) return undefined;
  if (typeof element === 'string') return readSource(getOwn(value, element), rest);
  const typeName = getOwn(value, '__typename');
  return typeof typeName === 'string' && element.has(typeName) ? readSource(value, rest) : OTHER_TYPE;
}
