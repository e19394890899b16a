import {
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
  DocumentNode,
  FieldNode,
  GraphQLField,
  GraphQLInputType,
  ValueNode,
  VariableDefinitionNode,
} from 'graphql';
import { reservedPrefix } from '../core/reserved-names.ts';

/**
 * Variables in the place of literals in fields' arguments, so that operations which differ in them alone share a plan.
 * Fields go by the names of `nameFields`: one name, one set of literals.
 *
 * A variable has its argument's type, which composition made to fit every subgraph, and is never null: `arg: null` stays,
 * because a default may mean something else. Values of custom scalars stay too: a subgraph may read a literal, in which
 * `1` and `1.0` differ, otherwise than JSON.
 */
export class LiftedLiterals {
  readonly #definitions = new Map<string, VariableDefinitionNode>();
  readonly #values: Record<string, unknown> = {};
  readonly #taken: Set<string>;

  /** `document` has the variables that keep their names. */
  constructor({ definitions }: DocumentNode) {
    const known = definitions.flatMap((one) => ('variableDefinitions' in one ? (one.variableDefinitions ?? []) : []));
    this.#taken = new Set(known.map(({ variable }) => variable.name.value));
  }

  get definitions(): readonly VariableDefinitionNode[] {
    return [...this.#definitions.values()];
  }

  /** Values of the variables, as JSON; undefined when there are none. */
  get values(): Readonly<Record<string, unknown>> | undefined {
    return this.#definitions.size === 0 ? undefined : this.#values;
  }

  /** The field with variables in its arguments. */
  lift(field: FieldNode, { args }: GraphQLField<unknown, unknown>): FieldNode {
    if (field.arguments === undefined || field.arguments.length === 0) return field;
    const place = (field.alias ?? field.name).value;
    const values = field.arguments.map((argument) => {
      const type = args.find(({ name }) => name === argument.name.value)?.type;
      const value = type && argument.value.kind !== Kind.NULL ? jsonOf(argument.value, type) : undefined;
      if (type === undefined || value === undefined) return argument;
      const typeText = `${String(getNullableType(type))}!`;
      const key = `${place} ${argument.name.value} ${typeText} ${print(argument.value)}`;
      const known = this.#definitions.get(key) ?? this.#define(typeText, value);
      this.#definitions.set(key, known);
      return { ...argument, value: known.variable };
    });
    return { ...field, arguments: values };
  }

  #define(type: string, value: unknown): VariableDefinitionNode {
    let index = this.#definitions.size;
    while (this.#taken.has(`${reservedPrefix}l${index}`)) index += 1;
    const name = `${reservedPrefix}l${index}`;
    this.#taken.add(name);
    this.#values[name] = value;
    return {
      kind: Kind.VARIABLE_DEFINITION,
      variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } },
      type: parseType(type, { noLocation: true }),
    };
  }
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
  return Number.isFinite(value) && !Object.is(value, -0) ? value : undefined;
}
