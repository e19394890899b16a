import { ApolloServer } from '@apollo/server';
import type { GraphQLDataSource } from '@apollo/gateway';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse } from 'graphql';
import type { FormattedExecutionResult, GraphQLSchema } from 'graphql';
import { AtriumGateway } from '../../src/gateway.ts';
import type { AtriumGatewayOptions } from '../../src/gateway.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';

type SchemaModule = Parameters<typeof buildSubgraphSchema>[0];

/** A subgraph as SDL with resolvers; `answer` takes the place of both to misbehave. */
export interface TestSubgraph {
  readonly sdl: string;
  readonly resolvers?: NonNullable<Extract<SchemaModule, { typeDefs: unknown }>['resolvers']>;
  readonly answer?: (request: RecordedCall) => object | Promise<object>;
}

export interface RecordedCall {
  readonly subgraph: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface TestGateway {
  readonly supergraphSdl: string;
  /** Every request to a subgraph since the start, in the order they were sent. */
  readonly calls: RecordedCall[];
  /** Validates and executes as Apollo Server does; answers the response's body. */
  ask(query: string, variables?: Record<string, unknown>, context?: object): Promise<FormattedExecutionResult>;
  stop(): Promise<void>;
}

/** The whole gateway in this process, without sockets: each subgraph is a schema that is executed directly. */
export async function createTestGateway(
  subgraphs: Readonly<Record<string, TestSubgraph>>,
  options: AtriumGatewayOptions = {},
): Promise<TestGateway> {
  const sources = Object.entries(subgraphs).map(([name, { sdl }]) => ({ name, url: `http://${name}.test`, sdl }));
  const composition = await composeSubgraphs(sources);
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));

  const calls: RecordedCall[] = [];
  const schemas = new Map<string, GraphQLSchema>();
  const dataSource = (subgraph: string): GraphQLDataSource => ({
    async process({ request }) {
      const call: RecordedCall = { subgraph, query: request.query ?? '', variables: request.variables ?? {} };
      calls.push(call);
      const { answer } = subgraphs[subgraph] ?? {};
      if (answer !== undefined) return answer(call);
      const schema = schemas.get(subgraph) ?? buildSchemaOf(subgraphs[subgraph]);
      schemas.set(subgraph, schema);
      const result = await execute({ schema, document: parse(call.query), variableValues: call.variables });
      return JSON.parse(JSON.stringify(result));
    },
  });

  const gateway = new AtriumGateway({
    ...options,
    supergraphSdl: composition.supergraphSdl,
    buildService: ({ name }) => dataSource(name),
  });
  const apollo = new ApolloServer<object>({
    gateway,
    stopOnTerminationSignals: false,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    includeStacktraceInErrorResponses: false,
  });
  await apollo.start();
  return {
    supergraphSdl: composition.supergraphSdl,
    calls,
    async ask(query, variables = {}, contextValue = {}) {
      const { body } = await apollo.executeOperation({ query, variables }, { contextValue });
      if (body.kind === 'incremental') throw new Error('expected one result, got several');
      return JSON.parse(JSON.stringify(body.singleResult));
    },
    stop: () => apollo.stop(),
  };
}

function buildSchemaOf(subgraph: TestSubgraph | undefined): GraphQLSchema {
  return buildSubgraphSchema({ typeDefs: parse(subgraph?.sdl ?? ''), resolvers: subgraph?.resolvers ?? {} });
}
