import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  Kind,
  parseType,
  print,
} from 'graphql';
import type {
  ArgumentNode,
  DefinitionNode,
  DocumentNode,
  FieldNode,
  GraphQLField,
  GraphQLInputType,
  GraphQLNamedType,
  GraphQLSchema,
  SelectionSetNode,
  ValueNode,
  VariableDefinitionNode,
} from 'graphql';
import { reservedPrefix } from '../core/reserved-names.ts';

export interface LiftedOperation {
  readonly document: DocumentNode;
  /** Values of the variables that stand for literals, as JSON; undefined when there are none. */
  readonly literals: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Puts variables in the place of literals in fields' arguments, so that operations which differ in them alone share a
 * plan. `document` has one operation whose fields go by the names of `nameFields`: one name, one set of literals.
 *
 * A variable has its argument's type, which composition made to fit every subgraph, and is never null: `arg: null` stays,
 * because a default may mean something else. Values of custom scalars stay too: a subgraph may read a literal, in which
 * `1` and `1.0` differ, otherwise than JSON.
 */
export function liftLiterals(document: DocumentNode, schema: GraphQLSchema): LiftedOperation {
  const literals: Record<string, unknown> = {};
  const definitions = new Map<string, VariableDefinitionNode>();
  const taken = new Set<string>();

  const definitionOf = (one: DefinitionNode): DefinitionNode => {
    if (one.kind === Kind.FRAGMENT_DEFINITION)
      return { ...one, selectionSet: selectionSetOf(one.selectionSet, schema.getType(one.typeCondition.name.value)) };
    if (one.kind !== Kind.OPERATION_DEFINITION) return one;
    for (const { variable } of one.variableDefinitions ?? []) taken.add(variable.name.value);
    return { ...one, selectionSet: selectionSetOf(one.selectionSet, schema.getRootType(one.operation)) };
  };

  const selectionSetOf = (set: SelectionSetNode, parent: GraphQLNamedType | null | undefined): SelectionSetNode => ({
    ...set,
    selections: set.selections.map((selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return selection;
      if (selection.kind === Kind.FIELD) return fieldOf(selection, parent);
      const { typeCondition, selectionSet } = selection;
      const type = typeCondition === undefined ? parent : schema.getType(typeCondition.name.value);
      return { ...selection, selectionSet: selectionSetOf(selectionSet, type) };
    }),
  });

  const fieldOf = (field: FieldNode, parent: GraphQLNamedType | null | undefined): FieldNode => {
    const definition = parent && 'getFields' in parent ? parent.getFields()[field.name.value] : undefined;
    // Introspection, or what clients do not see.
    if (definition === undefined || !('args' in definition)) return field;
    const { arguments: given, selectionSet } = field;
    return {
      ...field,
      ...(given?.length ? { arguments: given.map((argument) => argumentOf(argument, field, definition)) } : {}),
      ...(selectionSet && { selectionSet: selectionSetOf(selectionSet, getNamedType(definition.type)) }),
    };
  };

  const argumentOf = (argument: ArgumentNode, { alias, name }: FieldNode, { args }: GraphQLField<unknown, unknown>) => {
    const type = args.find((one) => one.name === argument.name.value)?.type;
    const value = type && argument.value.kind !== Kind.NULL ? jsonOf(argument.value, type) : undefined;
    if (type === undefined || value === undefined) return argument;
    const typeText = `${String(getNullableType(type))}!`;
    const key = `${(alias ?? name).value} ${argument.name.value} ${typeText} ${print(argument.value)}`;
    const known = definitions.get(key) ?? define(typeText, value);
    definitions.set(key, known);
    return { ...argument, value: known.variable };
  };

  function define(type: string, value: unknown): VariableDefinitionNode {
    let index = definitions.size;
    while (taken.has(`${reservedPrefix}l${index}`)) index += 1;
    const name = `${reservedPrefix}l${index}`;
    taken.add(name);
    literals[name] = value;
    return {
      kind: Kind.VARIABLE_DEFINITION,
      variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } },
      type: parseType(type, { noLocation: true }),
    };
  }

  const lifted = document.definitions.map(definitionOf);
  if (definitions.size === 0) return { document, literals: undefined };
  const withVariables = lifted.map((one) =>
    one.kind === Kind.OPERATION_DEFINITION
      ? { ...one, variableDefinitions: [...(one.variableDefinitions ?? []), ...definitions.values()] }
      : one,
  );
  return { document: { ...document, definitions: withVariables }, literals };
}

/** undefined for what holds a variable or a custom scalar, and for numbers that JSON would change. */
function jsonOf(literal: ValueNode, type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return jsonOf(literal, type.ofType);
  if (literal.kind === Kind.NULL) return null;
  if (isListType(type)) {
    // A value alone is a list of itself, in JSON too.
    if (literal.kind !== Kind.LIST) return jsonOf(literal, type.ofType);
    const items = literal.values.map((item) => jsonOf(item, type.ofType));
    return items.includes(undefined) ? undefined : items;
  }
  if (isInputObjectType(type)) {
    if (literal.kind !== Kind.OBJECT) return undefined;
    const fields = literal.fields.map(({ name, value }): [string, unknown] => {
      const field = type.getFields()[name.value];
      return [name.value, field && jsonOf(value, field.type)];
    });
    return fields.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(fields);
  }
  if (isEnumType(type)) return literal.kind === Kind.ENUM ? literal.value : undefined;
  switch (type.name) {
    case 'Int':
    case 'Float':
      return numberOf(literal);
    case 'String':
      return literal.kind === Kind.STRING ? literal.value : undefined;
    case 'Boolean':
      return literal.kind === Kind.BOOLEAN ? literal.value : undefined;
    case 'ID':
      return literal.kind === Kind.STRING || literal.kind === Kind.INT ? literal.value : undefined;
    default:
      return undefined;
  }
}

function numberOf(literal: ValueNode): number | undefined {
  if (literal.kind !== Kind.INT && literal.kind !== Kind.FLOAT) return undefined;
  const value = Number(literal.value);
  return Object.is(JSON.parse(JSON.stringify(value)), value) ? value : undefined;
}
