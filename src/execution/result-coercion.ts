import { isEnumType, isObjectType, isSpecifiedScalarType } from 'graphql';
import type { GraphQLAbstractType, GraphQLLeafType, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { ExactInteger } from '../core/exact-integer.ts';
import { isJsonObject } from '../core/json.ts';
import type { Selection } from './collect-fields.ts';

/** The type of an object, undefined when it cannot stand where it stands. */
export function runtimeType(
  schema: GraphQLSchema,
  value: unknown,
  declared: GraphQLObjectType | GraphQLAbstractType,
  selection: Selection | undefined,
): GraphQLObjectType | undefined {
  const typeName = isJsonObject(value) ? value['__typename'] : undefined;
  if (isObjectType(declared)) return typeName === undefined || typeName === declared.name ? declared : undefined;
  // An interface object that nobody had to resolve goes by the interface's own name.
  if (typeName === undefined || typeName === declared.name) return selection?.anyType(declared);
  const type = typeof typeName === 'string' ? schema.getType(typeName) : undefined;
  return isObjectType(type) && schema.isSubType(declared, type) ? type : undefined;
}

/**
 * The value as the type's result coercion gives it, but without conversions that would hide a wrong answer; undefined
 * when it does not fit (GraphQL specification, sections 3.5 and 3.9).
 */
export function leafValue(type: GraphQLLeafType, value: unknown): unknown {
  if (value instanceof ExactInteger) return exactLeafValue(type, value);
  switch (type.name) {
    case 'String':
      return typeof value === 'string' ? value : undefined;
    case 'Boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'Int':
      return typeof value === 'number' && (value | 0) === value ? value : undefined;
    case 'Float':
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'ID':
      return typeof value === 'string' ? value : Number.isSafeInteger(value) ? String(value) : undefined;
    default:
      if (!isEnumType(type)) return value;
      return typeof value === 'string' && type.getValue(value) !== undefined ? value : undefined;
  }
}

/** A custom scalar may have all its digits, an ID is a text, and a Float is a double whatever is written. */
function exactLeafValue(type: GraphQLLeafType, value: ExactInteger): unknown {
  if (type.name === 'ID') return value.text;
  if (type.name === 'Float') {
    const number = Number(value.text);
    return Number.isFinite(number) ? number : undefined;
  }
  return isEnumType(type) || isSpecifiedScalarType(type) ? undefined : value;
}
