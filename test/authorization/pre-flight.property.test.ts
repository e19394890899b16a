import * as fc from 'fast-check';
import { buildSchema, getNamedType, graphql, isCompositeType, isUnionType } from 'graphql';
import type { GraphQLCompositeType, GraphQLFieldResolver } from 'graphql';
import { expect, test } from 'vitest';
import { emptyPlaceholder } from '../../src/core/reserved-names.ts';
import { allow, and, deny, not, or, race, rule } from '../../src/authorization/shield.ts';
import { ask } from './fixture.ts';

const schema = buildSchema(/* GraphQL */ `
  interface Item {
    id: ID
    owner: Person
    peer(n: Int = 1): Item
  }
  type Book implements Item {
    id: ID
    owner: Person
    peer(n: Int = 1): Book
    title(n: Int = 1): String
  }
  type Tool implements Item {
    id: ID
    owner: Person
    peer(n: Int = 2): Tool
    weight: Int
  }
  type Film implements Item {
    id: ID
    owner: Person
    peer(n: Int = 1): Item
  }
  union Thing = Book | Tool | Person
  type Person {
    id: ID
    items(n: Int = 2): [Item]
    thing: Thing
    friend(n: Int): Person
  }
  type Query {
    person(n: Int): Person
    items: [Item]
    thing: Thing
  }
`);
const objectTypes = ['Query', 'Person', 'Book', 'Tool', 'Film'];
const compositeTypes = [...objectTypes.slice(1), 'Item', 'Thing'].map(compositeNamed);

/** What a rule is, and whether it allows given the context's `on` and the argument `n`. */
const rules = {
  allow: [allow, () => true],
  deny: [deny, () => false],
  on: [rule({ cache: 'contextual' })((_p, _a, ctx: { on: boolean }) => ctx.on), (on) => on],
  later: [rule({ cache: 'strict' })(async (_p, _a, ctx: { on: boolean }) => !ctx.on), (on) => !on],
  odd: [
    rule()((_p, { n }: { n?: number }) => n === undefined || n % 2 === 1),
    (_, n) => n === undefined || n % 2 === 1,
  ],
  throws: [
    not(
      rule()(() => {
        throw new Error('down');
      }),
    ),
    () => false,
  ],
  parent: [
    not(
      race(
        rule()((parent: { id?: string }) => parent.id === '2'),
        deny,
      ),
    ),
    () => false,
  ],
  both: [
    and(
      rule()((_p, _a, ctx: { on: boolean }) => ctx.on),
      or(
        deny,
        rule()(async (_p, { n }: { n?: number }) => n !== 2),
      ),
    ),
    (on, n) => on && n !== 2,
  ],
} satisfies Record<string, [unknown, (on: boolean, n: number | undefined) => boolean]>;
type RuleName = keyof typeof rules;

interface Shape {
  readonly pick: number;
  readonly condition: number;
  readonly argument: number;
  readonly children: readonly Shape[];
}

function shapesOf(depth: number): fc.Arbitrary<readonly Shape[]> {
  if (depth === 0) return fc.constant([]);
  return fc.array(
    fc.record({ pick: fc.nat(11), condition: fc.nat(9), argument: fc.nat(4), children: shapesOf(depth - 1) }),
    { maxLength: 4, size: 'max' },
  );
}

const fragmentShapes = fc.array(fc.tuple(fc.nat(compositeTypes.length - 1), shapesOf(2)), {
  minLength: 3,
  maxLength: 3,
});

const covered = objectTypes.flatMap((type) =>
  Object.keys(fieldsOf(compositeNamed(type))).map((field) => [type, field] as const),
);
const ruleNames = fc.constantFrom<RuleName | undefined>(undefined, undefined, ...(Object.keys(rules) as RuleName[]));
const trees = fc.record({
  fields: fc.array(ruleNames, { minLength: covered.length, maxLength: covered.length }),
  fallback: fc.constantFrom<RuleName>('allow', 'allow', 'on', 'later'),
});

test('nothing denied is asked for, and everything allowed arrives as if the rules stood in a monolith', async () => {
  await fc.assert(
    fc.asyncProperty(
      trees,
      shapesOf(4),
      fragmentShapes,
      fc.boolean(),
      async ({ fields, fallback }, root, fragments, on) => {
        const named = new Map(covered.map(([type, field], at) => [`${type}.${field}`, fields[at] ?? fallback]));
        const mayAsk = (type: string, field: string, n: number | undefined) => {
          const isRootParent = type === 'Query' && named.get(`${type}.${field}`) === 'parent';
          return isRootParent || rules[named.get(`${type}.${field}`) ?? fallback][1](on, n);
        };
        const tree: Record<string, Record<string, ReturnType<typeof and>>> = {};
        covered.forEach(([type, field], at) => {
          const name = fields[at];
          if (name !== undefined) (tree[type] ??= {})[field] = rules[name][0] as ReturnType<typeof and>;
        });
        const query = render(root, fragments);
        const variables = { yes: true, no: false, one: 1, two: 2 };
        const options = { fallbackRule: rules[fallback][0] };
        const { text } = await ask({ query, tree, options, schema, context: { on }, variables });

        const asked = await run(text, variables, (type, field, n) => {
          expect(`${type}.${field}(${n}) allowed: ${mayAsk(type, field, n)}`).toContain('true');
        });
        expect(asked.errors).toBeUndefined();
        const monolith = await run(query, variables, (type, field, n) => {
          if (!mayAsk(type, field, n)) throw new Error('denied');
        });
        for (const { path } of monolith.errors ?? []) remove(monolith.data, path ?? []);
        expect(plain(asked.data)).toEqual(plain(monolith.data));
      },
    ),
    { numRuns: 400 },
  );
});

