import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const users: TestSubgraph = {
  sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! name: String @shareable email: String address: Address @shareable }
    type Address { street: String @shareable city: String @shareable }`,
  resolvers: {
    Query: { user: () => ({ id: '1' }) },
    User: {
      name: () => 'Ann',
      email: ({ id }: { id: string }) => `${id}@shop.example`,
      address: () => ({ street: 'Main', city: 'Rome' }),
    },
  },
};
const reviews: TestSubgraph = {
  sdl: `type Query { reviews: [Review!]! @provides(fields: "author { address { city } }") latest: Review }
    type Review @key(fields: "id") { id: ID! author: User @provides(fields: "name") }
    type User @key(fields: "id") { id: ID! name: String @external address: Address @external review: Review }
    type Address { street: String @shareable city: String @shareable }`,
  resolvers: {
    Query: { reviews: () => [review], latest: () => review },
    User: { review: () => review },
  },
};
const review = { id: 'r', author: { id: '1', name: 'Ann', address: { city: 'Rome' } } };

describe('@provides', () => {
  it('spares the call to the owner on its path', async () => {
    const shop = await openFeature({ users, reviews });
    const { plan, answer, calls } = await shop.ask('{ latest { author { id name } } }');
    expect(plan).toMatchInlineSnapshot(`"1. reviews: {latest{author{id name}}}"`);
    expect(answer).toEqual({ data: { latest: { author: { id: '1', name: 'Ann' } } } });
    expect(calls).toEqual(['reviews']);
  });

  it('of nested fields holds below the field that provides them only', async () => {
    const shop = await openFeature({ users, reviews });
    const query = '{ reviews { author { address { city } } } latest { author { address { city } } } }';
    const { plan, answer, calls } = await shop.ask(query);
    expect(plan).toMatchInlineSnapshot(`
      "1. reviews: {reviews{author{address{city}}}latest{author{__typename id}}}
      2. users, after 1: latest.author {...on User{address{city}}}"
    `);
    expect(answer).toEqual({
      data: {
        reviews: [{ author: { address: { city: 'Rome' } } }],
        latest: { author: { address: { city: 'Rome' } } },
      },
    });
    expect(calls).toEqual(['reviews', 'users']);
  });

  it('asks the owner for what is not provided', async () => {
    const shop = await openFeature({ users, reviews });
    const { plan, answer, calls } = await shop.ask('{ latest { author { name email } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. reviews: {latest{author{__typename id name}}}
      2. users, after 1: latest.author {...on User{email}}"
    `);
    expect(answer).toEqual({ data: { latest: { author: { name: 'Ann', email: '1@shop.example' } } } });
    expect(calls).toEqual(['reviews', 'users']);
  });

  it('holds for members of a union', async () => {
    const shop = await openFeature({
      books: { sdl: 'type Book @key(fields: "id") { id: ID! title: String @shareable }' },
      shelf: {
        sdl: `type Query { thing: Thing @provides(fields: "... on Book { title }") } union Thing = Book | Toy
          type Book @key(fields: "id") { id: ID! title: String @external } type Toy { name: String }`,
        resolvers: { Query: { thing: () => ({ __typename: 'Book', id: 'b', title: 'Emma' }) } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ thing { ... on Book { title } ... on Toy { name } } }');
    expect(plan).toMatchInlineSnapshot(`"1. shelf: {thing{__typename ...on Book{title}...on Toy{name}}}"`);
    expect(answer).toEqual({ data: { thing: { title: 'Emma' } } });
    expect(calls).toEqual(['shelf']);
  });
});
