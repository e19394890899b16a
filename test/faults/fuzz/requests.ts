import { hash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { ask } from '../ask.ts';
import { deadlineMs } from '../laboratory.ts';
import { keepsInvariants } from '../invariants.ts';
import type { Fuzzer } from './fuzzer.ts';
import { mutated, mutations, strangeValue, written } from './mutation.ts';

const query = `query ($ids: [ID!]!, $filter: Filter, $value: Anything, $on: Boolean!) {
  listed(ids: $ids, filter: $filter) { id rating @include(if: $on) }
  anything(value: $value)
}`;
const variables = {
  ids: ['1', '2'],
  filter: { name: 'x', under: 3, and: [{ under: 2, and: [] }] },
  value: { a: [1, { b: null }] },
  on: true,
};

/** Requests whose variables, or other members, are nearly right. */
export const requests: Fuzzer = {
  name: 'variables and request bodies',
  runs: [60, 900],
  property: (lab) =>
    fc.asyncProperty(
      mutations,
      fc.option(strangeValue, { freq: 8 }),
      fc.boolean(),
      async (changes, whole, ofVariables) => {
        const body = ofVariables
          ? { query, variables: whole ?? mutated(variables, changes) }
          : (whole ??
            mutated(
              {
                query,
                variables,
                operationName: null,
                documentId: null,
                extensions: { persistedQuery: { version: 1, sha256Hash: hash('sha256', query) } },
              },
              changes,
            ));
        const answer = await keepsInvariants(lab, () => ask(`${lab.origin}/graphql`, written(body), { deadlineMs }));
        expect([200, 400]).toContain(answer.status);
      },
    ),
};
