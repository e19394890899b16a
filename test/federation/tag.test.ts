import { printSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';
import { openFeature } from './feature.ts';

describe('@tag', () => {
  it('changes neither the schema clients see nor what they get', async () => {
    const shop = await openFeature({
      users: {
        sdl: `type Query { me(id: ID @tag(name: "internal")): User @tag(name: "public") }
          type User @key(fields: "id") @tag(name: "public") @tag(name: "personal") { id: ID! name: String @tag(name: "personal") role: Role }
          enum Role @tag(name: "public") { ADMIN @tag(name: "internal") GUEST }`,
        resolvers: { Query: { me: () => ({ id: '1', name: 'Ann', role: 'ADMIN' }) } },
      },
      posts: {
        sdl: 'type User @key(fields: "id") { id: ID! posts: Int @tag(name: "public") }',
        resolvers: { User: { posts: () => 3 } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ me { name role posts } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. users: {me{__typename id name role}}
      2. posts, after 1: me {...on User{posts}}"
    `);
    expect(answer).toEqual({ data: { me: { name: 'Ann', role: 'ADMIN', posts: 3 } } });
    expect(calls).toEqual(['users', 'posts']);
    expect(printSchema(buildSupergraph(shop.supergraphSdl).apiSchema)).not.toContain('tag');
  });
});
