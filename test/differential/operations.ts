import {
  doTypesOverlap,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  parse,
  print,
  validate,
} from 'graphql';
import type {
  GraphQLArgument,
  GraphQLCompositeType,
  GraphQLField,
  GraphQLInputType,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
} from 'graphql';
import { getNamedType } from 'graphql';
import type { Choices } from './choices.ts';

/** What a client sends. */
export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** An operation that is valid for the schema; undefined for the rare ones that turn out not to be. */
export function generateOperation(schema: GraphQLSchema, choices: Choices): Operation | undefined {
  const mutation = schema.getMutationType();
  const isMutation = mutation !== undefined && mutation !== null && choices.chance(0.12);
  const root = isMutation ? mutation : schema.getQueryType();
  if (root === undefined || root === null) return undefined;
  const operation = new Generator(schema, choices).generate(root, isMutation ? 'mutation' : 'query');
  const document = parse(operation.query, { noLocation: true });
  return validate(schema, document).length === 0 ? { ...operation, query: print(document) } : undefined;
}

/** Fields and fragments an operation may still get; lists multiply, so answers would grow without bound. */
const BUDGET = 20;
const MAX_DEPTH = 6;
const oddNames = ['constructor', '__proto__', 'toString', 'hasOwnProperty', '_e0', '_entities', 'length'];

interface VariableUse {
  readonly name: string;
  readonly type: string;
  readonly default: string | undefined;
}

/** What stands under a response name: two of them under one must be able to merge (section 5.3.2). */
interface Named {
  readonly parent: GraphQLCompositeType;
  readonly field: string;
  readonly args: string;
  readonly type: GraphQLOutputType;
}

