import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import type { GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify from 'fastify';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

// The stock gateway as its documentation sets it up, on the HTTP front Atrium has too. One addition: by default it
// forwards no header at all, and the other contestants forward the client's token.

interface Context {
  readonly authorization: string | undefined;
}

class ForwardingDataSource extends RemoteGraphQLDataSource<Partial<Context>> {
  override willSendRequest({ request, context }: GraphQLDataSourceProcessOptions<Partial<Context>>): void {
    if (context.authorization !== undefined) request.http?.headers.set('authorization', context.authorization);
  }
}

const { values } = parseArgs({ options: { supergraph: { type: 'string' }, port: { type: 'string' } } });
const gateway = new ApolloGateway({
  supergraphSdl: readFileSync(values.supergraph ?? '', 'utf8'),
  buildService: ({ url = '' }) => new ForwardingDataSource({ url }),
});
const apollo = new ApolloServer<Context>({ gateway });
await apollo.start();
const app = Fastify();
app.route({
  method: ['GET', 'POST'],
  url: '/graphql',
  handler: fastifyApolloHandler(apollo, {
    context: async ({ headers }) => ({ authorization: headers.authorization }),
  }),
});
await app.listen({ host: '127.0.0.1', port: Number(values.port) });
