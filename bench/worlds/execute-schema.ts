import { graphql } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import type { BenchSubgraph } from './world.ts';

export function executeSchema(schema: GraphQLSchema, context: () => object = () => ({})): BenchSubgraph['execute'] {
  return ({ query, variables, operationName }) =>
    graphql({
      schema,
      source: query,
      variableValues: variables,
      operationName,
      contextValue: context(),
    });
}
