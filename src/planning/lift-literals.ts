import {
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  Kind,
  parseType,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { DocumentNode, GraphQLInputType, GraphQLSchema, ValueNode, VariableDefinitionNode } from 'graphql';
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
  const typeInfo = new TypeInfo(schema);
  const lifted = visit(
    document,
    visitWithTypeInfo(typeInfo, {
      VariableDefinition: ({ variable }) => void taken.add(variable.name.value),
      Field(field) {
        if (field.name.value.startsWith('__')) return false;
        const definition = typeInfo.getFieldDef();
        if (definition === undefined || definition === null || !field.arguments?.length) return undefined;
        const place = field.alias?.value ?? field.name.value;
        const values = field.arguments.map((argument) => {
          const type = definition.args.find(({ name }) => name === argument.name.value)?.type;
          const value = type && argument.value.kind !== Kind.NULL ? jsonOf(argument.value, type) : undefined;
          if (type === undefined || value === undefined) return argument;
          const typeText = `${String(getNullableType(type))}!`;
          const key = `${place} ${argument.name.value} ${typeText} ${print(argument.value)}`;
          const known = definitions.get(key) ?? define(typeText, value);
          definitions.set(key, known);
          return { ...argument, value: known.variable };
        });
        return { ...field, arguments: values };
      },
    }),
  );

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

  if (definitions.size === 0) return { document, literals: undefined };
  const withVariables = lifted.definitions.map((one) =>
    one.kind === Kind.OPERATION_DEFINITION
      ? { ...one, variableDefinitions: [...(one.variableDefinitions ?? []), ...definitions.values()] }
      : one,
  );
  return { document: { ...lifted, definitions: withVariables }, literals };
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
