import { GraphQLError } from 'graphql';
import type { GraphQLFormattedError } from 'graphql';
import { RequestError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';
import type { Logger } from '../core/logger.ts';

/** Apollo Server names one code for all its refusals; the status tells them apart. */
const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'BAD_REQUEST',
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

const suggestion = / ?Did you mean .+\?$/s;

/** Apollo Server's `formatError`: what clients may read of an error. Faults of the program are logged, not told. */
export function createFormatError(options: { hideSchemaDetails: boolean; logger: Logger }) {
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    if (isPlainError(error)) return error;
    if (!(error instanceof GraphQLError)) return internalError(formatted);

    const cause = error.originalError;
    if (cause instanceof RequestError) {
      return { ...formatted, message: cause.message, extensions: { ...cause.extensions, code: cause.code } };
    }
    const { code } = error.extensions;
    if (code === undefined && cause !== undefined && !(cause instanceof GraphQLError)) {
      options.logger.error({ err: cause }, 'unexpected error while answering an operation');
      return internalError(formatted);
    }
    if (code === undefined || code === 'BAD_REQUEST') {
      const known = codesByStatus[statusOf(error)];
      if (known !== undefined) return { ...formatted, extensions: { ...formatted.extensions, code: known } };
    }
    if (code === 'GRAPHQL_PARSE_FAILED') return syntaxError(formatted);
    if (error.extensions['validationErrorCode'] === 'INTROSPECTION_DISABLED') {
      const message = 'Introspection is off: expected an operation without __schema and __type.';
      return { ...formatted, message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } };
    }
    // Apollo Server hides suggestions of validation only, not those in messages about variables.
    if (options.hideSchemaDetails && code === 'BAD_USER_INPUT') {
      return { ...formatted, message: formatted.message.replace(suggestion, '') };
    }
    return formatted;
  };
}

/** Errors of subgraphs and rooms come as plain data, ready to send: Apollo Server takes only GraphQLErrors for errors. */
function isPlainError(error: unknown): error is GraphQLFormattedError {
  return isJsonObject(error) && !(error instanceof Error) && typeof error['message'] === 'string';
}

function syntaxError(formatted: GraphQLFormattedError): GraphQLFormattedError {
  const maxTokens = /contains more that (\d+) tokens/.exec(formatted.message)?.[1];
  if (maxTokens !== undefined) {
    return beyondLimit('MAX_TOKENS_LIMIT', `Expected at most ${maxTokens} tokens, got more.`);
  }
  // The parser of graphql-js recurses, and says so when its stack ends; every other syntax error has a place.
  if (formatted.locations === undefined) {
    return beyondLimit('MAX_DEPTH_LIMIT', 'Expected an operation that nests less deeply.');
  }
  return formatted;
}

function beyondLimit(code: ErrorCode, message: string): GraphQLFormattedError {
  return { message, extensions: { code } };
}

function internalError({ path, locations }: GraphQLFormattedError): GraphQLFormattedError {
  return {
    message: 'Internal server error',
    ...(locations === undefined ? {} : { locations }),
    ...(path === undefined ? {} : { path }),
    extensions: { code: 'INTERNAL_SERVER_ERROR' satisfies ErrorCode },
  };
}

function statusOf(error: GraphQLError): number {
  const { http } = error.extensions;
  return isJsonObject(http) && typeof http['status'] === 'number' ? http['status'] : 0;
}
