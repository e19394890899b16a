import { getNamedType, isAbstractType, isInputObjectType, isLeafType, Kind, valueFromAST } from 'graphql';
import type { DirectiveNode, FieldNode, GraphQLArgument, ValueNode } from 'graphql';
import type { GraphQLInputType, GraphQLNamedType, GraphQLObjectType, GraphQLType } from 'graphql';
import { RequestError } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';
import type { ResponseField } from '../execution/collect-fields.ts';
import { getOwn } from '../execution/own.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import { largest, later, sum } from './amount.ts';
import type { Amount, Variables } from './amount.ts';

/** What `@cost` and `@listSize` say (IBM's GraphQL Cost Directives Specification, sections 5.3.2, 7 and 8). */
export interface CostModel {
  /** Of one value of a type; of an abstract type, the most that any of its types has. */
  typeWeight(type: GraphQLNamedType): number;
  /** Of one call of a field with its arguments and directives, without what it returns. */
  callCost(parent: GraphQLObjectType, field: ResponseField): Amount;
  /** undefined without `@listSize`. RequestError BAD_USER_INPUT when it wants one slicing argument and does not get it. */
  listSize(parent: GraphQLObjectType, field: ResponseField): ListSize | undefined;
  /** Of lists without `@listSize`. */
  readonly defaultListSize: number;
}

/** How long the list is that a field returns, or, when there are `sizedFields`, those that these return below it. */
export interface ListSize {
  readonly size: Amount;
  readonly sizedFields: readonly string[];
}

export function createCostModel(
  { apiSchema, costs, listSizes }: Pick<BuiltSupergraph, 'apiSchema' | 'costs' | 'listSizes'>,
  defaultListSize: number,
): CostModel {
  const weights = new Map(costs.map(({ coordinate, values }) => [coordinate, Number(values['weight'])]));
  const sizes = new Map(listSizes.map(({ coordinate, values }) => [coordinate, values]));

  const typeWeight = (type: GraphQLNamedType): number => {
    if (isAbstractType(type)) return Math.max(0, ...apiSchema.getPossibleTypes(type).map(typeWeight));
    return Math.max(0, weights.get(type.name) ?? (isLeafType(type) ? 0 : 1));
  };
  /** A field, argument or input field without a weight has that of its type. */
  const weight = (coordinate: string, type: GraphQLType): number =>
    weights.get(coordinate) ?? typeWeight(getNamedType(type));

  return {
    typeWeight,
    defaultListSize,
    callCost(parent, { name, nodes: [node] }) {
      const coordinate = `${parent.name}.${name}`;
      const definition = parent.getFields()[name];
      if (node === undefined || definition === undefined) return 0;
      const directives = (node.directives ?? []).flatMap((directive) =>
        argumentCosts(`@${directive.name.value}`, apiSchema.getDirective(directive.name.value)?.args ?? [], directive),
      );
      const own = weight(coordinate, definition.type);
      return largest([sum([own, ...argumentCosts(coordinate, definition.args, node), ...directives])]);
    },
    listSize(parent, { name, nodes: [node] }) {
      const coordinate = `${parent.name}.${name}`;
      const said = sizes.get(coordinate);
      if (node === undefined || said === undefined) return undefined;
      const slicing = namesIn(said['slicingArguments']);
      const definitions = parent.getFields()[name]?.args.filter((argument) => slicing.includes(argument.name)) ?? [];
      const isStrict = definitions.length > 0 && said['requireOneSlicingArgument'] !== false;
      const size = fromArguments(node, definitions, (given) => {
        const values = given.map((value, index) => withDefault(value, definitions[index]));
        const count = given.filter(isPresent).length;
        if (isStrict && (count > 1 || !values.some(isPresent))) {
          const message = `Expected exactly one of the arguments ${slicing.join(', ')} at ${coordinate}, got ${count}.`;
          throw new RequestError('BAD_USER_INPUT', message);
        }
        // What a negative number means only the subgraph knows.
        const lengths = values.filter((value) => typeof value === 'number').filter((value) => value >= 0);
        return lengths.length === 0 ? Number(said['assumedSize'] ?? defaultListSize) : Math.max(...lengths);
      });
      return { size, sizedFields: namesIn(said['sizedFields']) };
    },
  };

  function argumentCosts(
    coordinate: string,
    definitions: readonly GraphQLArgument[],
    node: FieldNode | DirectiveNode,
  ): Amount[] {
    return definitions.map((definition) => {
      const own = weight(`${coordinate}(${definition.name}:)`, definition.type);
      if (own === 0 && !isInputObjectType(getNamedType(definition.type))) return 0;
      return fromArguments(node, [definition], ([given]) => {
        const value = withDefault(given, definition);
        return isPresent(value) ? own + inputFieldsCost(definition.type, value) : 0;
      });
    });
  }

  function inputFieldsCost(type: GraphQLInputType, value: unknown): number {
    const named = getNamedType(type);
    if (Array.isArray(value)) return value.reduce((total: number, item) => total + inputFieldsCost(named, item), 0);
    if (!isInputObjectType(named) || !isJsonObject(value)) return 0;
    return Object.values(named.getFields()).reduce((total, field) => {
      const inner = getOwn(value, field.name);
      if (!isPresent(inner)) return total;
      return total + weight(`${named.name}.${field.name}`, field.type) + inputFieldsCost(field.type, inner);
    }, 0);
  }
}

/** `work` gets the coerced values, undefined for what is not given, as by a variable without a value. */
function fromArguments(
  node: FieldNode | DirectiveNode,
  definitions: readonly GraphQLArgument[],
  work: (given: readonly unknown[]) => number,
): Amount {
  const literals = definitions.map(
    (definition) => node.arguments?.find(({ name }) => name.value === definition.name)?.value,
  );
  const workFor = (variables: Variables): number =>
    work(definitions.map(({ type }, index) => valueFromAST(literals[index], type, variables)));
  const isOpen = literals.some((literal) => literal !== undefined && hasVariable(literal));
  return isOpen ? later(({ variables }) => workFor(variables)) : workFor({});
}

function hasVariable(value: ValueNode): boolean {
  if (value.kind === Kind.LIST) return value.values.some(hasVariable);
  if (value.kind === Kind.OBJECT) return value.fields.some((field) => hasVariable(field.value));
  return value.kind === Kind.VARIABLE;
}

function withDefault(given: unknown, definition: GraphQLArgument | undefined): unknown {
  return given === undefined ? definition?.defaultValue : given;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function namesIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}
