import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';
import type { SubgraphSource } from '../../src/supergraph/compose.ts';
import { firstAnswer, freePort, probe } from '../arena.ts';
import { contestants } from '../contestants.ts';
import { printTable } from '../report.ts';
import { median } from '../statistics.ts';
import { Child } from '../support/child.ts';
import { usageSchema } from '../support/schemas.ts';
import { createLargeGraph, largeGraphQuery, secondLargeGraphQuery } from '../worlds/large-graph.ts';
import { createShop } from '../worlds/shop.ts';
import { workloads } from '../workloads.ts';
import { loadedSchema } from './schemas.ts';
import type { Loaded, StartJob } from './schemas.ts';

interface Graph {
  readonly title: string;
  readonly subgraphs: readonly SubgraphSource[];
  readonly queries: readonly string[];
}

const ways: readonly (readonly [StartJob['way'], string])[] = [
  ['engine', 'planner and schemas of Atrium'],
  ['stock', '@apollo/gateway, the base class'],
  ['atrium', 'AtriumGateway, which is both'],
];

/** What it costs to load a supergraph, and to serve it in a new process; every figure is the median of the rounds. */
export async function measureStart(rounds: number, say: (text: string) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-start-'));
  try {
    const tables: string[] = [];
    for (const graph of graphs()) tables.push(await measureGraph(graph, folder, rounds, say));
    return tables.join('\n\n');
  } finally {
    await rm(folder, { recursive: true });
  }
}

function graphs(): readonly Graph[] {
  const shop = createShop().subgraphs.map(({ name, sdl }) => ({ name, sdl, url: 'http://127.0.0.1:1/' }));
  const queries = ['order-history', 'storefront'].flatMap(
    (wanted) => workloads.find(({ name }) => name === wanted)?.body(0) ?? [],
  );
  const queryOf = (body: string) => (JSON.parse(body) as { query: string }).query;
  return [
    { title: "the demo's 4 subgraphs", subgraphs: shop, queries: queries.map(queryOf) },
    {
      title: '100 subgraphs, 5,000 types',
      subgraphs: createLargeGraph(),
      queries: [largeGraphQuery, secondLargeGraphQuery],
    },
  ];
}

async function measureGraph(
  graph: Graph,
  folder: string,
  rounds: number,
  say: (text: string) => void,
): Promise<string> {
  const since = performance.now();
  const composition = await composeSubgraphs(graph.subgraphs);
  const composedMs = performance.now() - since;
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));
  const supergraph = join(folder, 'supergraph.graphql');
  await writeFile(supergraph, composition.supergraphSdl);
  say(`${graph.title}: composed`);

  const loads = new Map<StartJob['way'], Loaded[]>(ways.map(([way]) => [way, []]));
  const served: Loaded[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const [way, own] of loads) own.push(await load({ way, supergraph, queries: [...graph.queries] }, folder));
    served.push(await serve(supergraph, folder));
    say(`${graph.title}: round ${round + 1} of ${rounds}`);
  }

  const row = (title: string, own: readonly Loaded[]) => {
    const of = (figure: (one: Loaded) => number, digits = 0) => median(own.map(figure)).toFixed(digits);
    const plans = graph.queries.map((_, index) => of(({ plans }) => plans[index] ?? Number.NaN, 1));
    return [
      title,
      of(({ ms }) => ms),
      of(({ cpuMs }) => cpuMs),
      of(({ rssBytes }) => rssBytes / 1e6),
      of(({ heapBytes }) => heapBytes / 1e6),
      plans.includes('NaN') ? '' : plans.join(', '),
    ];
  };
  const table = printTable(
    ['', 'ms', 'CPU ms', 'resident MB', 'heap MB', 'first and second plan, ms'],
    [
      ...ways.map(([way, title]) => row(title, loads.get(way) ?? [])),
      row('atrium serve, process to first answer', served),
    ],
  );
  const kilobytes = Math.round(composition.supergraphSdl.length / 1_000);
  return `### ${graph.title}: a supergraph of ${kilobytes} KB, composed in ${composedMs.toFixed(0)} ms\n\n${table}`;
}

async function load(job: StartJob, folder: string): Promise<Loaded> {
  const child = new Child(job.way, ['--expose-gc', new URL('loads.ts', import.meta.url).pathname], folder);
  try {
    return await child.ask('load', job, loadedSchema);
  } finally {
    await child.stop();
  }
}

async function serve(supergraph: string, folder: string): Promise<Loaded> {
  const atrium = contestants.find(({ name }) => name === 'atrium');
  if (atrium === undefined) throw new Error('Atrium is no contestant');
  const port = await freePort();
  const since = performance.now();
  const args = atrium.args({ port, workload: '', supergraph, subgraphs: [] });
  const child = new Child(atrium.title, ['--import', probe, ...args], folder);
  try {
    await firstAnswer(child, `http://127.0.0.1:${port}/graphql`);
    const ms = performance.now() - since;
    const { cpuMicros, rssBytes, heapUsedBytes } = await child.ask('usage', null, usageSchema);
    return { ms, cpuMs: cpuMicros / 1_000, rssBytes, heapBytes: heapUsedBytes, plans: [] };
  } finally {
    await child.stop();
  }
}
