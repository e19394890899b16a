import type { ExecutionResult } from 'graphql';

/** The subgraphs of a supergraph, with their data. */
export interface World {
  readonly subgraphs: readonly BenchSubgraph[];
}

export interface BenchSubgraph {
  readonly name: string;
  readonly sdl: string;
  /** Executes a GraphQL-over-HTTP body for the one customer the benchmark knows. */
  execute(request: SubgraphBody): Promise<ExecutionResult>;
}

export interface SubgraphBody {
  readonly query: string;
  readonly variables?: Record<string, unknown> | undefined;
  readonly operationName?: string | undefined;
}