class Generator {
  readonly #schema: GraphQLSchema;
  readonly #choices: Choices;
  readonly #variables: VariableUse[] = [];
  readonly #values: Record<string, unknown> = {};
  readonly #fragments: {
    readonly name: string;
    readonly on: GraphQLCompositeType;
    readonly text: string;
  }[] = [];
  /** By position, such as `/t0/owner`. */
  readonly #names = new Map<string, Named[]>();
  #left = BUDGET;
  /** Whether it has `@skip` and `@include`. */
  readonly #isConditional: boolean;
  readonly #isAliased: boolean;

  constructor(schema: GraphQLSchema, choices: Choices) {
    this.#schema = schema;
    this.#choices = choices;
    this.#isConditional = choices.chance(0.35);
    this.#isAliased = choices.chance(0.5);
  }

  generate(root: GraphQLObjectType, kind: 'query' | 'mutation'): Operation {
    const selection = this.#selection(root, '', 0);
    const definitions = this.#variables.map(
      ({ name, type, default: value }) => `$${name}: ${type}${value === undefined ? '' : ` = ${value}`}`,
    );
    const head = `${kind} ${this.#choices.chance(0.5) ? 'Op' : ''}${definitions.length === 0 ? '' : `(${definitions.join(', ')})`}`;
    const fragments = this.#fragments.map(({ name, on, text }) => `fragment ${name} on ${on.name} ${text}`);
    return { query: [`${head} ${selection}`, ...fragments].join('\n'), variables: this.#values };
  }

  #selection(type: GraphQLCompositeType, place: string, depth: number): string {
    const choices = this.#choices;
    const parts: string[] = [];
    const count = depth === 0 ? 1 + choices.int(3) : 1 + choices.int(4);
    for (let index = 0; index < count && this.#left > 0; index += 1) {
      const part = this.#part(type, place, depth);
      if (part !== undefined) parts.push(part);
    }
    if (parts.length === 0) parts.push(this.#leafOf(type, place) ?? '__typename');
    return `{ ${parts.join(' ')} }`;
  }

  #part(type: GraphQLCompositeType, place: string, depth: number): string | undefined {
    const choices = this.#choices;
    this.#left -= 1;
    const mayFragment = isAbstractType(type) ? 0.6 : 0.15;
    if (isUnionType(type) || (choices.chance(mayFragment) && depth < MAX_DEPTH))
      return this.#fragment(type, place, depth);
    if (choices.chance(0.06)) return depth === 0 && choices.chance(0.3) ? this.#introspection() : '__typename';
    const fields = Object.values(type.getFields()).filter(
      (field) => depth < MAX_DEPTH || isLeafType(getNamedType(field.type)),
    );
    // Composite fields lead to other subgraphs; computed ones, and those below a context, are where fetches need much.
    const deep = fields.filter((field) => !isLeafType(getNamedType(field.type)));
    const computed = fields.filter(({ name }) => name.startsWith('needs') || name === 'below');
    const pool =
      choices.chance(0.55) && computed.length > 0 ? computed : choices.chance(0.5) && deep.length > 0 ? deep : fields;
    const field = choices.pick(pool);
    return field && this.#field(type, field, place, depth);
  }

  #leafOf(type: GraphQLCompositeType, place: string): string | undefined {
    if (isUnionType(type)) return undefined;
    const leaves = Object.values(type.getFields()).filter((field) => isLeafType(getNamedType(field.type)));
    const field = this.#choices.pick(leaves);
    return field && this.#field(type, field, place, MAX_DEPTH);
  }

  #field(
    parent: GraphQLCompositeType,
    field: GraphQLField<unknown, unknown>,
    place: string,
    depth: number,
  ): string | undefined {
    const choices = this.#choices;
    const args = this.#arguments(field.args);
    const named: Named = { parent, field: field.name, args, type: field.type };
    const type = getNamedType(field.type);
    const wanted = !this.#isAliased
      ? field.name
      : choices.chance(0.04)
        ? (choices.pick(oddNames) ?? 'a')
        : choices.chance(0.15)
          ? `a${choices.int(4)}`
          : field.name;
    let name = wanted;
    for (let attempt = 0; !this.#take(`${place}/${name}`, named); attempt += 1) name = `${wanted}_${attempt}`;
    const below = isCompositeType(type) ? ` ${this.#selection(type, `${place}/${name}`, depth + 1)}` : '';
    return `${name === field.name ? '' : `${name}: `}${field.name}${args}${this.#directives()}${below}`;
  }

  #take(place: string, named: Named): boolean {
    const others = this.#names.get(place) ?? [];
    if (!others.every((other) => canMerge(other, named))) return false;
    this.#names.set(place, [...others, named]);
    return true;
  }

  #fragment(type: GraphQLCompositeType, place: string, depth: number): string {
    const choices = this.#choices;
    const known = choices.pick(this.#fragments.filter(({ on }) => doTypesOverlap(this.#schema, on, type)));
    if (known !== undefined && choices.chance(0.25)) return `...${known.name}${this.#directives()}`;
    const on = choices.pick(this.#conditionsFor(type)) ?? type;
    const text = this.#selection(on, place, depth + 1);
    if (choices.chance(0.25)) {
      const name = `F${this.#fragments.length}`;
      this.#fragments.push({ name, on, text });
      return `...${name}${this.#directives()}`;
    }
    return `...${on === type && choices.chance(0.5) ? '' : ` on ${on.name}`}${this.#directives()} ${text}`;
  }

  #conditionsFor(type: GraphQLCompositeType): GraphQLCompositeType[] {
    return Object.values(this.#schema.getTypeMap())
      .filter(isCompositeType)
      .filter((other) => !other.name.startsWith('__') && doTypesOverlap(this.#schema, other, type));
  }

  #introspection(): string {
    const types = Object.values(this.#schema.getTypeMap()).filter(isObjectType);
    const name = this.#choices.pick(types)?.name ?? 'Query';
    const text = this.#choices.pick([
      '__schema { queryType { name } }',
      `__type(name: "${name}") { kind name }`,
      '__schema { mutationType { kind } }',
    ]);
    return `m${this.#left}: ${text ?? '__typename'}`;
  }

  #directives(): string {
    const choices = this.#choices;
    if (!this.#isConditional || !choices.chance(0.2)) return '';
    const type = this.#schema.getType('Boolean');
    const condition = choices.chance(0.3) || !isLeafType(type) ? `${choices.chance(0.5)}` : this.#condition();
    return ` @${choices.pick(['skip', 'include'])}(if: ${condition})`;
  }

  #condition(): string {
    const choices = this.#choices;
    const known = choices.pick(this.#variables.filter(({ type }) => type === 'Boolean!'));
    if (known !== undefined && choices.chance(0.5)) return `$${known.name}`;
    const name = `v${this.#variables.length}`;
    const hasDefault = choices.chance(0.2);
    this.#variables.push({
      name,
      type: hasDefault ? 'Boolean' : 'Boolean!',
      default: hasDefault ? String(choices.chance(0.5)) : undefined,
    });
    if (!hasDefault || choices.chance(0.5)) this.#values[name] = choices.chance(0.5);
    return `$${name}`;
  }

  #arguments(args: readonly GraphQLArgument[]): string {
    const parts = args.flatMap(({ name, type, defaultValue }) => {
      const isNeeded = isNonNullType(type) && defaultValue === undefined;
      if (!isNeeded && this.#choices.chance(0.35)) return [];
      return `${name}: ${this.#choices.chance(0.4) ? this.#variable(type) : this.#literal(type)}`;
    });
    return parts.length === 0 ? '' : `(${parts.join(', ')})`;
  }

  #variable(type: GraphQLInputType): string {
    const choices = this.#choices;
    const text = String(type);
    const known = choices.pick(this.#variables.filter((one) => one.type === text));
    if (known !== undefined && choices.chance(0.5)) return `$${known.name}`;
    const name = `v${this.#variables.length}`;
    const isStrict = isNonNullType(type);
    const hasDefault = choices.chance(0.3);
    const declared = hasDefault && isStrict ? String(type.ofType) : text;
    this.#variables.push({ name, type: declared, default: hasDefault ? this.#literal(type, true) : undefined });
    const mayLeaveOut = hasDefault || !isStrict;
    if (mayLeaveOut && choices.chance(0.3)) return `$${name}`;
    this.#values[name] = !isStrict && choices.chance(0.15) ? null : this.#value(isStrict ? type.ofType : type, 0);
    return `$${name}`;
  }

  /** GraphQL text; without variables inside when `isConst`. */
  #literal(type: GraphQLInputType, isConst = false): string {
    if (!isNonNullType(type) && this.#choices.chance(0.1)) return 'null';
    return this.#textOf(this.#value(type, 0), type, isConst);
  }

  #textOf(value: unknown, type: GraphQLInputType, isConst: boolean): string {
    if (isNonNullType(type)) return this.#textOf(value, type.ofType, isConst);
    if (value === null || value === undefined) return 'null';
    if (isListType(type) && Array.isArray(value)) {
      const itemType = type.ofType;
      const items = value.map((item) =>
        !isConst && this.#choices.chance(0.2) ? this.#variable(itemType) : this.#textOf(item, itemType, isConst),
      );
      return `[${items.join(', ')}]`;
    }
    if (isInputObjectType(type)) {
      const members = Object.entries(value).flatMap(([key, member]) => {
        const field = type.getFields()[key];
        if (field === undefined) return [];
        const isVariable = !isConst && this.#choices.chance(0.2);
        return `${key}: ${isVariable ? this.#variable(field.type) : this.#textOf(member, field.type, isConst)}`;
      });
      return `{ ${members.join(', ')} }`;
    }
    if (isEnumType(type) && typeof value === 'string') return value;
    return jsonLiteral(value);
  }

  #value(type: GraphQLInputType, depth: number): unknown {
    const choices = this.#choices;
    if (isNonNullType(type)) return this.#value(type.ofType, depth);
    if (isListType(type)) return Array.from({ length: choices.int(3) }, () => this.#value(type.ofType, depth));
    if (isInputObjectType(type)) {
      const members = Object.values(type.getFields()).filter(
        ({ name }) => choices.chance(0.5) && !(name === 'deeper' && depth > 1),
      );
      return Object.fromEntries(members.map((field) => [field.name, this.#value(field.type, depth + 1)]));
    }
    switch (type.name) {
      case 'Int':
        return choices.int(5);
      case 'Boolean':
        return choices.chance(0.5);
      case 'Color':
        return choices.pick(['RED', 'GREEN', 'BLUE']);
      case 'JSON':
        return choices.pick<unknown>([{ a: 1, b: ['x', null] }, [1, { c: true }], 'text', 4]);
      default:
        return choices.pick(['p', 'q"\\', 'ü', '']);
    }
  }
}

function canMerge(one: Named, other: Named): boolean {
  if (!sameShape(one.type, other.type)) return false;
  const areExclusive = isObjectType(one.parent) && isObjectType(other.parent) && one.parent !== other.parent;
  return areExclusive || (one.field === other.field && one.args === other.args);
}

function sameShape(one: GraphQLOutputType, other: GraphQLOutputType): boolean {
  const plain = (type: GraphQLOutputType): string => String(type).replaceAll(/\w+/gu, 'X');
  const [a, b] = [getNamedType(one), getNamedType(other)];
  return plain(one) === plain(other) && (a === b || (!isLeafType(a) && !isLeafType(b)));
}

function jsonLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonLiteral).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, member]) => `${key}: ${jsonLiteral(member)}`)
    .join(', ')} }`;
}
