import type { SubgraphSource } from './subgraph-server.ts';

const federation =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@requires"])';

const products = ['Lamp', 'Desk'].map((name, index) => ({ id: String(index + 1), name, price: 10 * (index + 1) }));

/** Three subgraphs, of which `reviews` is the one that is hurt: its fields may all be null. */
export const shop = {
  users: {
    sdl: `${federation}
      type Query { me: User }
      type Mutation { rename(name: String!): User }
      type User @key(fields: "id") { id: ID! name: String }`,
    resolvers: {
      Query: { me: () => ({ id: '7', name: 'Ann' }) },
      Mutation: { rename: ({ name }) => ({ id: '7', name }) },
      User: { name: (_, { name }) => name ?? 'Ann' },
    },
  },
  products: {
    sdl: `${federation}
      scalar Anything
      scalar Json
      type Query { top: [Product] listed(ids: [ID!]!, filter: Filter): [Product] anything(value: Anything): Anything }
      input Filter { name: String under: Float and: [Filter!] }
      type Product @key(fields: "id") { id: ID! name: String price: Int facts: Json @external summary: String @requires(fields: "facts") }`,
    resolvers: {
      Query: {
        top: () => products,
        listed: ({ ids }) => (Array.isArray(ids) ? ids.map((id) => products.find((one) => one.id === id) ?? null) : []),
        anything: ({ value }) => value,
      },
      Product: {
        name: (_, { id }) => products.find((one) => one.id === id)?.name,
        summary: (_, { facts }) => (facts === null ? 'nothing' : 'something'),
        price: (_, { id }) => products.find((one) => one.id === id)?.price,
      },
    },
  },
  reviews: {
    sdl: `${federation}
      scalar Json
      type Query { best: Product }
      type Mutation { review(product: ID!): Product }
      type Product @key(fields: "id") { id: ID! rating: Float comments: [Comment] facts: Json }
      type User @key(fields: "id") { id: ID! score: Int }
      type Comment { text: String author: User stars: Int! }`,
    resolvers: {
      Query: { best: () => ({ id: '1' }) },
      Mutation: { review: ({ product }) => ({ id: product, rating: 5 }) },
      User: { score: () => 42 },
      Product: {
        rating: () => 4.5,
        facts: () => ({ made: 'here' }),
        comments: () => [{ text: 'good', author: { __typename: 'User', id: '7' }, stars: 5 }],
      },
    },
  },
} satisfies Record<string, SubgraphSource>;

export type SubgraphName = keyof typeof shop;

/** What is asked when nothing else is: each subgraph once, `reviews` for two entities. */
export const question = { query: '{ me { name } top { id name rating } }' };

export const healthyAnswer = {
  data: {
    me: { name: 'Ann' },
    top: [
      { id: '1', name: 'Lamp', rating: 4.5 },
      { id: '2', name: 'Desk', rating: 4.5 },
    ],
  },
};
