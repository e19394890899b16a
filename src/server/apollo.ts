import { ApolloServer } from '@apollo/server';
import type { ApolloServerOptionsWithGateway, ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import { OperationTypeNode } from 'graphql';
import type { AtriumConfig, ParsedConfig } from '../config/config.ts';
import { RequestError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { RequestContext } from '../core/request-context.ts';
import type { Timeline } from '../core/timeline.ts';
import type { PersistedQueries } from '../documents/persisted-queries.ts';
import { operationLimits } from '../limits/operation-limits.ts';
import { errorCodesOf } from '../telemetry/access-log.ts';
import type { ServerContext } from './exchange.ts';
import { createFormatError } from './format-error.ts';

export interface ApolloOptions {
  readonly gateway: ApolloServerOptionsWithGateway<ServerContext>['gateway'];
  readonly mode: AtriumConfig['mode'];
  readonly introspection: boolean;
  readonly limits: ParsedConfig['limits'];
  /** Where clients register queries; absent: they may not. */
  readonly persistedQueries?: PersistedQueries['cache'] | undefined;
  /** The user's. */
  readonly plugins: readonly ApolloServerPlugin<RequestContext>[];
  readonly logger: Logger;
}

/** Every setting that Apollo Server would take from NODE_ENV or APOLLO_* is set here; `start()` is the caller's. */
export function createApolloServer(options: ApolloOptions): ApolloServer<ServerContext> {
  const { logger } = options;
  const development = options.mode === 'development';
  return new ApolloServer<ServerContext>({
    gateway: options.gateway,
    nodeEnv: options.mode,
    introspection: options.introspection,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: !development,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    stopOnTerminationSignals: false,
    persistedQueries: options.persistedQueries === undefined ? false : { cache: options.persistedQueries },
    parseOptions: { maxTokens: options.limits.maxTokens },
    formatError: createFormatError({ hideSchemaDetails: !development, logger }),
    stringifyResult: JSON.stringify,
    logger: apolloLogger(logger),
    plugins: [
      // First, because the first reason to refuse an operation is the one that is told.
      operationLimits(options.limits),
      operations(logger),
      ...options.plugins,
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      development
        ? ApolloServerPluginLandingPageLocalDefault({ footer: false, embed: { runTelemetry: false } })
        : ApolloServerPluginLandingPageDisabled(),
    ],
  });
}

/** Refuses what the gateway does not execute and leaves for the log line what became of the operation. */
function operations(logger: Logger): ApolloServerPlugin<ServerContext> {
  const listener: GraphQLRequestListener<ServerContext> = {
    async didResolveOperation({ operation, request }) {
      if (operation === undefined || operation === null) {
        const name = request.operationName;
        const message =
          name === undefined || name === null
            ? 'Expected `operationName`, because the document has several operations, got nothing.'
            : 'Expected `operationName` to be the name of an operation of the document, got another one.';
        throw new RequestError('OPERATION_RESOLUTION_FAILURE', message).toGraphQLError();
      }
      if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
        const message = 'Expected a query or a mutation, got a subscription, which this server does not offer.';
        throw new RequestError('SUBSCRIPTIONS_NOT_SUPPORTED', message).toGraphQLError();
      }
    },
    async willSendResponse({ contextValue, operation, operationName, queryHash, request, response, errors }) {
      const { record } = contextValue;
      record.operationName = operationName ?? request.operationName ?? null;
      record.operationType = operation?.operation ?? null;
      record.operationHash = queryHash;
      if (response.body.kind === 'single') {
        record.errorCodes = errorCodesOf(response.body.singleResult);
        contextValue.held.result = response.body.singleResult;
      }
      const refusal = errors?.[0]?.originalError;
      if (refusal instanceof RequestError) {
        response.http.status = refusal.status;
        for (const [name, value] of Object.entries(refusal.headers)) response.http.headers.set(name, value);
      }
    },
  };
  return {
    async requestDidStart({ contextValue: { record } }) {
      return record.timeline === undefined ? listener : { ...listener, ...noting(record.timeline) };
    },
    async unexpectedErrorProcessingRequest({ error, requestContext }) {
      const { requestId } = requestContext.contextValue;
      logger.error({ requestId, err: error }, 'unexpected error while processing a request');
    },
  };
}

/** Notes how long Apollo Server's own parts take. */
function noting(timeline: Timeline): GraphQLRequestListener<ServerContext> {
  const note = (name: string) => async () => {
    const span = timeline.enter(name);
    return async () => timeline.end(span);
  };
  return { parsingDidStart: note('parse'), validationDidStart: note('validate') };
}

/** Apollo's packages log plain texts; what they call info, such as every schema that was loaded, is detail here. */
export function apolloLogger(logger: Logger) {
  return {
    debug: (message: unknown) => logger.debug({}, String(message)),
    info: (message: unknown) => logger.debug({}, String(message)),
    warn: (message: unknown) => logger.warn({}, String(message)),
    error: (message: unknown) => logger.error({}, String(message)),
  };
}
