import { Kind } from 'graphql';
import type { TypeNode } from 'graphql';
import { hashOf } from './choices.ts';

/** A position of an answer whose value does not fit its type. */
export interface Misfit {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

/** Values that no coercion of results makes fit (GraphQL specification, section 3.5), by type. */
const misfits: Readonly<Record<string, readonly unknown[]>> = {
  Int: ['7', 1.5, true, 2 ** 31, [1], {}],
  Float: ['1.5', false, [1.5], {}],
  String: [7, true, ['text'], {}],
  Boolean: ['true', 0, [true], {}],
  ID: [true, 1.5, ['id'], {}],
  Color: ['PURPLE', 'red', 0, ['RED'], {}],
};

/** Something that does not fit the type of a field's value at a place in its lists. */
export function misfitFor(type: TypeNode, place: readonly number[], seed: string): unknown {
  if (type.kind === Kind.NON_NULL_TYPE) return misfitFor(type.type, place, seed);
  const values =
    type.kind === Kind.NAMED_TYPE ? (misfits[type.name.value] ?? ['text', 7, true, []]) : ['text', 7, false, {}];
  if (type.kind === Kind.LIST_TYPE && place.length > 0) return misfitFor(type.type, place.slice(1), seed);
  return values[hashOf(`${seed} misfit`) % values.length];
}

/** The value with another at a place in its lists. */
export function withMisfit(value: unknown, [index, ...rest]: readonly (string | number)[], misfit: unknown): unknown {
  if (index === undefined) return misfit;
  if (typeof index === 'number') {
    return Array.isArray(value) ? value.with(index, withMisfit(value[index], rest, misfit)) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, one]) => [key, key === index ? withMisfit(one, rest, misfit) : one]));
}
