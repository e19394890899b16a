import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginSchemaReportingDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginUsageReportingDisabled } from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify from 'fastify';
import { installFaults } from './faults.ts';
import type { Faults } from './faults.ts';
import { listen } from './listen.ts';
import type { ListenOptions, RunningService } from './listen.ts';
import { signedOnly } from './signed-only.ts';
import type { SubgraphService } from './subgraph-service.ts';

export interface SubgraphOptions extends ListenOptions {
  /** What is wrong from the start; nothing by default. */
  readonly faults?: Faults | undefined;
  /** With them `/graphql` answers signed requests only. */
  readonly signingSecrets?: readonly string[] | undefined;
  /** Where the OTLP/HTTP collector is that gets its spans; without it there are none. */
  readonly collector?: string | undefined;
}

/** Serves a subgraph: `/graphql`, `GET /health`, `GET` and `PUT /faults`. Its `url` is that of `/graphql`. */
export async function startSubgraph<Context extends object>(
  service: SubgraphService<Context>,
  options: SubgraphOptions,
): Promise<RunningService> {
  const apollo = new ApolloServer<Context>({
    schema: service.schema,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    // Nothing is reported to anybody, whatever the environment's APOLLO_* variables say.
    plugins: [
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await apollo.start();

  const app = Fastify({ forceCloseConnections: true });
  if (options.collector !== undefined) {
    // OpenTelemetry is loaded by those who use it. Its span is the outermost, so faults are inside.
    const { installTracing } = await import('./install-tracing.ts');
    installTracing(app, service.name, options.collector);
  }
  installFaults(app, options.faults);
  app.get('/health', () => ({ status: 'ok', service: service.name }));
  const { signingSecrets: secrets } = options;
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    ...(secrets && { preParsing: signedOnly({ subgraph: service.name, secrets }) }),
    handler: fastifyApolloHandler(apollo, { context: async ({ headers }) => service.createContext(headers) }),
  });
  app.addHook('onClose', () => apollo.stop());
  return listen(service.name, app, options, '/graphql');
}
