import './core/quiet-apollo.ts';
import { ApolloServer } from '@apollo/server';
import type { GraphQLDataSource } from '@apollo/gateway';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse } from 'graphql';
import type { FormattedExecutionResult, GraphQLSchema } from 'graphql';
import { accessMatrix, printAccessMatrix } from './authorization/access-matrix.ts';
import { rulesOf } from './authorization/rules-of-supergraph.ts';
import { silentLogger } from './core/logger.ts';
import type { Principal } from './core/principal.ts';
import { createRequestContext } from './core/request-context.ts';
import { composeSubgraphs } from './supergraph/compose.ts';
import { buildSupergraph } from './supergraph/supergraph.ts';
import { AtriumGateway } from './gateway.ts';
import type { AtriumGatewayOptions } from './gateway-options.ts';

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
  /** Validates and executes as Apollo Server does; answers the response's body. `context` is what rules are given. */
  ask(query: string, variables?: Record<string, unknown>, context?: object): Promise<FormattedExecutionResult>;
  /** `ask` for somebody: a principal of whom only what is given matters, or null for an anonymous client. */
  as(principal: Partial<Principal> | null): Pick<TestGateway, 'ask'>;
  /** Who may see what, as `atrium validate` prints it: made to be kept as a snapshot. */
  accessMatrix(principals?: Readonly<Record<string, Partial<Principal>>>): Promise<string>;
  stop(): Promise<void>;
}

/**
 * The whole gateway in this process, without sockets: each subgraph is a schema that is executed directly. Throws an
 * Error when the subgraphs do not compose, and a ConfigurationError for rules that do not fit.
 */
export async function createTestGateway(
  subgraphs: Readonly<Record<string, TestSubgraph>>,
  options: AtriumGatewayOptions = {},
): Promise<TestGateway> {
  const sources = Object.entries(subgraphs).map(([name, { sdl }]) => ({ name, url: `http://${name}.test`, sdl }));
  const composition = await composeSubgraphs(sources);
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));
  const { supergraphSdl } = composition;

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

  const gateway = new AtriumGateway({ ...options, supergraphSdl, buildService: ({ name }) => dataSource(name) });
  const apollo = new ApolloServer<object>({
    gateway,
    stopOnTerminationSignals: false,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    includeStacktraceInErrorResponses: false,
  });
  await apollo.start();

  const ask: TestGateway['ask'] = async (query, variables = {}, contextValue = {}) => {
    const { body } = await apollo.executeOperation({ query, variables }, { contextValue });
    if (body.kind === 'incremental') throw new Error('expected one result, got several');
    return JSON.parse(JSON.stringify(body.singleResult));
  };
  return {
    supergraphSdl,
    calls,
    ask,
    as(given) {
      const principal = given && { subject: 'somebody', issuer: '', roles: [], scopes: [], claims: {}, ...given };
      return {
        ask: (query, variables, context) =>
          ask(query, variables, { ...createRequestContext({ principal }), ...context }),
      };
    },
    async accessMatrix(principals = {}) {
      const supergraph = buildSupergraph(supergraphSdl);
      const { apiSchema: schema } = supergraph;
      const rules = rulesOf(supergraph, options, options.log ?? silentLogger);
      const contextFor = (principal: Principal | null) => createRequestContext({ principal });
      return printAccessMatrix(await accessMatrix({ rules, schema, principals, contextFor }));
    },
    stop: () => apollo.stop(),
  };
}

function buildSchemaOf(subgraph: TestSubgraph | undefined): GraphQLSchema {
  return buildSubgraphSchema({ typeDefs: parse(subgraph?.sdl ?? ''), resolvers: subgraph?.resolvers ?? {} });
}
