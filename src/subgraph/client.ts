import type { RequestContext } from '../core/request-context.ts';

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
}

/** A subgraph's answer, checked to be a GraphQL response (GraphQL specification, section 7.1) but not yet pruned. */
export interface SubgraphResponse {
  /** null when the subgraph answered `data: null` or errors alone. */
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly SubgraphError[];
  /** Headers of the response, names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** An error of a subgraph's answer as far as it has a usable shape. */
export interface SubgraphError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Never rejects for what a subgraph or the network does: that becomes `data: null` with one error that has a code. */
export interface SubgraphClient {
  send(request: SubgraphRequest, context: RequestContext): Promise<SubgraphResponse>;
}
