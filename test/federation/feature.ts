import { ApolloServer } from '@apollo/server';
import { ApolloGateway, LocalGraphQLDataSource } from '@apollo/gateway';
import type { GatewayConfig } from '@apollo/gateway';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { getVariableValues, Kind, parse } from 'graphql';
import type { FormattedExecutionResult } from 'graphql';
import { onTestFinished } from 'vitest';
import { isIncluded } from '../../src/core/is-included.ts';
import type { AtriumGatewayOptions } from '../../src/gateway-options.ts';
import { compilePlan } from '../../src/planning/compile-plan.ts';
import { nameFields, normaliseOperation } from '../../src/planning/normalise-operation.ts';
import { printFetchPlan } from '../../src/planning/print-fetch-plan.ts';
import { buildSupergraph, planOperation } from '../../src/supergraph/supergraph.ts';
import { createTestGateway } from '../support/create-test-gateway.ts';
import type { RecordedCall, TestSubgraph } from '../support/create-test-gateway.ts';

export type { TestSubgraph };

export interface Feature {
  readonly supergraphSdl: string;
  ask(query: string, variables?: Record<string, unknown>, context?: object): Promise<Asked>;
  /** A question that ends before it is planned. */
  askInvalid(query: string, variables?: Record<string, unknown>): Promise<Answer>;
  /** The same question to `ApolloGateway` with its own executor, in front of the same subgraphs. */
  askStock(query: string, variables?: Record<string, unknown>): Promise<Answer>;
}

export interface Asked {
  /** The compiled plan, printed. */
  readonly plan: string;
  readonly answer: Answer;
  /** The subgraphs asked, in order. */
  readonly calls: readonly string[];
  readonly requests: readonly RecordedCall[];
}

export interface Answer {
  readonly data: unknown;
  /** Absent when there are none. */
  readonly errors?: readonly { readonly message: string; readonly path: readonly (string | number)[] | undefined }[];
}

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@provides",
  "@external", "@shareable", "@override", "@inaccessible", "@tag", "@interfaceObject", "@cost", "@listSize"])`;

/** A gateway over these subgraphs for one test; SDL without a schema definition is given a link to Federation 2.9. */
export async function openFeature(
  plain: Readonly<Record<string, TestSubgraph>>,
  options: AtriumGatewayOptions & { /** For the printed plan. */ readonly activeLabels?: readonly string[] } = {},
): Promise<Feature> {
  const linked = Object.entries(plain).map(([name, subgraph]): [string, TestSubgraph] => [
    name,
    subgraph.sdl.trimStart().startsWith('extend schema') ? subgraph : { ...subgraph, sdl: `${link} ${subgraph.sdl}` },
  ]);
  const subgraphs = Object.fromEntries(linked);
  const { activeLabels, ...gatewayOptions } = options;
  const gateway = await createTestGateway(subgraphs, gatewayOptions);
  onTestFinished(() => gateway.stop());
  const supergraph = buildSupergraph(gateway.supergraphSdl);
  return {
    supergraphSdl: gateway.supergraphSdl,
    async ask(query, variables, context) {
      const document = parse(query);
      const [definition] = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
      const { coerced = {} } = getVariableValues(
        supergraph.apiSchema,
        definition?.variableDefinitions ?? [],
        variables ?? {},
      );
      const operation = normaliseOperation(
        {
          document,
          operationName: undefined,
          names: nameFields(document),
          includes: (selection) => isIncluded(selection, coerced),
        },
        supergraph,
      );
      const plan = compilePlan(planOperation(supergraph, operation, undefined, activeLabels), supergraph, operation);
      const before = gateway.calls.length;
      const answer = answerOf(await gateway.ask(query, variables, context));
      const requests = gateway.calls.slice(before);
      return { plan: printFetchPlan(plan), answer, calls: requests.map(({ subgraph }) => subgraph), requests };
    },
    async askInvalid(query, variables) {
      const before = gateway.calls.length;
      const answer = answerOf(await gateway.ask(query, variables));
      if (gateway.calls.length > before) throw new Error('Expected no subgraph to be asked');
      return answer;
    },
    askStock: (query, variables = {}) => askStock(gateway.supergraphSdl, subgraphs, query, variables),
  };
}

async function askStock(
  supergraphSdl: string,
  subgraphs: Readonly<Record<string, TestSubgraph>>,
  query: string,
  variables: Record<string, unknown>,
): Promise<Answer> {
  const buildService: NonNullable<GatewayConfig['buildService']> = ({ name }) => {
    const { sdl = '', resolvers = {} } = subgraphs[name] ?? {};
    return new LocalGraphQLDataSource(buildSubgraphSchema({ typeDefs: parse(sdl), resolvers }));
  };
  const apollo = new ApolloServer({
    gateway: new ApolloGateway({ supergraphSdl, buildService, logger: silent }),
    stopOnTerminationSignals: false,
    logger: silent,
  });
  await apollo.start();
  try {
    const { body } = await apollo.executeOperation({ query, variables });
    if (body.kind === 'incremental') throw new Error('expected one result, got several');
    return answerOf(JSON.parse(JSON.stringify(body.singleResult)));
  } finally {
    await apollo.stop();
  }
}

function answerOf({ data, errors }: FormattedExecutionResult): Answer {
  if (errors === undefined) return { data };
  return { data, errors: errors.map(({ message, path }) => ({ message, path })) };
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
