import { lexicographicSortSchema, parse, printSchema } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { createRequestContext } from '../../src/core/request-context.ts';
import type { RequestContext } from '../../src/core/request-context.ts';
import { Timeline } from '../../src/core/timeline.ts';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';
import { createTestGateway } from '../support/create-test-gateway.ts';
import type { RecordedCall } from '../support/create-test-gateway.ts';
import type { Answer, Expectation } from './compare.ts';
import { WorldData } from './data.ts';
import type { Fault } from './data.ts';
import { mergedSchema, possibleErrors, runMonolith } from './monolith-of.ts';
import type { Operation } from './operations.ts';
import { openStock } from './stock-of.ts';
import type { Stock } from './stock-of.ts';
import { subgraphsOf } from './subgraphs-of.ts';
import { Lookup } from './world.ts';
import type { World } from './world.ts';

/** Of so many questions one asks to be explained. */
const EXPLAINED_EVERY = 3;

/** A world served both ways. */
export interface Federation {
  readonly supergraphSdl: string;
  /** The merged schema that composition made. */
  readonly apiSchema: GraphQLSchema;
  ask(operation: Operation, faults: readonly Fault[]): Promise<Asked>;
  /** The same from the stock gateway, which is opened when it is first asked. */
  askStock(operation: Operation, faults: readonly Fault[]): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Asked {
  readonly got: Answer;
  readonly expected: Expectation;
  readonly calls: readonly RecordedCall[];
  readonly requiresWithArguments: number;
}

/** `composed otherwise`: composition's merged schema is not the one that the model says. */
export async function openFederation(world: World): Promise<Federation | 'not composed' | 'composed otherwise'> {
  const lookup = new Lookup(world);
  let data = new WorldData(lookup, []);
  const subgraphs = subgraphsOf(lookup, () => data);
  let stock: Stock | undefined;
  let gateway;
  try {
    gateway = await createTestGateway(subgraphs);
  } catch {
    return 'not composed';
  }
  const { supergraphSdl, calls } = gateway;
  const stop = async (): Promise<void> => {
    await gateway.stop();
    await stock?.stop();
  };
  const { apiSchema } = buildSupergraph(supergraphSdl);
  if (textOf(apiSchema) !== textOf(mergedSchema(lookup))) {
    await stop();
    return 'composed otherwise';
  }
  let asked = 0;
  return {
    supergraphSdl,
    apiSchema,
    stop,
    async askStock(operation, faults) {
      data = new WorldData(lookup, faults);
      stock ??= await openStock(supergraphSdl, subgraphs);
      return stock.ask(operation);
    },
    async ask({ query, variables }, faults) {
      const freshData = (): WorldData => new WorldData(lookup, faults);
      data = freshData();
      calls.length = 0;
      asked += 1;
      const isExplained = asked % EXPLAINED_EVERY === 0;
      const context = isExplained ? explainedContext() : {};
      const { data: gotData, errors, extensions } = await gateway.ask(query, { ...variables }, context);
      if (isExplained && gotData !== undefined && extensions?.['atrium'] === undefined)
        throw new Error(`Expected an explanation of ${query}, got none`);
      const document = parse(query);
      const run = runMonolith(apiSchema, document, variables, freshData());
      const answer = run.result;
      return {
        got: { data: gotData, errors },
        expected: {
          answer,
          possible: () => possibleErrors(apiSchema, document, variables, freshData()),
          hiddenFaults: run.hiddenFaults,
        },
        calls: [...calls],
        requiresWithArguments: run.requiresWithArguments,
      };
    },
  };
}

/** To be explained changes nothing of an answer, and can be done to any. */
function explainedContext(): RequestContext {
  const context = createRequestContext({});
  context.record.isExplained = true;
  context.record.timeline = new Timeline(performance.now());
  return context;
}

function textOf(schema: GraphQLSchema): string {
  return printSchema(lexicographicSortSchema(schema));
}
