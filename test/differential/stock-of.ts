import { ApolloServer } from '@apollo/server';
import { ApolloGateway } from '@apollo/gateway';
import type { GraphQLDataSource } from '@apollo/gateway';
import type { TestSubgraph } from '../support/create-test-gateway.ts';
import type { Answer } from './compare.ts';
import type { Operation } from './operations.ts';

export interface Stock {
  ask(operation: Operation): Promise<Answer>;
  stop(): Promise<void>;
}

/** The untouched `ApolloGateway` over the same subgraphs: a check of the oracle, which it should mostly agree with. */
export async function openStock(
  supergraphSdl: string,
  subgraphs: Readonly<Record<string, TestSubgraph>>,
): Promise<Stock> {
  const dataSource = (subgraph: string): GraphQLDataSource => ({
    async process({ request }) {
      const { query = '', variables = {} } = request;
      return (await subgraphs[subgraph]?.answer?.({ subgraph, query, variables })) ?? {};
    },
  });
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const gateway = new ApolloGateway({ supergraphSdl, buildService: ({ name }) => dataSource(name), logger });
  const apollo = new ApolloServer<object>({ gateway, stopOnTerminationSignals: false, logger });
  await apollo.start();
  return {
    async ask({ query, variables }) {
      const { body } = await apollo.executeOperation({ query, variables }, { contextValue: {} });
      if (body.kind === 'incremental') throw new Error('expected one result, got several');
      return JSON.parse(JSON.stringify(body.singleResult));
    },
    stop: () => apollo.stop(),
  };
}
