import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { Resolvers } from '../../services-mock/support/subgraph-service.ts';
import { executeSchema } from './execute-schema.ts';
import type { BenchSubgraph, World } from './world.ts';

/**
 * Reviews of products by users, in four subgraphs whose types refer to each other in a circle: a query can meet the same
 * few entities on many paths. And 10,000 products, of which only the first six were reviewed.
 */
export function createCatalogue(): World {
  const users = numbered(9, (n) => ({ id: `u${n}`, username: `customer${n}`, name: `Customer ${n}` }));
  const products = numbered(10_000, product);
  const reviews = numbered(27, (n) => ({
    id: `r${n}`,
    body: `Opinion ${n}: it works.`,
    author: { __typename: 'User', id: `u${1 + ((n - 1) % 9)}` },
    product: { __typename: 'Product', upc: `p${1 + ((n * 5) % 6)}` },
  }));
  const userById = new Map(users.map((user) => [user.id, user]));
  const productByUpc = new Map(products.map((product) => [product.upc, product]));

  return {
    subgraphs: [
      subgraphOf('accounts', accountsSdl, {
        Query: { users: () => users },
        User: { __resolveReference: ({ id }: { id: string }) => userById.get(id) },
      }),
      subgraphOf('products', productsSdl, {
        Query: {
          topProducts: (_: unknown, { first }: { first: number }) => products.slice(0, first),
          // There is one of every number: look-ups need not be for what was looked up before.
          product: (_: unknown, { upc }: { upc: string }) => product(Number(upc.slice(1))),
        },
        Product: { __resolveReference: ({ upc }: { upc: string }) => productByUpc.get(upc) },
      }),
      subgraphOf('reviews', reviewsSdl, {
        User: { reviews: ({ id }: { id: string }) => reviews.filter(({ author }) => author.id === id) },
        Product: { reviews: ({ upc }: { upc: string }) => reviews.filter(({ product }) => product.upc === upc) },
      }),
      subgraphOf('inventory', inventorySdl, {
        Product: {
          inStock: ({ upc }: { upc: string }) => Number(upc.slice(1)) % 3 !== 0,
          shippingEstimate: ({ price, weight }: { price: number; weight: number }) =>
            price > 1000 ? 0 : Math.round(weight / 2),
        },
      }),
    ],
  };
}

function product(n: number) {
  return {
    upc: `p${n}`,
    name: `Product ${n} in ${n % 2 === 0 ? 'green' : 'red'}`,
    price: 500 + ((n * 37) % 1000),
    weight: 50 + ((n * 113) % 2000),
  };
}

function numbered<T>(count: number, create: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => create(index + 1));
}

function subgraphOf(name: string, sdl: string, resolvers: Resolvers): BenchSubgraph {
  return { name, sdl, execute: executeSchema(buildSubgraphSchema({ typeDefs: parse(sdl), resolvers })) };
}

const link = `
extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires"])
`;

const accountsSdl = `${link}
type Query {
  users: [User!]!
}

type User @key(fields: "id") {
  id: ID!
  username: String!
  name: String
}
`;

const productsSdl = `${link}
type Query {
  topProducts(first: Int! = 5): [Product!]!
  product(upc: String!): Product
}

type Product @key(fields: "upc") {
  upc: String!
  name: String
  price: Int
  weight: Int
}
`;

const reviewsSdl = `${link}
type Review @key(fields: "id") {
  id: ID!
  body: String
  author: User
  product: Product
}

type User @key(fields: "id") {
  id: ID!
  reviews: [Review!]
}

type Product @key(fields: "upc") {
  upc: String!
  reviews: [Review!]
}
`;

const inventorySdl = `${link}
type Product @key(fields: "upc") {
  upc: String!
  price: Int @external
  weight: Int @external
  inStock: Boolean
  shippingEstimate: Int @requires(fields: "price weight")
}
`;
