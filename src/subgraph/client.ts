import type { ErrorCode } from '../core/errors.ts';
import type { FetchContext } from '../core/request-context.ts';

/** One HTTP request to a subgraph. */
export interface SubgraphRequest {
  readonly subgraph: string;
  readonly kind: 'query' | 'mutation';
  readonly query: string;
  /** `query` as JSON text: the same for many requests, so written once. */
  readonly queryJson: string;
  /** The JSON text of the `variables` object, `{}` when there are none. */
  readonly variables: string;
  /** Representations in the request, for the log line. */
  readonly entities: number;
  /** Which of the plan's groups of fetches it is for; undefined when it is for several plans. */
  readonly group?: number | undefined;
}

/** A subgraph's answer, checked to be a GraphQL response (GraphQL specification, section 7.1) but not yet pruned. */
export interface SubgraphResponse {
  /** null when the subgraph answered `data: null` or errors alone. */
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly SubgraphError[];
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Headers of the response, names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Set where this stands in for an answer that never came or is none. */
  readonly failure?: { readonly code: ErrorCode; /** Of HTTP, 0 when none came. */ readonly status: number };
}

/** An error of a subgraph's answer as far as it has a usable shape. */
export interface SubgraphError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Never rejects for what a subgraph or the network does: that becomes `data: null` with one error that has a code. */
export interface SubgraphClient {
  send(request: SubgraphRequest, context: FetchContext): Promise<SubgraphResponse>;
}

const clientMessages: Partial<Record<ErrorCode, string>> = {
  SUBGRAPH_TIMEOUT: 'A subgraph did not answer in time.',
  SUBGRAPH_CIRCUIT_OPEN: 'A subgraph is left alone for a while, because it failed too often.',
  SUBGRAPH_OVERLOADED: 'A subgraph is not asked, because too many requests are waiting for it.',
  SUBGRAPH_HTTP_ERROR: 'A subgraph answered with an HTTP error.',
  SUBGRAPH_INVALID_RESPONSE: 'A subgraph gave an answer that is not a GraphQL response.',
};

/** Which subgraph it was stands in the log: clients need not know how the graph is split up. */
export function failedResponse(code: ErrorCode, status: number): SubgraphResponse {
  const message = clientMessages[code] ?? 'A subgraph cannot be reached.';
  return { data: null, errors: [{ message, extensions: { code } }], headers: {}, failure: { code, status } };
}
