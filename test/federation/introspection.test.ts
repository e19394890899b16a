import { buildClientSchema, getIntrospectionQuery, printSchema } from 'graphql';
import type { IntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const users: TestSubgraph = {
  sdl: 'type Query { me: User } "A person." type User @key(fields: "id") { id: ID! name: String secret: Int @inaccessible }',
  resolvers: { Query: { me: () => ({ id: '1', name: 'Ann' }) } },
};
const posts: TestSubgraph = {
  sdl: `type User @key(fields: "id") { id: ID! name(short: Boolean): String @external
    posts: Int old: Int @deprecated(reason: "gone") title: String @requires(fields: "name(short: true)") }`,
  resolvers: { User: { posts: () => 3 } },
};
const named: TestSubgraph = { ...users, sdl: users.sdl.replace('name: String', 'name(short: Boolean): String') };

describe('introspection', () => {
  it('shows the API schema: nothing hidden, nothing of federation, nothing that only plans know', async () => {
    const shop = await openFeature({ users: named, posts });
    const { answer, calls } = await shop.ask(getIntrospectionQuery());
    const schema = printSchema(buildClientSchema(answer.data as IntrospectionQuery));
    expect(schema).toBe(printSchema(buildSupergraph(shop.supergraphSdl).apiSchema));
    expect(schema).toMatchInlineSnapshot(`
      "type Query {
        me: User
      }

      """A person."""
      type User {
        id: ID!
        name(short: Boolean): String
        posts: Int
        old: Int @deprecated(reason: "gone")
        title: String
      }"
    `);
    expect(calls).toEqual([]);
  });

  it('goes along with data, under aliases and in fragments', async () => {
    const shop = await openFeature({ users: named, posts });
    const { plan, answer, calls } = await shop.ask(
      `query ($t: String!) { kind: __typename s: __schema { queryType { name } } ...F me { __typename posts } }
       fragment F on Query { __type(name: $t) { name description fields(includeDeprecated: true) { name isDeprecated } } none: __type(name: "None") { name } }`,
      { t: 'User' },
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. users: {me{__typename id}}
      2. posts, after 1: me {...on User{__typename posts}}"
    `);
    expect(answer).toEqual({
      data: {
        kind: 'Query',
        s: { queryType: { name: 'Query' } },
        __type: {
          name: 'User',
          description: 'A person.',
          fields: [
            { name: 'id', isDeprecated: false },
            { name: 'name', isDeprecated: false },
            { name: 'posts', isDeprecated: false },
            { name: 'old', isDeprecated: true },
            { name: 'title', isDeprecated: false },
          ],
        },
        none: null,
        me: { __typename: 'User', posts: 3 },
      },
    });
    expect(calls).toEqual(['users', 'posts']);
  });

  it('of type names alone asks nobody', async () => {
    const shop = await openFeature({ users: named, posts });
    const { answer, calls } = await shop.ask('{ __typename again: __typename }');
    expect(answer).toEqual({ data: { __typename: 'Query', again: 'Query' } });
    expect(calls).toEqual([]);
  });
});
