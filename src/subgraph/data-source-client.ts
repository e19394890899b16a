import type { GraphQLDataSource } from '@apollo/gateway';
import { GraphQLDataSourceRequestKind } from '@apollo/gateway/dist/datasources/types.js';
import type { GatewayGraphQLRequestContext } from '@apollo/server-gateway-interface';
import { isJsonObject } from '../core/json.ts';
import type { Logger } from '../core/logger.ts';
import type { SubgraphClient, SubgraphResponse } from './client.ts';

/**
 * Sends through the data sources that a user's `buildService` made, as `ApolloGateway` would: `willSendRequest` and
 * `didReceiveResponse` of a `RemoteGraphQLDataSource`, or a `LocalGraphQLDataSource`, work as they are.
 */
export function createDataSourceClient(
  sources: ReadonlyMap<string, GraphQLDataSource>,
  incomingRequestContext: GatewayGraphQLRequestContext,
  logger: Logger,
): SubgraphClient {
  return {
    async send(request, context): Promise<SubgraphResponse> {
      const started = performance.now();
      let outcome: SubgraphResponse;
      try {
        const source = sources.get(request.subgraph);
        if (source === undefined) throw new Error('buildService made no data source for it');
        const response = await source.process({
          kind: GraphQLDataSourceRequestKind.INCOMING_OPERATION,
          request: { query: request.query, variables: JSON.parse(request.variables) },
          incomingRequestContext,
          context: incomingRequestContext.context,
        });
        outcome = {
          // A local schema answers with graphql-js' null-prototype objects and shared values: JSON makes both plain.
          data: response.data === undefined || response.data === null ? null : plain(response.data),
          errors: (response.errors ?? []).map(({ message, path, extensions }) => ({
            message,
            ...(path === undefined ? {} : { path }),
            ...(extensions === undefined ? {} : { extensions }),
          })),
          headers: {},
        };
      } catch (error) {
        const reported = failure(error);
        const fields = { subgraph: request.subgraph, requestId: context.requestId, ...reported.extensions, err: error };
        logger.warn(fields, 'A request to a subgraph failed');
        const code = 'SUBGRAPH_UNREACHABLE';
        outcome = { data: null, errors: [reported], headers: {} };
        if (reported.extensions?.['code'] === code) outcome = { ...outcome, failure: { code, status: 0 } };
      }
      context.record.calls.push({
        subgraph: request.subgraph,
        startedAt: started,
        group: request.group,
        milliseconds: performance.now() - started,
        status: outcome.data === null && outcome.errors.length > 0 ? 0 : 200,
        entities: request.entities,
      });
      return outcome;
    },
  };
}

function plain(data: Record<string, unknown>): Record<string, unknown> | null {
  const copy: unknown = JSON.parse(JSON.stringify(data));
  return isJsonObject(copy) ? copy : null;
}

/** A data source's own GraphQLError with a code was meant for clients; anything else may name hosts and addresses. */
function failure(error: unknown): SubgraphResponse['errors'][number] {
  const extensions = isJsonObject(error) && isJsonObject(error['extensions']) ? error['extensions'] : {};
  const code = typeof extensions['code'] === 'string' ? extensions['code'] : 'SUBGRAPH_UNREACHABLE';
  return { message: 'A subgraph cannot be reached.', extensions: { code } };
}
