import { isJsonObject } from '../core/json.ts';

/** The text with values in the places of `{$key.id}` or `{$args.id}`. Throws where there is none. */
export function fillIn(format: string, values: Readonly<Record<string, unknown>>): string {
  return format.replaceAll(/\{\$([\w.]+)\}/gu, (place, path: string) => {
    const value = valueAt(values, path);
    if (typeof value === 'string') return value;
    if (typeof value !== 'number' && typeof value !== 'boolean')
      throw new Error(`Expected a value for ${place}, got ${value === undefined ? 'none' : 'one without a text'}`);
    return String(value);
  });
}

export function valueAt(values: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((at, name) => (isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined), values);
}
