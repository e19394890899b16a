import { hash } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { LocalGraphQLDataSource } from '@apollo/gateway';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { FormattedExecutionResult } from 'graphql';
import type { Principal } from '../../src/core/principal.ts';
import { createRequestContext } from '../../src/core/request-context.ts';
import { AtriumGateway } from '../../src/gateway.ts';
import type { AtriumGatewayOptions } from '../../src/gateway-options.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@external", "@requires", { name: "@authenticated", as: "@login" }])\n`;

const accounts = `${link}
  interface Node { id: ID! }
  interface Secret { id: ID! ssn: String }
  union Any = User | Bot
  type User implements Node & Secret @key(fields: "id") { id: ID! name: String nickname: String email: String ssn: String phone: String @login }
  type Bot implements Node & Secret { id: ID! ssn: String }
  type Query { me: User users: [User!]! team: [User!]! node(id: ID!): Node any: Any secrets: [Secret!]! }
  type Mutation { rename(id: ID!, name: String!): User wipe: Boolean! }
`;
const reviews = `${link}
  type User @key(fields: "id") { id: ID! reviews: [Review!]! ssn: String @external tax: String @requires(fields: "ssn") }
  type Review { id: ID! secret: String! }
  type Query { reviews: [Review!]! }
`;

const users = [
  { __typename: 'User', id: '1', name: 'Ann', nickname: '2', email: 'ann@shop.test', ssn: 'ssn-1' },
  { __typename: 'User', id: '2', name: 'Bob', nickname: '1', email: 'bob@shop.test', ssn: 'ssn-2' },
  { __typename: 'User', id: '4', name: 'Cleo', nickname: '4', email: 'cleo@shop.test', ssn: 'ssn-4' },
];
const bot = { __typename: 'Bot', id: '3', ssn: 'ssn-3' };
const review = { id: 'r', secret: 'hidden' };

const resolvers = {
  accounts: {
    Query: {
      me: () => users[0],
      users: () => users.slice(0, 2),
      team: () => users,
      node: (_: unknown, { id }: { id: string }) => users.find((user) => user.id === id),
      any: () => users[0],
      secrets: () => [...users.slice(0, 2), bot],
    },
    Mutation: { rename: () => users[0], wipe: () => true },
    User: {
      __resolveReference: ({ id }: { id: string }) => users.find((user) => user.id === id),
      phone: ({ id }: { id: string }) => `phone-${id}`,
      ssn({ id, email, ssn }: (typeof users)[number]) {
        if (id === '4') throw new Error(`cannot decrypt ${email}`);
        return ssn;
      },
    },
  },
  reviews: {
    Query: { reviews: () => [review] },
    User: { reviews: () => [review], tax: ({ ssn }: { ssn: string }) => `tax of ${ssn}` },
  },
};

export const ann: Principal = { subject: '1', issuer: '', roles: [], scopes: [], claims: {} };
export const admin: Principal = { ...ann, subject: '9', roles: ['admin'] };
const principals: Readonly<Record<string, Principal | null>> = { ann, admin };

export interface Question {
  readonly as: 'ann' | 'admin' | 'nobody';
  readonly query: string;
  readonly operationName?: string;
}

/** The ways one operation can reach a gateway; mutations have no GET. */
export const doors = ['POST', 'one of several operations', 'a persisted query', 'GET'] as const;

export interface SecretShop {
  /** The texts of all requests to subgraphs. */
  readonly calls: string[];
  ask(question: Question, door?: (typeof doors)[number]): Promise<FormattedExecutionResult>;
  stop(): Promise<void>;
}

/** The two subgraphs of the cases, behind a gateway with real HTTP. Rejects with what refused the rules. */
export async function startSecretShop(
  rules: object,
  options: Pick<AtriumGatewayOptions, 'enforcement'> = {},
): Promise<SecretShop> {
  const sources = Object.entries({ accounts, reviews }).map(([name, sdl]) => ({
    name,
    sdl,
    url: `http://${name}.test`,
  }));
  const composition = await composeSubgraphs(sources);
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));
  const calls: string[] = [];
  const schemas = new Map(
    sources.map(({ name, sdl }) => [
      name,
      buildSubgraphSchema({
        typeDefs: parse(sdl),
        resolvers: name === 'accounts' ? resolvers.accounts : resolvers.reviews,
      }),
    ]),
  );
  const gateway = new AtriumGateway({
    ...options,
    rules,
    supergraphSdl: composition.supergraphSdl,
    buildService({ name }) {
      const schema = schemas.get(name);
      if (schema === undefined) throw new Error(`Expected a subgraph of the case, got ${name}`);
      const source = new LocalGraphQLDataSource(schema);
      return {
        process(options) {
          calls.push(String(options.request.query));
          return source.process(options);
        },
      };
    },
  });
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const server = new ApolloServer({ gateway, logger, stopOnTerminationSignals: false, csrfPrevention: true });
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0, host: '127.0.0.1' },
    context: async ({ req }) => createRequestContext({ principal: principals[String(req.headers['x-as'])] ?? null }),
  });

  const post = async (as: string, body: object): Promise<FormattedExecutionResult> => {
    const headers = { 'content-type': 'application/json', 'x-as': as };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return JSON.parse(await response.text());
  };
  const persisted = (query: string) => ({ persistedQuery: { version: 1, sha256Hash: hash('sha256', query) } });

  return {
    calls,
    async ask({ as, query }, door = 'POST') {
      if (door === 'POST') return post(as, { query });
      if (door === 'one of several operations') {
        const [kind = ''] = /^(mutation|query)?/.exec(query) ?? [];
        const named = `${kind || 'query'} Asked ${query.slice(kind.length)}`;
        return post(as, { query: `query Other { __typename }\n${named}`, operationName: 'Asked' });
      }
      if (door === 'GET') {
        const headers = { 'x-as': as, 'apollo-require-preflight': 'yes' };
        const response = await fetch(`${url}?${new URLSearchParams({ query }).toString()}`, { headers });
        return JSON.parse(await response.text());
      }
      await post(as, { query, extensions: persisted(query) });
      calls.length = 0;
      return post(as, { extensions: persisted(query) });
    },
    stop: () => server.stop(),
  };
}
