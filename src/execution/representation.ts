import { canonicalJson, isJsonObject } from '../core/json.ts';
import type { RequiredField, RequiredSelection } from '../planning/required-selection.ts';
import { compile, read } from './code.ts';

/** A field the representation needs never arrived. */
export const MISSING = Symbol('missing');
/** The step does not concern objects of this type. */
export const OTHER_TYPE = Symbol('other type');

/** Writes the representation of an object of the response as canonical JSON: equal entities have equal texts. */
export type RepresentationWriter = (
  object: Readonly<Record<string, unknown>>,
) => string | typeof MISSING | typeof OTHER_TYPE;

export function createRepresentationWriter(required: RequiredSelection): RepresentationWriter {
  const writers = new Map<unknown, ObjectWriter>();
  return (object) => {
    const typeName = object['__typename'];
    let write = writers.get(typeName);
    if (write === undefined) {
      write = createObjectWriter(required, typeName);
      // Type names come from subgraphs: what is no type of the plan is not worth remembering.
      if (write.isEntity) writers.set(typeName, write);
    }
    return write.isEntity ? write.write(object) : OTHER_TYPE;
  };
}

interface ObjectWriter {
  /** The representation has a type name, without which it would not be one. */
  readonly isEntity: boolean;
  readonly write: (object: Readonly<Record<string, unknown>>) => string | typeof MISSING;
}

function createObjectWriter(required: RequiredSelection, typeName: unknown): ObjectWriter {
  const fields = fieldsFor(required, typeName);
  const nested = fields.map(({ selections }) => (selections.length === 0 ? canonicalJson : nestedWriter(selections)));
  const lines: string[] = [];
  const texts = fields.map(({ key, responseName, constant, optional, selections }, index) => {
    const value = `v${index}`;
    lines.push(`const ${value}=${read('object', responseName)};`);
    if (!optional) lines.push(`if(${value}===undefined)return MISSING;`);
    const prefix = `,${JSON.stringify(key)}:`;
    // Within one writer the type name is always the same.
    const known = constant ?? (responseName === '__typename' && typeof typeName === 'string' ? typeName : undefined);
    if (known !== undefined) return JSON.stringify(prefix + JSON.stringify(known));
    let text = `(typeof ${value}==='string'?JSON.stringify(${value}):nested[${index}](${value}))`;
    if (selections.length > 0) {
      lines.push(
        `const t${index}=${value}===undefined?'':nested[${index}](${value});if(t${index}===MISSING)return MISSING;`,
      );
      text = `t${index}`;
    }
    return optional
      ? `(${value}===undefined?'':${JSON.stringify(prefix)}+${text})`
      : `${JSON.stringify(prefix)}+${text}`;
  });
  return {
    isEntity: fields.some(({ key }) => key === '__typename'),
    write: compile(
      { MISSING, nested },
      `return function(object){${lines.join('')}const text=${["''", ...texts].join('+')};return '{'+text.slice(1)+'}';};`,
    ),
  };
}

/** One key of a representation; several selections of it are written as one. */
interface WrittenField extends Pick<RequiredField, 'key' | 'responseName' | 'constant' | 'optional'> {
  readonly selections: readonly RequiredSelection[];
}

function fieldsFor(required: RequiredSelection, typeName: unknown): WrittenField[] {
  const fields = new Map<string, WrittenField>();
  const collect = (selection: RequiredSelection): void => {
    for (const field of selection.fields) {
      const selections = [...(fields.get(field.key)?.selections ?? []), ...(field.selection ? [field.selection] : [])];
      fields.set(field.key, { ...field, selections });
    }
    for (const typed of selection.typed) {
      if (typeof typeName === 'string' && typed.types.has(typeName)) collect(typed.selection);
    }
  };
  collect(required);
  return [...fields.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function nestedWriter(selections: readonly RequiredSelection[]): (value: unknown) => string | typeof MISSING {
  const required: RequiredSelection = {
    fields: selections.flatMap(({ fields }) => fields),
    typed: selections.flatMap(({ typed }) => typed),
  };
  const untyped = required.typed.length === 0 ? createObjectWriter(required, undefined) : undefined;
  const write = (value: unknown): string | typeof MISSING => {
    if (Array.isArray(value)) {
      const items: string[] = [];
      for (const item of value) {
        const text = write(item);
        if (text === MISSING) return MISSING;
        items.push(text);
      }
      return `[${items.join(',')}]`;
    }
    if (!isJsonObject(value)) return canonicalJson(value);
    return (untyped ?? createObjectWriter(required, value['__typename'])).write(value);
  };
  return write;
}
