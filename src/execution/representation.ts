import { canonicalJson, isJsonObject } from '../core/json.ts';
import type { RequiredSelection } from '../planning/required-selection.ts';
import { getOwn, setOwn } from './own.ts';

/** `missing`: a field the representation needs never arrived. `other type`: the step does not concern this object. */
export type Representation = { readonly text: string } | 'missing' | 'other type';

/** The canonical JSON text of an object's representation. */
export function representationOf(
  object: Readonly<Record<string, unknown>>,
  required: RequiredSelection,
): Representation {
  const representation: Record<string, unknown> = {};
  if (!read(object, required, representation)) return 'missing';
  return typeof representation['__typename'] === 'string' ? { text: canonicalJson(representation) } : 'other type';
}

/** False when something required is missing. */
function read(
  source: Readonly<Record<string, unknown>>,
  required: RequiredSelection,
  into: Record<string, unknown>,
): boolean {
  for (const { responseName, key, constant, selection } of required.fields) {
    const value = getOwn(source, responseName);
    if (value === undefined) return false;
    const copied = constant ?? (selection === undefined ? value : readNested(value, selection, getOwn(into, key)));
    if (copied === undefined) return false;
    setOwn(into, key, copied);
  }
  const typeName = getOwn(source, '__typename');
  for (const { types, selection } of required.typed) {
    if (typeof typeName === 'string' && types.has(typeName) && !read(source, selection, into)) return false;
  }
  return true;
}

function readNested(value: unknown, selection: RequiredSelection, existing: unknown): unknown {
  if (Array.isArray(value)) {
    const before: readonly unknown[] = Array.isArray(existing) ? existing : [];
    const items = value.map((item, index) => readNested(item, selection, before[index]));
    return items.includes(undefined) ? undefined : items;
  }
  if (!isJsonObject(value)) return value;
  const nested: Record<string, unknown> = isJsonObject(existing) ? existing : {};
  return read(value, selection, nested) ? nested : undefined;
}
