import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const users: TestSubgraph = {
  sdl: `type Query { me: User things: [Thing!] hidden: Hidden @inaccessible }
    type User @key(fields: "id") @key(fields: "tenant") { id: ID! tenant: ID! @inaccessible name: String secret: String @inaccessible }
    union Thing = User | Hidden type Hidden @inaccessible { id: ID! }`,
  resolvers: {
    Query: {
      me: () => ({ id: '1', tenant: 't', name: 'Ann', secret: 'xyz' }),
      things: () => [
        { __typename: 'User', id: '1', tenant: 't', name: 'Ann' },
        { __typename: 'Hidden', id: '2' },
      ],
    },
  },
};
const bills: TestSubgraph = {
  sdl: `type User @key(fields: "tenant") { tenant: ID! @inaccessible secret: String @external
    balance: Int checksum: String @requires(fields: "secret") }`,
  resolvers: {
    User: {
      balance: ({ tenant }: { tenant: string }) => (tenant === 't' ? 5 : null),
      checksum: ({ secret }: { secret: string }) => secret.toUpperCase(),
    },
  },
};

describe('what is @inaccessible', () => {
  it('still serves as a key and for @requires, and is not in the answer', async () => {
    const shop = await openFeature({ users, bills });
    const { plan, answer, calls } = await shop.ask('{ me { name balance checksum } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. users: {me{__typename tenant name secret}}
      2. bills, after 1: me {...on User{balance checksum}}"
    `);
    expect(answer).toEqual({ data: { me: { name: 'Ann', balance: 5, checksum: 'XYZ' } } });
    expect(calls).toEqual(['users', 'bills']);
  });

  it.each(['{ me { secret } }', '{ hidden { id } }', '{ things { ... on Hidden { id } } }', '{ me { tenant } }'])(
    'cannot be asked: %s',
    async (query) => {
      const shop = await openFeature({ users, bills });
      expect(validate(buildSupergraph(shop.supergraphSdl).apiSchema, parse(query))).toHaveLength(1);
      const { errors, data } = await shop.askInvalid(query);
      expect(data).toBeUndefined();
      expect(errors).toHaveLength(1);
    },
  );

  it('is null with an error where a subgraph answers with it', async () => {
    const shop = await openFeature({ users, bills });
    const { answer } = await shop.ask('{ me { id } }');
    expect(answer).toEqual({ data: { me: { id: '1' } } });
    expect((await shop.ask('{ things { __typename ... on User { name } } }')).answer).toEqual({
      data: { things: null },
      errors: [{ message: 'The value of Query.things does not fit its type Thing.', path: ['things', 1] }],
    });
  });
});
