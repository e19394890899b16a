import { getNamedType, isAbstractType, isLeafType, isListType, isNonNullType, isObjectType } from 'graphql';
import type { GraphQLObjectType, GraphQLOutputType } from 'graphql';
import { isJsonObject } from '../core/json.ts';
import type { ResponseField, Selection } from '../execution/collect-fields.ts';
import { getOwn } from '../execution/own.ts';
import { evaluate, sum } from './amount.ts';
import type { Variables } from './amount.ts';
import type { CostedOperation } from './estimate-cost.ts';

type Data = Readonly<Record<string, unknown>>;

/** The same for every object of one type in one place. */
interface ObjectCosts {
  readonly type: GraphQLObjectType;
  readonly weight: number;
  /** Of all its fields together. */
  readonly calls: number;
  /** Those whose values cost something. */
  readonly weighed: readonly ResponseField[];
}

/**
 * What an answer cost, by the data in it: lists as long as they are, objects that are not null, every call whose result is
 * in the answer, null or not. Where the answer does not tell the type of an object, the most costly one that it may have.
 */
export function actualCost(
  { schema, model, shape, isDenied }: CostedOperation,
  variables: Variables,
  data: Data,
): number {
  let calls = 0;
  let types = 0;
  const bySelection = new Map<Selection, readonly ObjectCosts[]>();
  visitObject(shape.selection, shape.rootType, data);
  return Math.max(calls, types);

  function visitObject(selection: Selection, type: GraphQLOutputType, object: Data): void {
    let possible = bySelection.get(selection);
    if (possible === undefined) {
      const objectTypes = isAbstractType(type) ? schema.getPossibleTypes(type) : isObjectType(type) ? [type] : [];
      possible = objectTypes
        .map((one) => costsIn(selection, one))
        .sort((a, b) => b.weight + b.calls - a.weight - a.calls);
      bySelection.set(selection, possible);
    }
    const costs = (possible.length > 1 && possible.find((one) => fits(object, selection, one.type))) || possible[0];
    if (costs === undefined) return;
    types += costs.weight;
    calls += costs.calls;
    for (const field of costs.weighed) if (field.type) visit(field, field.type, getOwn(object, field.responseName));
  }

  function visit(field: ResponseField, type: GraphQLOutputType, value: unknown): void {
    if (value === undefined || value === null) return;
    if (isNonNullType(type)) return visit(field, type.ofType, value);
    if (isListType(type)) {
      if (Array.isArray(value)) for (const item of value) visit(field, type.ofType, item);
    } else if (isLeafType(type)) {
      types += model.typeWeight(type);
    } else if (field.selection !== undefined && isJsonObject(value)) {
      visitObject(field.selection, type, value);
    }
  }

  function costsIn(selection: Selection, type: GraphQLObjectType): ObjectCosts {
    const called = selection.fieldsOf(type).filter((field) => field.type !== undefined && !isDenied(type.name, field));
    return {
      type,
      weight: model.typeWeight(type),
      calls: evaluate(sum(called.map((field) => model.callCost(type, field))), variables),
      weighed: called.filter(
        ({ selection: inner, type: returned }) =>
          inner !== undefined || (returned && model.typeWeight(getNamedType(returned)) > 0),
      ),
    };
  }
}

/** Has the object the fields that one of this type would have? */
function fits(object: Data, selection: Selection, type: GraphQLObjectType): boolean {
  const fields = selection.fieldsOf(type);
  return (
    fields.length === Object.keys(object).length &&
    fields.every(
      ({ name, responseName }) =>
        Object.hasOwn(object, responseName) && (name !== '__typename' || object[responseName] === type.name),
    )
  );
}
