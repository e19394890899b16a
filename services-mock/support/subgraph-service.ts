import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, Source } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';

/** A subgraph with its own copy of the data, to be served over HTTP or executed in process. */
export interface SubgraphService<Context extends object> {
  readonly name: string;
  readonly schema: GraphQLSchema;
  /** What resolvers get: who asks, and loaders that live for one request. `headers` have names in lower case. */
  createContext(headers: IncomingHttpHeaders): Context;
}

type Modules = Extract<Parameters<typeof buildSubgraphSchema>[0], readonly unknown[]>;
/** What `@apollo/subgraph` takes, `__resolveReference` included. */
export type Resolvers = NonNullable<Extract<Modules[number], { typeDefs: unknown }>['resolvers']>;

/** The executable schema of `schemas/<name>.graphql`. */
export function loadSubgraphSchema(name: string, resolvers: Resolvers): GraphQLSchema {
  const file = `schemas/${name}.graphql`;
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  return buildSubgraphSchema([{ typeDefs: parse(new Source(text, file)), resolvers }]);
}
