import { describe, expect, it } from 'vitest';
import type { FetchPlan, FetchStep } from '../../src/planning/fetch-plan.ts';
import { printFetchPlan } from '../../src/planning/print-fetch-plan.ts';

const nothing = { fields: [], typed: [] };

function step(subgraph: string, selection: string, ...paths: string[][]): FetchStep {
  return {
    subgraph,
    kind: 'query',
    paths: paths.length === 0 ? [[]] : paths,
    requires: paths.length === 0 ? undefined : nothing,
    text: { variableDefinitions: [], selection, fragments: [], directives: '' },
    shape: nothing,
    variables: [],
    contexts: [],
    settled: true,
    interchangeable: new Set(),
  };
}

const plan: FetchPlan = {
  steps: [
    step('users', 'me{id}you{id}'),
    step('orders', '{...on User{orders(first:3){id}}}', ['me'], ['you', 'friends', '@']),
    step('orders', '{...on User{name}}', ['me']),
  ],
  groups: [
    { subgraph: 'users', steps: [0], after: [] },
    { subgraph: 'orders', steps: [1, 2], after: [0] },
  ],
};

describe('a printed fetch plan', () => {
  it('has one line for a request', () => {
    expect(printFetchPlan(plan)).toMatchInlineSnapshot(`
      "1. users: {me{id}you{id}}
      2. orders, after 1: me and you.friends.@ {...on User{orders(first:3){id}}}; me {...on User{name}}"
    `);
  });

  it('breaks a line that is longer than it may be', () => {
    const [, line = ''] = printFetchPlan(plan).split('\n');
    expect(printFetchPlan(plan, line.length)).toBe(printFetchPlan(plan));
    expect(printFetchPlan(plan, line.length - 1)).toMatchInlineSnapshot(`
      "1. users: {me{id}you{id}}
      2. orders, after 1:
           me and you.friends.@ {...on User{orders(first:3){id}}}
           me {...on User{name}}"
    `);
  });

  it('breaks selections, and paths, that are longer than a line', () => {
    expect(printFetchPlan(plan, 40)).toMatchInlineSnapshot(`
      "1. users: {me{id}you{id}}
      2. orders, after 1:
           me and you.friends.@ {
             ... on User {
               orders(first: 3) {
                 id
               }
             }
           }
           me {...on User{name}}"
    `);
    expect(printFetchPlan(plan, 26)).toMatchInlineSnapshot(`
      "1. users: {me{id}you{id}}
      2. orders, after 1:
           me and
           you.friends.@ {
             ... on User {
               orders(first: 3) {
                 id
               }
             }
           }
           me {...on User{name}}"
    `);
  });
});
