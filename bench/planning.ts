import { getOperationAST, parse } from 'graphql';
import type { DocumentNode } from 'graphql';
import { createExecutable } from '../src/execution/executable.ts';
import { createOperationCache } from '../src/execution/operation-cache.ts';
import { createOperationPlanner } from '../src/planning/operation-planner.ts';
import { composeSubgraphs } from '../src/supergraph/compose.ts';
import { buildSupergraph, planOperation } from '../src/supergraph/supergraph.ts';
import { printTable } from './report.ts';
import { median } from './statistics.ts';
import { workloads } from './workloads.ts';
import { createCatalogue } from './worlds/catalogue.ts';

const operationsPerTurn = 25;
const turnsPerRound = 20;
const warmUpTurns = 20;

interface Asked {
  readonly source: string;
  readonly document: DocumentNode;
}

/**
 * Apollo's planner alone, and Atrium from a document it has not seen to what it executes: in this process, on the bench's
 * cold operations, which both sides get in turns. CPU of the whole process; every figure is the median of the turns.
 */
export async function measurePlanning(rounds: number): Promise<string> {
  const sides = await createSides();
  const costs = sides.map((): number[] => []);
  let serial = 0;
  for (let turn = -warmUpTurns; turn < rounds * turnsPerRound; turn += 1) {
    const operations = Array.from({ length: operationsPerTurn }, () => askedWith(serial++));
    const order = turn % 2 === 0 ? [0, 1] : [1, 0];
    for (const index of order) {
      const since = process.cpuUsage();
      for (const asked of operations) sides[index]?.plan(asked);
      const { user, system } = process.cpuUsage(since);
      if (turn >= 0) costs[index]?.push((user + system) / 1_000 / operationsPerTurn);
    }
  }
  const [alone = []] = costs;
  const rows = sides.map(({ title }, index) => {
    const own = costs[index] ?? [];
    const ratios = own.map((cost, turn) => cost / (alone[turn] ?? Number.NaN));
    return [title, median(own).toFixed(3), `× ${median(ratios).toFixed(2)}`];
  });
  return `### Planning of ${alone.length * operationsPerTurn} cold operations\n\n${printTable(['', 'CPU ms', 'ratio'], rows)}`;
}

function askedWith(serial: number): Asked {
  const body = workloads.find(({ name }) => name === 'cold')?.body(serial) ?? '{}';
  const { query }: { query: string } = JSON.parse(body);
  return { source: query, document: parse(query) };
}

async function createSides(): Promise<readonly { readonly title: string; plan(asked: Asked): void }[]> {
  const subgraphs = createCatalogue().subgraphs.map(({ name, sdl }) => ({ name, sdl, url: `http://${name}.test` }));
  const composition = await composeSubgraphs(subgraphs);
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));
  const supergraph = buildSupergraph(composition.supergraphSdl);
  const operations = createOperationCache();
  const planner = createOperationPlanner(supergraph, createExecutable);
  return [
    { title: "Apollo's planner alone", plan: ({ document }) => planOperation(supergraph, document, undefined) },
    {
      title: 'Atrium, planning and compiling',
      plan({ source, document }) {
        const operation = getOperationAST(document);
        if (!operation) throw new Error('Expected one operation');
        const asked = operations.get({ schema: supergraph.apiSchema, document, operation, queryHash: source, source });
        planner.plan({
          document,
          operationName: operation.name?.value,
          documentHash: source,
          names: asked.names,
          variables: {},
          conditions: asked.conditionsIn({}),
          activeLabels: new Set(),
        });
      },
    },
  ];
}
