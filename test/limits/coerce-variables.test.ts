import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestGateway } from '../support/create-test-gateway.ts';
import type { TestGateway } from '../support/create-test-gateway.ts';

const query = 'query ($of: [Int!]!) { sum(of: $of) }';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await createTestGateway(
    { numbers: { sdl: 'type Query { sum(of: [Int!]!): Int }', resolvers: { Query: { sum: () => 1 } } } },
    { maxVariableErrors: 5 },
  );
});
afterAll(() => gateway.stop());

it('180 KB of variables that do not fit are read up to the last error that is told', async () => {
  let reads = 0;
  const of = new Proxy(
    Array.from({ length: 20_000 }, () => 'seven'),
    {
      get(target, key) {
        if (key !== 'length' && typeof key === 'string') reads++;
        return Reflect.get(target, key) as unknown;
      },
    },
  );
  const { errors = [] } = await gateway.ask(query, { of });
  expect(reads).toBe(6);
  expect(errors.map(({ extensions }) => extensions?.['code'])).toEqual([
    ...Array.from({ length: 5 }, () => 'BAD_USER_INPUT'),
    'MAX_VARIABLE_ERRORS_LIMIT',
  ]);
  expect(errors.at(-1)?.message).toBe('Expected variables with at most 5 errors, got more.');
  expect(gateway.calls).toEqual([]);
});

it('as many errors as are told need no word about more', async () => {
  const { errors = [] } = await gateway.ask(query, { of: ['a', 'b', 'c', 'd', 'e'] });
  expect(errors.map(({ extensions }) => extensions?.['code'])).toEqual(
    Array.from({ length: 5 }, () => 'BAD_USER_INPUT'),
  );
});
