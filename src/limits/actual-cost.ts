import { isAbstractType, isListType, isNonNullType, isObjectType } from 'graphql';
import type { GraphQLObjectType, GraphQLOutputType } from 'graphql';
import { isJsonObject } from '../core/json.ts';
import type { ResponseField, Selection } from '../execution/collect-fields.ts';
import { getOwn } from '../execution/own.ts';
import { evaluate } from './amount.ts';
import type { Variables } from './amount.ts';
import type { CostedOperation } from './estimate-cost.ts';

type Data = Readonly<Record<string, unknown>>;

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
  const callCosts = new Map<ResponseField, number>();
  const mostCostlyFirst = new Map<Selection, readonly GraphQLObjectType[]>();
  visitObject(shape.selection, shape.rootType, data);
  return Math.max(calls, types);

  function visitObject(selection: Selection, type: GraphQLObjectType, object: Data): void {
    types += model.typeWeight(type);
    for (const field of selection.fieldsOf(type)) {
      if (field.type === undefined || isDenied(type.name, field)) continue;
      calls += callCost(type, field);
      visit(field, field.type, getOwn(object, field.responseName));
    }
  }

  function visit(field: ResponseField, type: GraphQLOutputType, value: unknown): void {
    if (value === undefined || value === null) return;
    if (isNonNullType(type)) return visit(field, type.ofType, value);
    if (isListType(type)) {
      if (Array.isArray(value)) for (const item of value) visit(field, type.ofType, item);
    } else if (field.selection === undefined) {
      types += model.typeWeight(type);
    } else if (isJsonObject(value)) {
      const object = isAbstractType(type) ? typeOf(value, field.selection, schema.getPossibleTypes(type)) : type;
      if (isObjectType(object)) visitObject(field.selection, object, value);
    }
  }

  function typeOf(
    object: Data,
    selection: Selection,
    possible: readonly GraphQLObjectType[],
  ): GraphQLObjectType | undefined {
    let candidates = mostCostlyFirst.get(selection);
    if (candidates === undefined) {
      const ownCost = (type: GraphQLObjectType): number =>
        selection.fieldsOf(type).reduce((total, field) => total + callCost(type, field), model.typeWeight(type));
      candidates = possible.toSorted((a, b) => ownCost(b) - ownCost(a));
      mostCostlyFirst.set(selection, candidates);
    }
    const names = Object.keys(object);
    const fits = (type: GraphQLObjectType): boolean => {
      const fields = selection.fieldsOf(type);
      return (
        fields.length === names.length &&
        fields.every(
          ({ name, responseName }) =>
            Object.hasOwn(object, responseName) && (name !== '__typename' || object[responseName] === type.name),
        )
      );
    };
    return candidates.find(fits) ?? candidates[0];
  }

  function callCost(parent: GraphQLObjectType, field: ResponseField): number {
    let cost = callCosts.get(field);
    if (cost === undefined) {
      cost = evaluate(model.callCost(parent, field), variables);
      callCosts.set(field, cost);
    }
    return cost;
  }
}
