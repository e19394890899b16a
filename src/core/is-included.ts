import { getDirectiveValues, GraphQLError, GraphQLIncludeDirective, GraphQLSkipDirective } from 'graphql';
import type { SelectionNode } from 'graphql';
import { RequestError } from './errors.ts';

/**
 * Whether `@skip` and `@include` let a selection in (GraphQL, section 3.13).
 *
 * @throws RequestError BAD_USER_INPUT when a condition is null
 */
export function isIncluded(selection: SelectionNode, variables: Readonly<Record<string, unknown>>): boolean {
  if (selection.directives === undefined || selection.directives.length === 0) return true;
  try {
    return (
      getDirectiveValues(GraphQLSkipDirective, selection, variables)?.['if'] !== true &&
      getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.['if'] !== false
    );
  } catch (error) {
    if (error instanceof GraphQLError) throw new RequestError('BAD_USER_INPUT', error.message, { cause: error });
    throw error;
  }
}
