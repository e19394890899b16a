import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collectorUrl } from './support/open-collector.ts';
import type { WorkloadName } from './workloads.ts';

/** One gateway to measure. */
export interface Contestant {
  readonly name: string;
  readonly title: string;
  /** The workloads it is measured with; all when absent. */
  readonly workloads?: readonly WorkloadName[];
  /** Where its command is run: an empty folder when absent, so that no configuration is found. */
  readonly cwd?: string;
  /** Why it cannot be measured here, and what helps. */
  readonly missing?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Node's arguments. */
  args(start: ContestantStart): readonly string[];
}

export interface ContestantStart {
  readonly supergraph: string;
  readonly port: number;
  readonly workload: string;
  readonly subgraphs: readonly { readonly name: string; readonly url: string }[];
}

export type ContestantName = (typeof contestantNames)[number];

export const contestantNames = ['floor', 'atrium', 'batching', 'stock', 'hive', 'hive-rust'] as const;

const root = fileURLToPath(new URL('..', import.meta.url));
const peers = fileURLToPath(new URL('peers', import.meta.url));
const hiveCommand = 'node_modules/@graphql-hive/gateway/dist/bin.js';
const missingHive = existsSync(`${peers}/${hiveCommand}`)
  ? {}
  : { missing: 'it is not installed: npm run bench:peers installs it' };

/** `against` is the folder of another checkout of Atrium, which competes with this one. */
export function contestantsWith(against: string | undefined): readonly Contestant[] {
  if (against === undefined) return contestants;
  const other = atrium('against', `Atrium of ${basename(against)}`, `${resolve(against)}/`);
  return contestants.flatMap((contestant) => (contestant.name === 'atrium' ? [contestant, other] : [contestant]));
}

export const contestants: readonly Contestant[] = [
  {
    name: 'floor',
    title: 'hand-written aggregator',
    args: ({ supergraph, port, workload, subgraphs }) => [
      `${root}bench/contestants/floor.ts`,
      '--workload',
      workload,
      '--supergraph',
      supergraph,
      '--port',
      String(port),
      ...subgraphs.flatMap(({ name, url }) => ['--subgraph', `${name}=${url}`]),
    ],
  },
  atrium('atrium', 'Atrium', root),
  {
    ...atrium('batching', 'Atrium, batching', root, ['--config', `${root}bench/contestants/batching.config.ts`]),
    workloads: ['look-ups'],
  },
  {
    name: 'stock',
    title: '@apollo/gateway',
    args: ({ supergraph, port }) => [
      `${root}bench/contestants/stock.ts`,
      '--supergraph',
      supergraph,
      '--port',
      String(port),
    ],
  },
  { name: 'hive', title: 'Hive Gateway', cwd: peers, ...missingHive, args: (start) => hive(start) },
  {
    name: 'hive-rust',
    title: 'Hive Gateway, Rust planner',
    cwd: peers,
    ...missingHive,
    args: (start) => [...hive(start), '--hive-router-runtime'],
  },
];

/** This Atrium with all that tells what it does, and with nothing of it. */
export const telemetryContestants: readonly Contestant[] = [
  atrium('unobserved', 'Atrium, no log', root, ['--config', `${root}bench/contestants/unobserved.config.ts`]),
  {
    ...atrium('observed', 'Atrium, log and traces', root, ['--config', `${root}bench/contestants/observed.config.ts`]),
    env: { ATRIUM_OTLP_URL: collectorUrl },
  },
];

function atrium(name: string, title: string, folder: string, more: readonly string[] = []): Contestant {
  const knownAnswers = `${folder}bench/contestants/known-answers.config.ts`;
  return {
    name,
    title,
    args: ({ supergraph, port, workload }) => [
      // As bin/atrium starts it, which would lose the benchmark's channel to it.
      '--max-semi-space-size=64',
      `${folder}src/cli/main.ts`,
      'serve',
      ...(workload === 'identical' && existsSync(knownAnswers) ? ['--config', knownAnswers] : []),
      '--supergraph',
      supergraph,
      '--port',
      String(port),
      ...more,
    ],
  };
}

function hive({ supergraph, port }: ContestantStart): string[] {
  return [
    hiveCommand,
    'supergraph',
    supergraph,
    '--config-path',
    'hive.config.mjs',
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
  ];
}
