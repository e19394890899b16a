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

const operationsPerSlice = 50;
const slicesPerRound = 10;
const warmUpSlices = 10;

interface Asked {
  readonly source: string;
  readonly document: DocumentNode;
}

/**
 * Apollo's planner alone, and Atrium from a document it has not seen to what it executes: in this process, on the bench's
 * cold operations, each planned by both, first by the one and then by the other. CPU of the whole process; every figure is
 * the median of the slices.
 */
export async function measurePlanning(rounds: number): Promise<string> {
  const sides = await createSides();
  const slices: number[][] = [];
  let serial = 0;
  for (let slice = -warmUpSlices; slice < rounds * slicesPerRound; slice += 1) {
    const costs = sides.map(() => 0);
    for (let operation = 0; operation < operationsPerSlice; operation += 1) {
      const asked = askedWith(serial++);
      for (const index of operation % 2 === 0 ? [0, 1] : [1, 0]) {
        const since = process.cpuUsage();
        sides[index]?.plan(asked);
        const { user, system } = process.cpuUsage(since);
        costs[index] = (costs[index] ?? 0) + (user + system) / 1_000 / operationsPerSlice;
      }
    }
    if (slice >= 0) slices.push(costs);
  }
  const medianOf = (figure: (costs: readonly number[]) => number | undefined): string =>
    median(slices.map((costs) => figure(costs) ?? Number.NaN)).toFixed(2);
  const rows = sides.map(({ title }, index) => [
    title,
    medianOf((costs) => costs[index]),
    `× ${medianOf((costs) => (costs[index] ?? 0) / (costs[0] ?? 0))}`,
  ]);
  return `### Planning of ${slices.length * operationsPerSlice} cold operations\n\n${printTable(['', 'CPU ms', 'ratio'], rows)}`;
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