type Look = (type: string, field: string, n: number | undefined) => void;

/** Executes over data in which every field has a value and abstract types take turns. */
async function run(source: string, variableValues: Record<string, unknown>, look: Look) {
  const fieldResolver: GraphQLFieldResolver<{ __typename?: string; id?: string }, unknown> = (
    parent,
    args,
    _,
    info,
  ) => {
    const n: unknown = args['n'];
    look(info.parentType.name, info.fieldName, typeof n === 'number' ? n : undefined);
    if (!isCompositeType(getNamedType(info.returnType)))
      return info.fieldName === 'weight' ? 7 : `${info.fieldName} ${String(n)}`;
    const values = possibleNames(getNamedType(info.returnType).name).map((__typename) => ({ __typename }));
    return info.fieldName === 'items' ? values : values[(parent.__typename ?? '').length % values.length];
  };
  return graphql({ schema, source, rootValue: {}, variableValues, fieldResolver });
}

function possibleNames(name: string): string[] {
  const type = schema.getType(name);
  return type !== undefined && 'getInterfaces' in type && name === 'Item'
    ? ['Film', 'Tool', 'Book']
    : isUnionType(type)
      ? type.getTypes().map((member) => member.name)
      : [name];
}

/** Every field has a response name of its own, so that any selection may stand beside any other. */
function render(root: readonly Shape[], fragments: readonly (readonly [number, readonly Shape[]])[]): string {
  let names = 0;
  const wanted = new Set<number>();
  const conditions = ['@include(if: $yes)', '@include(if: $no)', '@skip(if: $yes)', '@skip(if: $no)'];

  const selection = (shape: Shape, type: GraphQLCompositeType, firstFragment: number): string => {
    const condition = conditions[shape.condition] ?? '';
    const fields = Object.values(fieldsOf(type));
    if (shape.pick >= 9) {
      const at = firstFragment + (shape.argument % 3);
      const target = compositeTypes[fragments[at]?.[0] ?? -1];
      if (target !== undefined && overlap(type, target)) {
        wanted.add(at);
        return `...F${at} ${condition}`;
      }
    }
    if (shape.pick >= 6 || fields.length === 0) {
      const targets = compositeTypes.filter((target) => overlap(type, target));
      const target = targets[shape.pick % targets.length] ?? type;
      return `... on ${target.name} ${condition} ${selections(shape.children, target, firstFragment)}`;
    }
    const field = fields[shape.pick % fields.length];
    if (field === undefined) return '__typename';
    const value = ['1', '2', '$one', '$two'][shape.argument];
    const args = field.args.length > 0 && value !== undefined ? `(n: ${value})` : '';
    const fieldType = getNamedType(field.type);
    const below = isCompositeType(fieldType) ? selections(shape.children, fieldType, firstFragment) : '';
    names += 1;
    return `f${names}: ${field.name}${args} ${condition} ${below}`;
  };
  const selections = (all: readonly Shape[], type: GraphQLCompositeType, firstFragment: number): string =>
    `{ ${all.map((shape) => selection(shape, type, firstFragment)).join(' ') || '__typename'} }`;

  const texts = [selections(root, compositeNamed('Query'), 0)];
  fragments.forEach(([type, shapes], at) => {
    const target = compositeTypes[type];
    if (wanted.has(at) && target) texts.push(`fragment F${at} on ${target.name} ${selections(shapes, target, at + 1)}`);
  });
  const text = texts.join('\n');
  const declared = ['yes: Boolean!', 'no: Boolean!', 'one: Int', 'two: Int']
    .filter((declaration) => new RegExp(`\\$${declaration.split(':')[0]}\\b`).test(text))
    .map((declaration) => `$${declaration}`);
  return `query ${declared.length > 0 ? `(${declared.join(', ')})` : ''} ${text}`;
}

function overlap(one: GraphQLCompositeType, other: GraphQLCompositeType): boolean {
  return possibleNames(one.name).some((name) => possibleNames(other.name).includes(name));
}

function compositeNamed(name: string): GraphQLCompositeType {
  const type = schema.getType(name);
  if (!isCompositeType(type)) throw new Error(`expected a composite type, got ${name}`);
  return type;
}

function fieldsOf(type: GraphQLCompositeType) {
  return isUnionType(type) ? {} : type.getFields();
}

function remove(data: unknown, path: readonly (string | number)[]): void {
  const [first, ...rest] = path;
  if (typeof data !== 'object' || data === null || first === undefined) return;
  if (rest.length === 0) Reflect.deleteProperty(data, first);
  else remove(Reflect.get(data, first), rest);
}

/** Without placeholders, and without the difference between a missing and an empty selection at the root. */
function plain(data: unknown): unknown {
  const text = JSON.stringify(data, (key, value: unknown) => (key === emptyPlaceholder ? undefined : value));
  return JSON.parse(text) as unknown;
}
