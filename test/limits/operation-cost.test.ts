import { describe, expect, it } from 'vitest';
import { repeat } from './documents.ts';
import { costsOf } from './costs-of.ts';

/** What a field that returns objects costs below is 1, and each object 1, where nothing else is said; so does the root. */
const shop = `
  directive @approx(tolerance: Float @cost(weight: -1)) on FIELD
  type Query {
    users(max: Int): [User] @listSize(slicingArguments: ["max"])
    topProducts(filter: Filter @cost(weight: 15)): [String] @cost(weight: 5) @listSize(assumedSize: 10)
    mostPopular(approx: Approximate @cost(weight: -3)): Product @cost(weight: 5)
    films(first: Int, last: Int): FilmConnection
      @listSize(slicingArguments: ["first", "last"], sizedFields: ["edges"])
    pages(first: Int = 7, last: Int): [Product]
      @listSize(slicingArguments: ["first", "last"], requireOneSlicingArgument: false)
    any(first: Int, last: Int): [Product]
      @listSize(slicingArguments: ["first", "last"], requireOneSlicingArgument: false, assumedSize: 4)
    plain: [Product]
    grid: [[Product]] @listSize(assumedSize: 3)
    prices: [Price] @listSize(assumedSize: 6)
    search(by: [Where!], kind: Kind): Product
    found: [Result!] @listSize(assumedSize: 2)
    node: Node
    self: Query
  }
  input Filter { approx: Approximate @cost(weight: -12) }
  input Where { first: Int @cost(weight: 2) kind: Kind inner: Where }
  enum Approximate { YES }
  enum Kind @cost(weight: 3) { ANY }
  scalar Price @cost(weight: 4)
  type User { name: String age: Int @cost(weight: 2) friends: [User] @listSize(assumedSize: 3) }
  type FilmConnection { edges: [FilmEdge] total: Int }
  type FilmEdge { cursor: ID node: Film }
  type Film implements Node { id: ID! title: String @cost(weight: 1) }
  interface Node { id: ID! title: String }
  type Product implements Node @cost(weight: 2) { id: ID! title: String @cost(weight: 30) }
  type Free @cost(weight: 0) { price: Price }
  union Result = Film | Product | Free`;

const { costOf } = await costsOf(shop);
const estimate = (query: string, variables?: Record<string, unknown>) => costOf(query, variables).estimated();

describe('the examples of the specification', () => {
  it.each([
    ['№ 2, a list by its slicing argument', '{ users(max: 5) { age } }', 11],
    ['№ 10, a field', '{ topProducts }', 5],
    ['№ 10, a field with an argument', '{ topProducts(filter: {}) }', 20],
    ['№ 11, without the argument', '{ mostPopular { id } }', 5],
    ['№ 11, a negative weight', '{ mostPopular(approx: YES) { id } }', 3],
    ['№ 12, an input field', '{ topProducts(filter: { approx: YES }) }', 8],
    ['№ 13, an argument of a directive', '{ topProducts @approx(tolerance: 0.5) }', 4],
    ['№ 18, sized fields', '{ films(first: 3) { edges { node { id } } } }', 8],
  ])('%s', (_, query, cost) => {
    expect(estimate(query)).toBe(cost);
  });

  it('№ 3, three users in the answer', () => {
    expect(costOf('{ users(max: 5) { age } }').actual({ users: [{ age: 33 }, { age: 45 }, { age: 27 }] })).toBe(7);
  });
});

