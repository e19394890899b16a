import { canonicalJson, isJsonObject } from '../core/json.ts';
import { fieldsFor, representedFields } from '../planning/required-selection.ts';
import type { RepresentedField, RequiredSelection } from '../planning/required-selection.ts';
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
  const otherType: RepresentationWriter = () => OTHER_TYPE;
  const writerFor = byTypeName((typeName): RepresentationWriter => {
    const fields = representedFields(required, typeName);
    return fields === undefined ? otherType : createObjectWriter(fields, typeName);
  });
  return (object) => writerFor(object['__typename'])(object);
}

type ObjectWriter = (object: Readonly<Record<string, unknown>>) => string | typeof MISSING;

/** Type names come from subgraphs: more than a plan could know are not worth remembering. */
function byTypeName<Writer>(create: (typeName: unknown) => Writer): (typeName: unknown) => Writer {
  const writers = new Map<unknown, Writer>();
  return (typeName) => {
    let writer = writers.get(typeName);
    if (writer === undefined) {
      writer = create(typeName);
      if (writers.size < 1_000) writers.set(typeName, writer);
    }
    return writer;
  };
}

function createObjectWriter(fields: readonly RepresentedField[], typeName: unknown): ObjectWriter {
  const nested = fields.map(({ selections }) => (selections.length === 0 ? leafText : nestedWriter(selections)));
  const lines: string[] = [];
  const texts = fields.map(({ key, responseName, constant }, index) => {
    const value = `v${index}`;
    lines.push(`const ${value}=${read('object', responseName)};`);
    lines.push(`if(${value}===undefined)return MISSING;`);
    const prefix = `${index === 0 ? '{' : ','}${JSON.stringify(key)}:`;
    // Within one writer the type name is always the same.
    const known = constant ?? (responseName === '__typename' && typeof typeName === 'string' ? typeName : undefined);
    if (known !== undefined) return JSON.stringify(prefix + JSON.stringify(known));
    const leaf = `typeof ${value}==='string'?JSON.stringify(${value}):nested[${index}](${value})`;
    const text = `t${index}`;
    lines.push(`const ${text}=${leaf};if(${text}===MISSING)return MISSING;`);
    return `${JSON.stringify(prefix)}+${text}`;
  });
  const text = [...texts, fields.length === 0 ? `'{}'` : `'}'`].join('+');
  return compile({ MISSING, nested }, `return function(object){${lines.join('')}return ${text};};`);
}

/** A value that no text can be made of, because it nests too deeply, is none. */
function leafText(value: unknown): string | typeof MISSING {
  try {
    return canonicalJson(value);
  } catch (error) {
    if (error instanceof RangeError) return MISSING;
    throw error;
  }
}

function nestedWriter(selections: readonly RequiredSelection[]): (value: unknown) => string | typeof MISSING {
  const fields = selections.flatMap((selection) => selection.fields);
  const typed = selections.flatMap((selection) => selection.typed);
  // The subgraph resolves the type of an abstract value, and nothing else in a representation may tell it.
  const ownType = { responseName: '__typename', key: '__typename', selection: undefined };
  const writerFor = byTypeName((typeName) => {
    const isAbstract = typed.length > 0 && typeof typeName === 'string';
    return createObjectWriter(
      fieldsFor({ fields: isAbstract ? [...fields, ownType] : fields, typed }, typeName),
      typeName,
    );
  });
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
    if (!isJsonObject(value)) return leafText(value);
    return writerFor(value['__typename'])(value);
  };
  return write;
}
