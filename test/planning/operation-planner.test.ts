import { parse, print } from 'graphql';
import type { DocumentNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { FetchPlan } from '../../src/planning/fetch-plan.ts';
import { LiftedLiterals } from '../../src/planning/lift-literals.ts';
import { nameFields, normaliseOperation } from '../../src/planning/normalise-operation.ts';
import { createOperationPlanner } from '../../src/planning/operation-planner.ts';
import type { PlannedOperation } from '../../src/planning/operation-planner.ts';
import { printFetchPlan } from '../../src/planning/print-fetch-plan.ts';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';
import { federated, supergraphOf } from '../supergraph/sdl.ts';

const supergraph = buildSupergraph(
  await supergraphOf({
    shop: federated(
      `type Query {
        product(id: ID!): Product
        search(text: String, first: Int! = 10, price: Float, where: Where, sort: [Sort!], raw: Raw, on: Boolean): [Product]
      }
      input Where { colour: Colour words: [String] raw: Raw inner: Where }
      enum Sort { NAME PRICE } enum Colour { RED BLUE } scalar Raw
      type Product @key(fields: "id") { id: ID! name(max: Int): String size(unit: String): Int price: Int }`,
      ['"@key"'],
    ),
    pricing: federated(
      `type Product @key(fields: "id") { id: ID!
        price: Int @override(from: "shop", label: "b") size(unit: String): Int @override(from: "shop", label: "a") }`,
      ['"@key"', '"@override"'],
    ),
  }),
);

/** The planner with what it plans. */
function openPlanner() {
  const plans: FetchPlan[] = [];
  const planner = createOperationPlanner(supergraph, (plan) => {
    plans.push(plan);
    return { plan: printFetchPlan(plan) };
  });
  const plan = (query: string, active: readonly string[] = []): PlannedOperation<{ plan: string }> => {
    const document = parse(query);
    return planner.plan({
      document,
      operationName: undefined,
      documentHash: query,
      names: nameFields(document),
      variables: {},
      conditions: '',
      activeLabels: new Set(active),
    });
  };
  return { plans, plan };
}

function normalised(document: DocumentNode, literals?: LiftedLiterals): DocumentNode {
  const variant = { document, operationName: undefined, names: nameFields(document), includes: () => true };
  return normaliseOperation({ ...variant, ...(literals && { literals }) }, supergraph);
}

function lift(query: string) {
  const document = parse(query);
  const literals = new LiftedLiterals(document);
  return { document: normalised(document, literals), literals: literals.values };
}

describe('documents that differ in literals alone', () => {
  it('are planned once', () => {
    const { plans, plan } = openPlanner();
    const ids = Array.from({ length: 1_000 }, (_, index) => `p${index}`);
    const literals = ids.map((id) => plan(`{ product(id: "${id}") { name } }`).literals);
    expect(plans).toHaveLength(1);
    expect(literals).toEqual(ids.map((id) => ({ __atrium_l0: id })));
    expect(plan('{ product(id: "p7") { name } }').literals).toEqual({ __atrium_l0: 'p7' });
  });

  it('get variables of the types that their arguments have', () => {
    const { plan } = openPlanner();
    const { executable, literals } = plan(
      `{ search(text: """block "text" """, first: 3, price: 2, on: true, sort: PRICE,
        where: { colour: RED, words: ["a", null], inner: { colour: null } }) { id } product(id: 4) { name(max: 5) } }`,
    );
    expect(executable.plan).toMatchInlineSnapshot(
      `"1. shop: {search(text:$__atrium_l0 first:$__atrium_l1 price:$__atrium_l2 on:$__atrium_l3 sort:$__atrium_l4 where:$__atrium_l5){id}product(id:$__atrium_l6){name(max:$__atrium_l7)}}"`,
    );
    expect(literals).toEqual({
      __atrium_l0: 'block "text" ',
      __atrium_l1: 3,
      __atrium_l2: 2,
      __atrium_l3: true,
      __atrium_l4: 'PRICE',
      __atrium_l5: { colour: 'RED', words: ['a', null], inner: { colour: null } },
      __atrium_l6: '4',
      __atrium_l7: 5,
    });
  });

  it('differ in their plans where the same field has the same arguments or not', () => {
    const { plans, plan } = openPlanner();
    const same = plan('{ product(id: 1) { a: name(max: 2) b: name(max: 2) } }');
    const other = plan('{ product(id: 1) { a: name(max: 2) b: name(max: 3) } }');
    expect(plans).toHaveLength(2);
    expect(same.executable.plan).toMatchInlineSnapshot(`"1. shop: {product(id:$__atrium_l0){name(max:$__atrium_l1)}}"`);
    expect(other.executable.plan).toMatchInlineSnapshot(
      `"1. shop: {product(id:$__atrium_l0){name(max:$__atrium_l1)__atrium_1_name:name(max:$__atrium_l2)}}"`,
    );
    expect(plan('{ product(id: 5) { a: name(max: 6) b: name(max: 7) } }').literals).toEqual({
      __atrium_l0: '5',
      __atrium_l1: 6,
      __atrium_l2: 7,
    });
    expect(plans).toHaveLength(2);
  });

  it.each([
    ['null', '{ search(text: null) { id } }'],
    ['a custom scalar', '{ search(raw: 1.0) { id } }'],
    ['a custom scalar in an input object', '{ search(where: { raw: "a", words: "b" }) { id } }'],
    ['a variable in a list', 'query ($sort: Sort!) { search(sort: [$sort, NAME]) { id } }'],
    [
      'a variable in an input object',
      'query ($words: [String]) { search(where: { words: $words, colour: RED }) { id } }',
    ],
    ['a number that JSON has no text for', '{ search(price: -0.0) { id } }'],
    ['a directive', '{ search @skip(if: false) { id @include(if: true) } }'],
    ['introspection', '{ __type(name: "Product") { fields(includeDeprecated: true) { name } } }'],
  ])('keep %s', (_, query) => {
    const { document, literals } = lift(query);
    expect(literals).toBeUndefined();
    expect(print(document)).toBe(print(normalised(parse(query))));
  });

  it('keep the variables of clients apart, whatever they are called', () => {
    const lifted = lift(
      'query ($__atrium_l0: Int!) { search(text: "a", first: $__atrium_l0) { ...F } } fragment F on Product { name(max: 1) }',
    );
    expect(print(lifted.document)).toMatchInlineSnapshot(`
      "query ($__atrium_l0: Int!, $__atrium_l1: String!, $__atrium_l2: Int!) {
        search(text: $__atrium_l1, first: $__atrium_l0) {
          ...f0
        }
      }

      fragment f0 on Product {
        name(max: $__atrium_l2)
      }"
    `);
    expect(lifted.literals).toEqual({ __atrium_l1: 'a', __atrium_l2: 1 });
  });
});

describe('labels of @override', () => {
  it('multiply plans only where these may depend on them', () => {
    const { plans, plan } = openPlanner();
    const all = [[], ['a'], ['b'], ['a', 'b']];
    for (const active of all) plan('{ product(id: 1) { name } }', active);
    expect(plans).toHaveLength(1);
    const printed = all.map((active) => plan('{ product(id: 1) { price } }', active).executable.plan);
    expect(plans).toHaveLength(3);
    expect(printed).toMatchInlineSnapshot(`
      [
        "1. shop: {product(id:$__atrium_l0){price}}",
        "1. shop: {product(id:$__atrium_l0){price}}",
        "1. shop: {product(id:$__atrium_l0){__typename id}}
      2. pricing, after 1: product {...on Product{price}}",
        "1. shop: {product(id:$__atrium_l0){__typename id}}
      2. pricing, after 1: product {...on Product{price}}",
      ]
    `);
    for (const active of all) plan('{ product(id: 1) { price size } }', active);
    expect(plans).toHaveLength(7);
  });

  it('count for every plan where a key may need the field', async () => {
    const sdl = await supergraphOf({
      old: federated('type Query { a: A } type A @key(fields: "id") @key(fields: "code") { id: ID! code: ID! }', [
        '"@key"',
      ]),
      fresh: federated(
        'type A @key(fields: "id") @key(fields: "code") { id: ID! code: ID! @override(from: "old", label: "l") b: Int }',
        ['"@key"', '"@override"'],
      ),
    });
    expect(buildSupergraph(sdl).labelledFields).toContainEqual({ label: 'l', field: 'code', needed: true });
    expect(supergraph.labelledFields.some(({ needed }) => needed)).toBe(false);
  });
});
