import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { Feature } from './feature.ts';

async function openShop(): Promise<Feature & { readonly log: string[] }> {
  const log: string[] = [];
  const write =
    (text: string) =>
    (_: unknown, { id }: { id: string }) => {
      log.push(`${text} ${id}`);
      return { id };
    };
  const shop = await openFeature({
    carts: {
      sdl: `type Query { cart: Cart } type Mutation { add(id: ID!): Cart remove(id: ID!): Cart fail(id: ID!): Cart }
        type Cart @key(fields: "id") { id: ID! size: Int }`,
      resolvers: {
        Mutation: {
          add: write('add'),
          remove: write('remove'),
          fail: () => {
            log.push('fail');
            throw new Error('not today');
          },
        },
        Cart: { size: () => log.length },
      },
    },
    payments: {
      sdl: `type Mutation { pay(id: ID!): Cart } type Cart @key(fields: "id") { id: ID! total: Int }`,
      resolvers: { Mutation: { pay: write('pay') }, Cart: { total: () => log.length * 10 } },
    },
  });
  return { ...shop, log };
}

describe('a mutation', () => {
  it('runs its root fields in the order of the document, subgraph after subgraph', async () => {
    const shop = await openShop();
    const { plan, answer, calls } = await shop.ask(
      'mutation { b: add(id: 2) { id } pay(id: 1) { id } remove(id: 3) { id } a: add(id: 2) { id } }',
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. carts: {add(id:2){id}}
      2. payments, after 1: {pay(id:1){id}}
      3. carts, after 1 and 2: {remove(id:3){id}__atrium_1_add:add(id:2){id}}"
    `);
    expect(answer.data).toEqual({ b: { id: '2' }, pay: { id: '1' }, remove: { id: '3' }, a: { id: '2' } });
    expect(Object.keys(answer.data ?? {})).toEqual(['b', 'pay', 'remove', 'a']);
    expect(shop.log).toEqual(['add 2', 'pay 1', 'remove 3', 'add 2']);
    expect(calls).toEqual(['carts', 'payments', 'carts']);
  });

  it('keeps that order where fields stand in fragments', async () => {
    const shop = await openShop();
    const { plan, answer, calls } = await shop.ask(
      `mutation { ... on Mutation { add(id: 1) { id } } pay(id: 2) { id } ...F ... { add(id: 1) { size } } again: pay(id: 4) { id } }
      fragment F on Mutation { ... { remove(id: 3) { id } } last: add(id: 5) { id } }`,
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. carts: {add(id:1){id size}}
      2. payments, after 1: {pay(id:2){id}}
      3. carts, after 1 and 2: {remove(id:3){id}__atrium_1_add:add(id:5){id}}
      4. payments, after 1 and 2 and 3: {__atrium_1_pay:pay(id:4){id}}"
    `);
    expect(Object.keys(answer.data ?? {})).toEqual(['add', 'pay', 'remove', 'last', 'again']);
    expect(shop.log).toEqual(['add 1', 'pay 2', 'remove 3', 'add 5', 'pay 4']);
    expect(calls).toEqual(['carts', 'payments', 'carts', 'payments']);
  });

  it('has each result completed before the next root field of another subgraph runs', async () => {
    const shop = await openShop();
    const { plan, answer, calls } = await shop.ask('mutation { add(id: 1) { size total } pay(id: 2) { total size } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. carts: {add(id:1){__typename id size}}
      2. payments, after 1: add {...on Cart{total}}
      3. payments, after 1 and 2: {pay(id:2){__typename id total}}
      4. carts, after 1 and 3: pay {...on Cart{size}}"
    `);
    expect(answer).toEqual({ data: { add: { size: 1, total: 10 }, pay: { total: 20, size: 2 } } });
    expect(calls).toEqual(['carts', 'payments', 'payments', 'carts']);
  });

  it('goes on after a field that failed', async () => {
    const shop = await openShop();
    const { answer } = await shop.ask('mutation { fail(id: 1) { id } pay(id: 2) { id } add(id: 3) { id } }');
    expect(answer).toEqual({
      data: { fail: null, pay: { id: '2' }, add: { id: '3' } },
      errors: [{ message: 'not today', path: ['fail'] }],
    });
    expect(shop.log).toEqual(['fail', 'pay 2', 'add 3']);
  });

  it('runs one field as often as it is asked for', async () => {
    const shop = await openShop();
    const { answer } = await shop.ask('mutation ($id: ID!) { add(id: $id) { id } again: add(id: $id) { id } }', {
      id: 7,
    });
    expect(answer).toEqual({ data: { add: { id: '7' }, again: { id: '7' } } });
    expect(shop.log).toEqual(['add 7', 'add 7']);
  });

  it.each([
    '{ add(id: 1) { id } add(id: 1) @include(if: $a) { size } pay(id: 2) @skip(if: $b) { id } }',
    '{ add(id: 1) @skip(if: $a) { id } add(id: 1) @include(if: $a) { size } ...F @include(if: $b) }',
    '{ add(id: 1) @skip(if: $b) { id } add(id: 1) @include(if: $a) { size } }',
    '{ ... @include(if: $a) { ...F @skip(if: $b) ... on Mutation { add(id: 1) { id } } } ...F @include(if: $b) pay(id: 2) { id } }',
  ])('runs a field once that is asked several times under conditions: %s', async (selection) => {
    const query = `mutation ($a: Boolean!, $b: Boolean!) ${selection}${selection.includes('...F') ? ' fragment F on Mutation { add(id: 1) { total } }' : ''}`;
    for (const [a, b] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ]) {
      const shop = await openShop();
      const { answer } = await shop.ask(query, { a, b });
      const data = JSON.stringify(answer.data);
      expect(answer.errors).toBe(undefined);
      expect(shop.log).toEqual([
        ...(data.includes('add') ? ['add 1'] : []),
        ...(data.includes('pay') ? ['pay 2'] : []),
      ]);
    }
  });

  it('gathers what each of the conditions lets in', async () => {
    const shop = await openShop();
    const query = `mutation ($a: Boolean!, $b: Boolean!) {
      pay(id: 2) { id } add(id: 1) @include(if: $a) { id } ... @skip(if: $b) { add(id: 1) { size } remove(id: 3) @skip(if: $a) { id } }
    }`;
    const both = await shop.ask(query, { a: true, b: false });
    expect(both.plan).toMatchInlineSnapshot(`
      "1. payments: {pay(id:2){id}}
      2. carts, after 1: {add(id:1){id size}}"
    `);
    expect(both.answer).toEqual({ data: { pay: { id: '2' }, add: { id: '1', size: 2 } } });
    expect(both.calls).toEqual(['payments', 'carts']);
    const second = await shop.ask(query, { a: false, b: false });
    expect(second.answer).toEqual({ data: { pay: { id: '2' }, add: { size: 4 }, remove: { id: '3' } } });
    expect((await shop.ask(query, { a: false, b: true })).answer).toEqual({ data: { pay: { id: '2' } } });
    expect(shop.log).toEqual(['pay 2', 'add 1', 'pay 2', 'add 1', 'remove 3', 'pay 2']);
  });
});
