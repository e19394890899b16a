import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { openArena } from './arena.ts';
import { contestantsWith, telemetryContestants } from './contestants.ts';
import { measureWorkload } from './measure-workload.ts';
import { help, parseOptions } from './options.ts';
import type { BenchOptions } from './options.ts';
import { measureFaults } from './faults.ts';
import { measurePlanning } from './planning.ts';
import { measureRedis } from './redis/measure-redis.ts';
import { printFigures, printSummary } from './report.ts';
import type { WorkloadResult } from './report.ts';
import { soak } from './soak.ts';
import { measureStart } from './start/measure-start.ts';
import { openCollector } from './support/open-collector.ts';
import { workloads } from './workloads.ts';

const say = (text: string) => process.stderr.write(`${text}\n`);
const print = (text: string) => process.stdout.write(`${text}\n`);

// The children die with this process: see support/child.ts.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') print(help);
  else await bench(options);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function bench(options: BenchOptions): Promise<void> {
  if (options.start) {
    print(`${describeMachine()}.\n\n${await measureStart(options.rounds, say)}`);
    return;
  }
  if (options.planning) {
    print(`${describeMachine()}.\n\n${await measurePlanning(options.rounds)}`);
    return;
  }
  if (options.redis) {
    print(`${describeMachine()}.`);
    await measureRedis(say);
    return;
  }
  const names: readonly string[] = [...options.contestants, 'against'];
  const wanted = options.telemetry
    ? telemetryContestants
    : contestantsWith(options.against).filter(({ name }) => names.includes(name));
  const present = wanted.filter(({ title, missing }) => {
    if (missing !== undefined) say(`${title} is left out: ${missing}`);
    return missing === undefined;
  });
  const asked = workloads.filter(({ name }) => options.workloads.includes(name));
  const arena = await openArena();
  const collector = options.telemetry ? await openCollector() : undefined;
  try {
    if (options.faults) {
      print(`${describeMachine()}.\n\n${await measureFaults(arena, options.seconds, say)}`);
      return;
    }
    if (options.soak !== undefined) {
      for (const workload of asked) print(await soak(arena, workload, present, options.soak, say));
      return;
    }
    print(`${describeMachine()}. CPU of the gateway process per request, user and system.`);
    const results: WorkloadResult[] = [];
    for (const workload of asked) {
      const taking = present.filter(({ workloads }) => workloads?.includes(workload.name) !== false);
      const figures = await measureWorkload(arena, workload, taking, options, say);
      results.push({ workload, figures });
      print(`\n${printFigures(workload, figures)}`);
    }
    print(`\n### Summary\n\n${printSummary(results, present)}`);
    if (options.out !== undefined) await writeResults(options, results);
  } finally {
    collector?.close();
    await arena.close();
  }
}

async function writeResults({ out = '', ...options }: BenchOptions, results: readonly WorkloadResult[]): Promise<void> {
  const { seconds, warmUpSeconds, rounds } = options;
  const rounded = (_key: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value);
  const machine = { description: describeMachine(), cores: cpus().length, memoryGb: Math.round(totalmem() / 1e9) };
  const workloads = results.map(({ workload: { name, title, connections }, figures }) => ({
    name,
    title,
    connections,
    figures,
  }));
  const report = {
    date: new Date().toISOString(),
    machine,
    versions: versions(),
    seconds,
    warmUpSeconds,
    rounds,
    workloads,
  };
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, `${withListsOnOneLine(JSON.stringify(report, rounded, 2))}\n`);
  say(`Written to ${out}`);
}

/** As the repository's formatter wants lists of numbers. */
function withListsOnOneLine(json: string): string {
  return json.replaceAll(/\[[\s\d.,]+\]/g, (list) => `[${list.slice(1, -1).trim().split(/,\s+/).join(', ')}]`);
}

function describeMachine(): string {
  const [cpu] = cpus();
  return `Node ${process.versions.node}, ${cpus().length} cores of ${cpu?.model.trim() ?? 'an unknown kind'}, ${process.platform}`;
}

function versions(): Record<string, string> {
  const dependencies = (file: string) => {
    const { dependencies } = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    return Object.entries(dependencies);
  };
  const relevant = new Set([
    '@apollo/gateway',
    '@apollo/server',
    'fastify',
    'graphql',
    'undici',
    '@graphql-hive/gateway',
    '@graphql-hive/router-runtime',
  ]);
  const all = [...dependencies('../package.json'), ...dependencies('peers/package.json')];
  return Object.fromEntries(all.filter(([name]) => relevant.has(name)));
}
