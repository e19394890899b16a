import { buildClientSchema, getIntrospectionQuery, getOperationAST, parse, validate } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { createFetcher } from './fetcher.ts';

/** Those of the queries that are valid in the gateway's schema; none when it does not show its schema. */
export async function queriesThatFit(queries: readonly string[]): Promise<readonly string[]> {
  try {
    // As nobody: a token kept from an hour ago would be refused, and the demo's tabs with it.
    const answer = await createFetcher('')({ query: getIntrospectionQuery({ descriptions: false }) });
    const schema = buildClientSchema(answer.data);
    return queries.filter((query) => fits(schema, query));
  } catch {
    return [];
  }
}

function fits(schema: GraphQLSchema, query: string): boolean {
  const document = parse(query);
  const operation = getOperationAST(document);
  // Validation overlooks a mutation sent to a schema that has none.
  if (operation == null || schema.getRootType(operation.operation) == null) return false;
  return validate(schema, document).length === 0;
}
