import { getVariableValues } from 'graphql';
import type { GraphQLError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { RequestError } from '../core/errors.ts';

export type CoercedVariables =
  | { readonly coerced: Readonly<Record<string, unknown>>; readonly errors?: never }
  | { readonly coerced?: never; readonly errors: readonly GraphQLError[] };

/**
 * The variables as the operation declares them (GraphQL specification, section 6.1.2), or what is wrong with them. Stops
 * at the first error over `maxErrors` and says so in one error more.
 */
export function coerceVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  maxErrors: number,
): CoercedVariables {
  const result = getVariableValues(schema, variableDefinitions, variables, { maxErrors });
  if (result.errors === undefined || result.errors.length <= maxErrors) return result;
  const message = `Expected variables with at most ${maxErrors} errors, got more.`;
  const more = new RequestError('MAX_VARIABLE_ERRORS_LIMIT', message).toGraphQLError();
  return { errors: [...result.errors.slice(0, maxErrors), more] };
}
