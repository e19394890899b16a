import { GraphQLError } from 'graphql';

/**
 * Every `extensions.code` Atrium itself puts into an answer, with the HTTP status it has when the whole request is
 * refused (a well-formed GraphQL answer with such an error inside stays 200).
 */
export const errorCodes = {
  BAD_REQUEST: 400,
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  BAD_USER_INPUT: 400,
  OPERATION_RESOLUTION_FAILURE: 400,
  SUBSCRIPTIONS_NOT_SUPPORTED: 400,
  /** `documentId` without `query`, and no manifest knows it. */
  DOCUMENT_NOT_FOUND: 400,
  /** `documents.mode` is `enforce`, and no manifest has the document. */
  DOCUMENT_NOT_TRUSTED: 403,
  /** Beyond the limit of that name in the configuration's section `limits`; so are all of MAX_…_LIMIT. */
  MAX_TOKENS_LIMIT: 400,
  MAX_DOCUMENT_BYTES_LIMIT: 400,
  MAX_DEPTH_LIMIT: 400,
  MAX_SELECTIONS_LIMIT: 400,
  MAX_ROOT_FIELDS_LIMIT: 400,
  MAX_ALIASES_LIMIT: 400,
  MAX_DIRECTIVES_LIMIT: 400,
  MAX_MERGE_PAIRS_LIMIT: 400,
  MAX_COST_LIMIT: 400,
  MAX_VARIABLE_VALUES_LIMIT: 400,
  MAX_VARIABLE_DEPTH_LIMIT: 400,
  MAX_VARIABLE_ERRORS_LIMIT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
  /** Too many requests are being answered, the event loop is late, or memory is short. */
  OVERLOADED: 503,
  SUBGRAPH_UNREACHABLE: 502,
  SUBGRAPH_TIMEOUT: 504,
  /** It failed so often that it is not asked for a while. */
  SUBGRAPH_CIRCUIT_OPEN: 503,
  /** As many requests are at it as may be at once. */
  SUBGRAPH_OVERLOADED: 503,
  /** A status other than 2xx without a GraphQL response in the body, redirects included. */
  SUBGRAPH_HTTP_ERROR: 502,
  SUBGRAPH_INVALID_RESPONSE: 502,
  /** An error of a subgraph's own that names no code. */
  DOWNSTREAM_SERVICE_ERROR: 502,
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** A fault of the whole request, raised before or instead of execution; `code` decides the HTTP status. */
export class RequestError extends Error {
  readonly code: ErrorCode;
  /** Response headers the refusal brings along, such as `Retry-After` or `Allow`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Further keys for `extensions`. */
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    more: { headers?: Record<string, string>; extensions?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.name = 'RequestError';
    this.code = code;
    this.headers = more.headers ?? {};
    this.extensions = more.extensions ?? {};
  }

  get status(): number {
    return errorCodes[this.code];
  }

  /** The refusal as a GraphQL error Apollo Server understands (status and headers included). */
  toGraphQLError(): GraphQLError {
    return new GraphQLError(this.message, {
      extensions: {
        ...this.extensions,
        code: this.code,
        http: { status: this.status, headers: new Map(Object.entries(this.headers)) },
      },
    });
  }

  /** The refusal as a GraphQL response body, for routes Apollo Server never sees. */
  toResponseBody(): string {
    return JSON.stringify({
      errors: [{ message: this.message, extensions: { ...this.extensions, code: this.code } }],
    });
  }
}

/** Something the operator wrote that cannot work: printed as its message alone, without a stack, and ends the start. */
export class ConfigurationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConfigurationError';
  }
}

/** What was thrown, in words: anything can be. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
