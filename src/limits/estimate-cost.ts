import { getNamedType, isCompositeType, isListType, isNonNullType, isObjectType } from 'graphql';
import type { FieldNode, GraphQLObjectType, GraphQLOutputType, GraphQLSchema } from 'graphql';
import type { ResponseShape } from '../execution/asked-operation.ts';
import type { ResponseField, Selection } from '../execution/collect-fields.ts';
import { evaluate, largest, product, sum } from './amount.ts';
import type { Amount, Variables } from './amount.ts';
import type { CostModel, ListSize } from './cost-model.ts';

/** An operation under one choice of its conditions and of what is denied. */
export interface CostedOperation {
  readonly schema: GraphQLSchema;
  readonly model: CostModel;
  readonly shape: Pick<ResponseShape, 'rootType' | 'selection'>;
  /** Such fields are not called. */
  readonly isDenied: (parentType: string, field: ResponseField) => boolean;
}

/** The field cost and the type cost of the specification, side by side. */
interface Costs {
  readonly calls: Amount;
  readonly types: Amount;
}

/**
 * The most that an operation can cost, by its coerced variables: the greater of the specification's field cost and type
 * cost. Fields are merged as they are answered. Those of one place under one type are looked at once, however many ways
 * fragments lead to it.
 * @throws RequestError as `CostModel.listSize`, here or when the variables are known
 */
export function compileEstimate(operation: CostedOperation): (variables: Variables) => number {
  const { schema, model, shape, isDenied } = operation;
  const numbers = new Map<FieldNode, number>();
  const known = new Map<string, Costs>();

  const { calls, types } = costOfObject(shape.selection, shape.rootType, undefined);
  const cost = largest([calls, types]);
  return (variables) => evaluate(cost, variables);

  function costOfObject(selection: Selection, type: GraphQLObjectType, sized: ListSize | undefined): Costs {
    const fields = selection.fieldsOf(type).filter((field) => !isDenied(type.name, field));
    const costs = fields.flatMap((field) =>
      field.type === undefined ? [] : costOfField(type, field, field.type, sized),
    );
    return {
      calls: sum(costs.map((field) => field.calls)),
      types: sum([model.typeWeight(type), ...costs.map((field) => field.types)]),
    };
  }

  function costOfField(
    parent: GraphQLObjectType,
    field: ResponseField,
    type: GraphQLOutputType,
    sized: ListSize | undefined,
  ): Costs {
    const said = model.listSize(parent, field);
    const own = said?.sizedFields.length === 0 ? said.size : undefined;
    const size = sized?.sizedFields.includes(field.name) === true ? sized.size : (own ?? model.defaultListSize);
    const levels = listLevels(type);
    const count = levels === 0 ? 1 : product([size, model.defaultListSize ** (levels - 1)]);

    const key = `${parent.name} ${field.nodes.map(numberOf).join()}`;
    const item = known.get(key) ?? costOfItem(field, type, said);
    known.set(key, item);
    return {
      calls: sum([model.callCost(parent, field), product([count, item.calls])]),
      types: product([count, item.types]),
    };
  }

  function costOfItem({ selection }: ResponseField, type: GraphQLOutputType, sized: ListSize | undefined): Costs {
    const named = getNamedType(type);
    if (selection === undefined || !isCompositeType(named)) return { calls: 0, types: model.typeWeight(named) };
    if (isObjectType(named)) return costOfObject(selection, named, sized);
    const possible = schema.getPossibleTypes(named).map((object) => costOfObject(selection, object, sized));
    return {
      calls: largest(possible.map((object) => object.calls)),
      types: largest(possible.map((object) => object.types)),
    };
  }

  function numberOf(node: FieldNode): number {
    const number = numbers.get(node) ?? numbers.size;
    numbers.set(node, number);
    return number;
  }
}

function listLevels(type: GraphQLOutputType): number {
  if (isNonNullType(type)) return listLevels(type.ofType);
  return isListType(type) ? 1 + listLevels(type.ofType) : 0;
}
