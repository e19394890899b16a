import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const search: TestSubgraph = {
  sdl: `type Query { search: [Hit!]! } union Hit = User | Post | Advert
    type User @key(fields: "id") { id: ID! } type Post @key(fields: "id") { id: ID! title: String } type Advert { text: String! count: Int }`,
  resolvers: {
    Query: {
      search: () => [
        { __typename: 'User', id: 'u' },
        { __typename: 'Post', id: 'p', title: 'Hi' },
        { __typename: 'Advert', text: 'Buy', count: 1 },
        { __typename: 'User', id: 'v' },
      ],
    },
  },
};
const users: TestSubgraph = {
  sdl: 'type User @key(fields: "id") { id: ID! name: String! count: String }',
  resolvers: { User: { name: ({ id }: { id: string }) => `user ${id}`, count: () => 'many' } },
};
const posts: TestSubgraph = {
  sdl: `type Query { post: Post } type Post @key(fields: "id") { id: ID! author: Author } union Author = User | Robot
    type User @key(fields: "id", resolvable: false) { id: ID! } type Robot { name: String }`,
  resolvers: {
    Query: { post: () => ({ id: 'p' }) },
    Post: { author: () => ({ __typename: 'User', id: 'u' }) },
  },
};

describe('a union', () => {
  it('has each member completed where it is known', async () => {
    const shop = await openFeature({ search, users, posts });
    const { plan, answer, calls } = await shop.ask(`{ search {
      __typename ... on User { name } ... on Post { title author { ... on User { name } ... on Robot { robot: name } } } ... on Advert { text }
    } }`);
    expect(plan).toMatchInlineSnapshot(`
      "1. search: {search{__typename ...on User{__typename id}...on Post{__typename id title}...on Advert{text}}}
      2. posts, after 1: search.@ {...on Post{author{__typename ...on User{__typename id}...on Robot{name}}}}
      3. users, after 1 and 2: search.@ and search.@.author {...on User{name}}"
    `);
    expect(answer).toEqual({
      data: {
        search: [
          { __typename: 'User', name: 'user u' },
          { __typename: 'Post', title: 'Hi', author: { name: 'user u' } },
          { __typename: 'Advert', text: 'Buy' },
          { __typename: 'User', name: 'user v' },
        ],
      },
    });
    expect(calls).toEqual(['search', 'posts', 'users']);
  });

  it('lets members have fields of one name and different types', async () => {
    const shop = await openFeature({ search, users, posts });
    const { plan, answer, calls } = await shop.ask(
      '{ search { ... on User { a: count } ... on Advert { b: count text } } }',
    );
    expect(plan).toMatchInlineSnapshot(`
      "1. search: {search{__typename ...on User{__typename id}...on Advert{count text}}}
      2. users, after 1: search.@ {...on User{count}}"
    `);
    expect(answer).toEqual({ data: { search: [{ a: 'many' }, {}, { b: 1, text: 'Buy' }, { a: 'many' }] } });
    expect(calls).toEqual(['search', 'users']);
  });

  it('asks nobody for members that did not come', async () => {
    const shop = await openFeature({
      search: { ...search, resolvers: { Query: { search: () => [{ __typename: 'Advert', text: 'Buy' }] } } },
      users,
      posts,
    });
    const { answer, calls } = await shop.ask('{ search { ... on User { name } ... on Advert { text } } }');
    expect(answer).toEqual({ data: { search: [{ text: 'Buy' }] } });
    expect(calls).toEqual(['search']);
  });

  it('may have different members in different subgraphs', async () => {
    const shop = await openFeature({
      search,
      more: {
        sdl: `type Query { more: Hit } union Hit = Place | Post type Place { city: String } type Post @key(fields: "id") { id: ID! }`,
        resolvers: { Query: { more: () => ({ __typename: 'Place', city: 'Rome' }) } },
      },
    });
    const { plan, answer, calls } = await shop.ask(
      '{ more { ... on Place { city } ... on User { id } ... on Advert { text } } }',
    );
    expect(plan).toMatchInlineSnapshot(`"1. more: {more{__typename ...on Place{city}}}"`);
    expect(answer).toEqual({ data: { more: { city: 'Rome' } } });
    expect(calls).toEqual(['more']);
  });
});
