import { GraphQLError } from 'graphql';

/** What the client sent cannot be done; the message says what was expected and what came. */
export function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

export function notFound(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'NOT_FOUND' } });
}

export function unauthenticated(): GraphQLError {
  return new GraphQLError('Sign in first: the request came without a token', {
    extensions: { code: 'UNAUTHENTICATED' },
  });
}
