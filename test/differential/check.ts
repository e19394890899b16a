import { prettyFormatQueryPlan } from '@apollo/query-planner';
import { parse } from 'graphql';
import { buildSupergraph, planOperation } from '../../src/supergraph/supergraph.ts';
import type { Case, Question } from './case.ts';
import { difference } from './compare.ts';
import type { Asked, Federation } from './federation.ts';
import { openFederation } from './federation.ts';
import { subgraphSdls } from './subgraphs-of.ts';
import { Lookup } from './world.ts';
import type { World } from './world.ts';

/** What a run has seen, so that it shows whether the interesting cases occur. */
export interface Statistics {
  worlds: number;
  notComposed: number;
  /** The model is wrong about what composition does: has to stay at 0. */
  composedOtherwise: number;
  questions: number;
  /** Fetches that depend on others. */
  twoLevels: number;
  requiresWithArguments: number;
  /** Asked for a field with the value of a context. */
  contexts: number;
  /** Entities looked up by the key of an interface or of one of its members. */
  abstractKeys: number;
  injectedErrors: number;
  /** Values among them that do not fit their types. */
  illTyped: number;
  mutations: number;
  /** Asked of the stock gateway too, without faults, and how often its data was not the monolith's. */
  stockAsked: number;
  stockDiffers: number;
}

export function emptyStatistics(): Statistics {
  return {
    worlds: 0,
    notComposed: 0,
    composedOtherwise: 0,
    questions: 0,
    twoLevels: 0,
    requiresWithArguments: 0,
    contexts: 0,
    abstractKeys: 0,
    injectedErrors: 0,
    illTyped: 0,
    mutations: 0,
    stockAsked: 0,
    stockDiffers: 0,
  };
}

/** The stock gateway answers for every so many-th supergraph. */
const STOCK_EVERY = 10;

/** Asks the gateway and the monolith the same questions; throws with everything one needs to see the first difference. */
export async function checkCase({ world, questions }: Case, statistics: Statistics): Promise<void> {
  const federation = await openFederation(world);
  if (typeof federation === 'string') {
    statistics[federation === 'not composed' ? 'notComposed' : 'composedOtherwise'] += 1;
    return;
  }
  statistics.worlds += 1;
  // The stock gateway does not know contexts.
  const isStockAsked = statistics.worlds % STOCK_EVERY === 0 && !federation.supergraphSdl.includes('@context(');
  try {
    for (const question of questions) {
      const asked = await federation.ask(question.operation, question.faults);
      count(statistics, question, asked);
      if (isStockAsked && question.faults.length === 0) {
        const { data } = await federation.askStock(question.operation, question.faults);
        statistics.stockAsked += 1;
        if (JSON.stringify(data) !== JSON.stringify(asked.expected.answer.data)) statistics.stockDiffers += 1;
      }
      const found = difference(asked.got, asked.expected);
      if (found !== undefined) throw new Error(describe(world, question, asked, federation, found));
    }
  } finally {
    await federation.stop();
  }
}

function count(statistics: Statistics, { operation, faults }: Question, asked: Asked): void {
  const representations = asked.calls
    .flatMap(({ variables }) => Object.entries(variables))
    .flatMap(([name, value]) => (name.startsWith('_') && Array.isArray(value) ? (value as unknown[]) : []));
  const isOfFamily = (one: unknown): boolean => /"__typename":"(?:IF|TM\d)"/u.test(JSON.stringify(one));
  statistics.questions += 1;
  if (representations.length > 0) statistics.twoLevels += 1;
  if (representations.some(isOfFamily)) statistics.abstractKeys += 1;
  if (asked.requiresWithArguments > 0) statistics.requiresWithArguments += 1;
  if (asked.calls.some(({ query }) => query.includes('$contextualArgument'))) statistics.contexts += 1;
  if (faults.length > 0) statistics.injectedErrors += 1;
  if (faults.some((fault) => typeof fault !== 'string')) statistics.illTyped += 1;
  if (operation.query.startsWith('mutation')) statistics.mutations += 1;
}

function describe(
  world: World,
  { operation, faults }: Question,
  { got, expected, calls }: Asked,
  federation: Federation,
  found: string,
): string {
  const errorsOf = ({
    errors = [],
  }: {
    readonly errors?:
      readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] | undefined;
  }): string => errors.map(({ message, path }) => `\n    /${path?.join('/') ?? '(no path)'}: ${message}`).join('');
  return [
    `The federated answer differs from the monolith's: ${found}`,
    ...[...subgraphSdls(new Lookup(world))].map(
      ([name, sdl]) => `# subgraph ${name}\n${sdl.split('\n').slice(5).join('\n')}`,
    ),
    `world: ${JSON.stringify(world)}`,
    `query: ${operation.query}`,
    `variables: ${JSON.stringify(operation.variables)}`,
    `faults: ${JSON.stringify(faults)}`,
    `expected: ${JSON.stringify(expected.answer.data)}${errorsOf(expected.answer)}`,
    `got:      ${JSON.stringify(got.data)}${errorsOf(got)}`,
    `plan:\n${planOf(federation, operation.query)}`,
    ...calls.map(({ subgraph, query, variables }) => `call ${subgraph}: ${query} ${JSON.stringify(variables)}`),
  ].join('\n');
}

function planOf({ supergraphSdl }: Federation, query: string): string {
  try {
    return prettyFormatQueryPlan(planOperation(buildSupergraph(supergraphSdl), parse(query), undefined));
  } catch (error) {
    return String(error);
  }
}