describe('an estimate', () => {
  it.each([
    ['the greater of what is called and what is answered', '{ users(max: 5) { name } }', 6],
    ['objects in lists of lists', '{ users(max: 2) { friends { friends { name } } } }', 1 + 2 + 6 + 18],
    ['one for the root', '{ __typename __schema { types { name } } }', 1],
    ['no size said: 10', '{ plain { id } }', 1 + 10 * 2],
    ['lists in a list: 10 each', '{ grid { id } }', 1 + 3 * 10 * 2],
    ['values of a scalar', '{ prices }', 1 + 6 * 4],
    ['the argument that is given, whatever the assumed size', '{ any(last: 6) { id } }', 1 + 6 * 2],
    ['the largest of several arguments', '{ any(last: 6, first: 8) { id } }', 1 + 8 * 2],
    ['the assumed size without an argument', '{ any { id } }', 1 + 4 * 2],
    ['a negative argument, which says nothing', '{ any(first: -5) { id } }', 1 + 4 * 2],
    ['null, which is no argument', '{ any(first: null) { id } }', 1 + 4 * 2],
    ['a default of the schema', '{ pages { id } }', 1 + 7 * 2],
    ['a default that is larger than what is given', '{ pages(last: 2) { id } }', 1 + 7 * 2],
    ['0 items', '{ users(max: 0) { friends { age } } }', 1],
    [
      'input fields in lists and in each other',
      '{ search(by: [{ first: 1 }, { inner: { kind: ANY } }]) { id } }',
      2 + 1 + 2 + 1 + 3,
    ],
    ['the type of an enum argument', '{ search(kind: ANY) { id } }', 2 + 3],
    [
      'the most costly type',
      '{ found { ... on Film { id title } ... on Product { id } ... on Free { price } } }',
      2 + 2 * 4,
    ],
    ['the most costly field of an interface', '{ node { title } }', 2 + 30],
    ['a merged field once', '{ node { title } node { id title } ...F } fragment F on Query { node { title } }', 2 + 30],
    ['an alias once more', '{ node { title } other: node { title } }', 2 * (2 + 30)],
  ])('counts %s', (_, query, cost) => {
    expect(estimate(query)).toBe(cost);
  });

  it('takes coerced variables, in literals too, and their defaults', () => {
    const query = `query ($n: Int = 9, $by: Where = {}, $also: Int, $if: Boolean!) {
      users(max: $n) { age } search(by: [{ first: $also }, $by]) @skip(if: $if) { id } }`;
    expect(estimate(query, { if: true })).toBe(1 + 9 * 2);
    expect(estimate(query, { if: true, n: 4 })).toBe(1 + 4 * 2);
    expect(estimate(query, { if: false, n: 4, by: {} })).toBe(9 + 2 + 1);
    expect(estimate(query, { if: false, n: 4, by: { first: 1, inner: {} }, also: 3 })).toBe(9 + 2 + 1 + 2 + 1 + 2);
  });

  it.each([
    ['{ users { name } }', {}, 'max at Query.users, got 0'],
    ['query ($n: Int) { users(max: $n) { name } }', {}, 'max at Query.users, got 0'],
    ['query ($n: Int) { users(max: $n) { name } }', { n: null }, 'max at Query.users, got 0'],
    ['{ films(first: 1, last: 1) { total } }', {}, 'first, last at Query.films, got 2'],
  ])('is refused where a slicing argument is required: %s %o', (query, variables, message) => {
    expect(() => estimate(query, variables)).toThrow(`Expected exactly one of the arguments ${message}.`);
  });

  it('stays a number, whatever the arguments', () => {
    const max = 2_147_483_647;
    const nested = (levels: number): string =>
      `{ ${repeat(levels, () => `self { users(max: ${max}) { friends { age } } any(first: ${max}) { id }`)} ${'}'.repeat(levels)} }`;
    expect(estimate(nested(5))).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
    const deep = `{ users(max: ${max}) ${'{ friends '.repeat(60)} { name } ${'}'.repeat(60)} none: users(max: 0) ${'{ friends '.repeat(60)} { name } ${'}'.repeat(60)} }`;
    expect(estimate(deep)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('works out once what fragments lead to on many ways, also where it depends on variables', () => {
    const levels = 60;
    const fragments = repeat(
      levels,
      (level) => `fragment F${level} on Query { a: self { ...F${level + 1} } b: self { ...F${level + 1} } }`,
    );
    const query = `query ($n: Int) { ...F0 } ${fragments} fragment F${levels} on Query { users(max: $n) { age } }`;
    expect(costOf(query, { n: 1 }).estimated()).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('an actual cost', () => {
  it.each([
    ['objects that are there', '{ plain { id } }', { plain: [{ id: '1' }, null, { id: '2' }] }, 1 + 2 * 2],
    ['a call that answered null', '{ node { title } mostPopular { id } }', { node: null, mostPopular: null }, 2 + 5],
    ['no more than the root of an introspection', '{ __typename }', { __typename: 'Query' }, 1],
    [
      'the type that the answer names',
      '{ node { __typename title } }',
      { node: { __typename: 'Film', title: '' } },
      2 + 1,
    ],
    ['the most costly type of those it may be', '{ node { title } }', { node: { title: '' } }, 2 + 30],
    [
      'the only type that has such fields',
      '{ found { ... on Film { id title } ... on Product { id } ... on Free { price } } }',
      { found: [{ id: '1', title: '' }, { price: 1 }] },
      2 + 1 + 4,
    ],
    ['lists in a list', '{ grid { id } }', { grid: [[{ id: '1' }], [], [{ id: '2' }, { id: '3' }]] }, 1 + 3 * 2],
  ])('counts %s', (_, query, data, cost) => {
    expect(costOf(query).actual(data)).toBe(cost);
  });

  it('is the estimate when there is no data', () => {
    expect(costOf('{ plain { id } }').actual(null)).toBe(21);
  });
});

describe('a price list', () => {
  it('is found under whatever names the supergraph has for it', async () => {
    const { costOf: renamed } = await costsOf(
      `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [{ name: "@cost", as: "@price" }, { name: "@listSize", as: "@length" }])
        type Query { cost: [Int] @price(weight: 3) @length(assumedSize: 2) }`,
    );
    expect(renamed('{ cost }').estimated()).toBe(3);
    const { costOf: prefixed } = await costsOf(
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9") type Query { a: [Day] @federation__listSize(assumedSize: 2) } scalar Day @federation__cost(weight: 4)',
    );
    expect(prefixed('{ a }').estimated()).toBe(9);
  });

  it('is none without the directives, and lists have the length that is configured', async () => {
    const { costOf: plain } = await costsOf('type Query { a: [A] } type A { b: [A] c: Int }', { defaultListSize: 3 });
    expect(plain('{ a { b { c } } }').estimated()).toBe(1 + 3 + 9);
  });
});
