import * as fc from 'fast-check';
import { executeSync, getNamedType, isAbstractType, isListType, isObjectType, parse } from 'graphql';
import type { GraphQLFieldResolver, GraphQLOutputType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { countingVisits, repeat } from './documents.ts';
import { costsOf } from './costs-of.ts';

const { costOf, schema } = await costsOf(
  `type Query {
    a(first: Int): [A] @listSize(slicingArguments: ["first"])
    b: [B] @cost(weight: 3) @listSize(assumedSize: 2)
    page(first: Int = 3): Page @listSize(slicingArguments: ["first"], sizedFields: ["items"])
    node: Node
    any: [Any]
    grid: [[B]]
    root: Query
  }
  interface Node { id: Int }
  union Any = A | B
  type A implements Node @cost(weight: 2) { id: Int @cost(weight: 1) node: Node b: [B] @listSize(assumedSize: 1) }
  type B implements Node { id: Int page(first: Int = 3): Page @listSize(slicingArguments: ["first"], sizedFields: ["items"]) a: A }
  type Page { items: [Node] total: Int }`,
  { defaultListSize: 2 },
);
const estimate = (query: string): number => costOf(query).estimated();

/** What the schema above says, once more and by hand. */
const callCosts: Readonly<Record<string, number>> = {
  'Query.a': 2,
  'Query.b': 3,
  'Query.page': 1,
  'Query.node': 2,
  'Query.any': 2,
  'Query.grid': 1,
  'Query.root': 1,
  'A.id': 1,
  'A.node': 2,
  'A.b': 1,
  'B.page': 1,
  'B.a': 2,
  'Page.items': 2,
};
const longest = (coordinate: string, first: unknown, source: { readonly first?: unknown } | undefined): number => {
  if (coordinate === 'Query.a') return Number(first);
  if (coordinate === 'Page.items') return Number(source?.first);
  return coordinate === 'A.b' ? 1 : 2;
};

const first = fc.integer({ min: 0, max: 3 });
/** Selections by type; one response name always stands for the same field. */
function selections(named: boolean) {
  const typename = named ? '__typename ' : '';
  return fc.letrec<Record<'Query' | 'A' | 'B' | 'Page' | 'Node', string>>((tie) => {
    const set = (...fields: fc.Arbitrary<string>[]) =>
      fc.array(fc.oneof({ maxDepth: 3 }, ...fields), { minLength: 1, maxLength: 3 }).map((list) => list.join(' '));
    const page = fc.tuple(first, tie('Page')).map(([size, inner]) => `page${size}: page(first: ${size}) { ${inner} }`);
    const node = tie('Node').map((inner) => `node { ${inner} }`);
    const b = tie('B').map((inner) => `b { ${inner} }`);
    const id = fc.constantFrom('id', 'other: id');
    const typed = fc.oneof(
      tie('A').map((inner) => `... on A { ${inner} }`),
      tie('B').map((inner) => `... on B { ${inner} }`),
    );
    return {
      Query: set(
        fc.constant('__typename'),
        fc.tuple(first, tie('A')).map(([size, inner]) => `a${size}: a(first: ${size}) { ${inner} }`),
        b,
        page,
        node,
        typed.map((inner) => `any { ${typename || '__typename '}${inner} }`),
        tie('B').map((inner) => `grid { ${inner} }`),
        tie('Query').map((inner) => `root { ${inner} }`),
      ),
      A: set(id, node, b),
      B: set(
        id,
        page,
        tie('A').map((inner) => `a { ${inner} }`),
      ),
      Page: set(
        fc.constant('total'),
        fc.constantFrom('total', 'all: total'),
        tie('Node').map((inner) => `items { ${inner} }`),
      ),
      Node: set(id, typed).map((inner) => typename + inner),
    };
  }).Query;
}

/** An answer by graphql-js whose lists are as long as they may be at most, and what its calls and objects cost. */
function answer(query: string, random: () => number) {
  let calls = 0;
  let types = 1;
  const make = (type: GraphQLOutputType, length: number, own: object): unknown => {
    if (random() < 0.1) return null;
    if (isListType(type)) {
      return Array.from({ length: Math.floor(random() * (length + 1)) }, () => make(type.ofType, length, own));
    }
    const named = getNamedType(type);
    const possible = isAbstractType(named) ? schema.getPossibleTypes(named) : [named];
    const object = possible[Math.floor(random() * possible.length)];
    if (!isObjectType(object)) return 1;
    types += object.name === 'A' ? 2 : 1;
    return { __typename: object.name, ...own };
  };
  const fieldResolver: GraphQLFieldResolver<{ first?: unknown } | undefined, unknown> = (source, given, _, info) => {
    const coordinate = `${info.parentType.name}.${info.fieldName}`;
    calls += callCosts[coordinate] ?? 0;
    return make(info.returnType, longest(coordinate, given['first'], source), given);
  };
  const { data, errors } = executeSync({ schema, document: parse(query), fieldResolver });
  if (!data || errors !== undefined) throw new Error(`Expected an answer, got ${String(errors)}`);
  return { data, cost: Math.max(calls, types) };
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('the cost of any operation', () => {
  it.each([
    ['what was called and answered, where the answer names its types', true],
    ['no less where it does not', false],
  ])('is actually %s, and at most the estimate', (_, named) => {
    let exact = 0;
    fc.assert(
      fc.property(selections(named), fc.nat(), (selection, seed) => {
        const query = `{ ${selection} }`;
        const { data, cost } = answer(query, randomFrom(seed));
        const actual = costOf(query).actual(data);
        expect(named ? actual : Math.min(actual, cost)).toBe(cost);
        const estimated = estimate(query);
        expect(estimated).toBeGreaterThanOrEqual(actual);
        if (estimated === actual) exact++;
      }),
      { numRuns: 300 },
    );
    // Otherwise the bound would be so loose that it tells nothing.
    expect(exact).toBeGreaterThan(10);
  });

  it('never falls when fields are added, and is the same in fragments', () => {
    fc.assert(
      fc.property(selections(true), selections(true), (some, more) => {
        const both = estimate(`{ ${some} ${more} }`);
        expect(both).toBeGreaterThanOrEqual(Math.max(estimate(`{ ${some} }`), estimate(`{ ${more} }`)));
        expect(estimate(`{ ...F ... { ...G } } fragment F on Query { ${some} } fragment G on Query { ${more} }`)).toBe(
          both,
        );
      }),
      { numRuns: 100 },
    );
  });

  it('is worked out in time linear in the document, however often fragments multiply', () => {
    const visitsFor = (levels: number): number => {
      const fragments = repeat(
        levels,
        (level) => `fragment F${level} on Query { x: root { ...F${level + 1} } y: root { ...F${level + 1} } }`,
      );
      const { document, visits } = countingVisits(
        `{ ...F0 } ${fragments} fragment F${levels} on Query { node { id } }`,
      );
      const cost = costOf(document);
      const before = visits();
      cost.estimated();
      return visits() - before;
    };
    const step = visitsFor(21) - visitsFor(20);
    expect(visitsFor(40) - visitsFor(20)).toBe(20 * step);
  });
});
