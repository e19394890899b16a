import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const grid: TestSubgraph = {
  sdl: `type Query { grid: [[Cell]] cube: [[[Cell!]!]!] numbers: [[Int]] }
    type Cell @key(fields: "id") { id: ID! around: [[Cell!]] }`,
  resolvers: {
    Query: {
      grid: () => [[{ id: '1' }, null, { id: '2' }], [], null, [{ id: '1' }]],
      cube: () => [[[{ id: '3' }], []], [[{ id: '1' }, { id: '3' }]]],
      numbers: () => [[1, null], null, []],
    },
    Cell: { around: ({ id }: { id: string }) => (id === '1' ? [[{ id: '4' }], null] : null) },
  },
};
const values: TestSubgraph = {
  sdl: 'type Cell @key(fields: "id") { id: ID! value: Int! tags: [[String!]!] }',
  resolvers: {
    Cell: {
      value: ({ id }: { id: string }) => {
        if (id === '4') throw new Error('no value');
        return Number(id) * 10;
      },
      tags: ({ id }: { id: string }) => [[id], []],
    },
  },
};

describe('lists of lists', () => {
  it('keep their shape, nulls and order, and ask each entity once', async () => {
    const shop = await openFeature({ grid, values });
    const { plan, answer, calls, requests } = await shop.ask('{ grid { value tags } cube { value } numbers }');
    expect(plan).toMatchInlineSnapshot(`
      "1. grid: {grid{__typename id}cube{__typename id}numbers}
      2. values, after 1: grid.@.@ {...on Cell{value tags}}; cube.@.@.@ {...on Cell{value}}"
    `);
    const one = { value: 10, tags: [['1'], []] };
    expect(answer).toEqual({
      data: {
        grid: [[one, null, { value: 20, tags: [['2'], []] }], [], null, [one]],
        cube: [[[{ value: 30 }], []], [[{ value: 10 }, { value: 30 }]]],
        numbers: [[1, null], null, []],
      },
    });
    expect(calls).toEqual(['grid', 'values']);
    expect(requests[1]?.variables['_r0']).toHaveLength(2);
  });

  it('name every index in the path of an error', async () => {
    const shop = await openFeature({ grid, values });
    const { plan, answer } = await shop.ask('{ grid { around { value } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. grid: {grid{around{__typename id}}}
      2. values, after 1: grid.@.@.around.@.@ {...on Cell{value}}"
    `);
    expect(answer).toEqual({
      data: { grid: [[{ around: [null, null] }, null, { around: null }], [], null, [{ around: [null, null] }]] },
      errors: [
        { message: 'no value', path: ['grid', 0, 0, 'around', 0, 0, 'value'] },
        { message: 'no value', path: ['grid', 3, 0, 'around', 0, 0, 'value'] },
      ],
    });
  });
});
