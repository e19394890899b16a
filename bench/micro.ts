import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { handWritten } from './floor/hand-written.ts';
import { createSides } from './micro/operations.ts';
import type { Operation } from './micro/operations.ts';
import { Stopwatch } from './micro/stopwatch.ts';
import { printTable } from './report.ts';
import { median } from './statistics.ts';
import { workloads } from './workloads.ts';
import { createCatalogue } from './worlds/catalogue.ts';
import { createShop } from './worlds/shop.ts';

const help = `CPU of execution alone, in this process and without sockets, beside the hand-written aggregator.

Usage: node bench/micro.ts [flags]

  --workload a    ${[...handWritten.keys()].join(', ')} (default: deep)
  --seconds N     for each of the two (default: 3)
  --in-flight N   operations at a time, interleaved by the event loop (default: 1)
  --only x        atrium or control: one alone, such as for node --cpu-prof`;

const sliceMs = 250;
const warmUpMs = 1_000;

const { values } = parseArgs({
  options: {
    workload: { type: 'string', default: 'deep' },
    seconds: { type: 'string', default: '3' },
    'in-flight': { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const workload = workloads.find(({ name }) => name === values.workload && handWritten.has(name));
const inFlight = Number(values['in-flight']);
const seconds = Number(values.seconds);
if (workload === undefined || !(inFlight >= 1) || !(seconds > 0)) {
  process.stderr.write(`${help}\n`);
  process.exit(1);
}

const gcs: { at: number; ms: number; major: boolean }[] = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    // Node's types know no `detail` of entries, those of GC have one.
    const { detail } = entry as { detail?: { kind?: number } };
    gcs.push({
      at: entry.startTime,
      ms: entry.duration,
      major: detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR,
    });
  }
}).observe({ entryTypes: ['gc'] });

interface Slice {
  readonly operations: number;
  readonly cpuMs: number;
  readonly gcMs: number;
  readonly majorGcs: number;
  readonly minorGcs: number;
}

const stopwatch = new Stopwatch();
const world = workload.world === 'catalogue' ? createCatalogue() : createShop();
const sides = (await createSides(workload, world, inFlight > 1, stopwatch)).filter(
  ({ key }) => values.only === undefined || values.only === key,
);
for (const { operation } of sides) await measure(operation, warmUpMs);
const slices = new Map(sides.map(({ key }): [string, Slice[]] => [key, []]));
for (let round = 0; round < (seconds * 1_000) / sliceMs; round += 1) {
  const turns = round % 2 === 0 ? sides : sides.toReversed();
  for (const { key, operation } of turns) slices.get(key)?.push(await measure(operation, sliceMs));
}

const rows: string[][] = [];
for (const { key, title, timed, answers } of sides) {
  const own = slices.get(key) ?? [];
  const operations = own.reduce((sum, slice) => sum + slice.operations, 0);
  const per = (figure: (slice: Slice) => number, count = 1) =>
    (own.reduce((sum, slice) => sum + figure(slice), 0) * count) / operations;
  stopwatch.take();
  const parts = await measure(timed, 4 * sliceMs);
  const shares = [...stopwatch.take()]
    .map(([part, ms]) => `${part} ${((1_000 * ms) / parts.operations).toFixed(0)}`)
    .join(', ');
  rows.push([
    title,
    per(({ cpuMs }) => cpuMs, 1_000).toFixed(1),
    ratioOf(key)?.toFixed(2) ?? '',
    per(({ gcMs }) => gcMs, 1_000).toFixed(1),
    per(({ majorGcs }) => majorGcs, 1_000).toFixed(2),
    per(({ minorGcs }) => minorGcs, 1_000).toFixed(2),
    String(operations),
    (answers.bytes / 1_000).toFixed(1),
    shares,
  ]);
}
process.stdout.write(
  `### ${workload.name}, ${inFlight} in flight, microseconds per operation\n\n${printTable(
    [
      '',
      'CPU',
      '× control',
      'GC',
      'major GCs / 1,000',
      'minor GCs / 1,000',
      'operations',
      'KB parsed',
      'of the main thread (a slice with a stopwatch)',
    ],
    rows,
  )}\n`,
);

/** Runs for so long, and then to the end of what was begun. */
async function measure(operation: Operation, milliseconds: number): Promise<Slice> {
  const since = performance.now();
  const cpu = process.cpuUsage();
  let operations = 0;
  const work = async () => {
    while (performance.now() - since < milliseconds) {
      await operation();
      operations += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  const { user, system } = process.cpuUsage(cpu);
  const until = performance.now();
  // The observer hears of collections in a later turn.
  await sleep(5);
  const own = gcs.splice(0).filter(({ at }) => at >= since && at <= until);
  return {
    operations,
    cpuMs: (user + system) / 1_000,
    gcMs: own.reduce((sum, { ms }) => sum + ms, 0),
    majorGcs: own.filter(({ major }) => major).length,
    minorGcs: own.filter(({ major }) => !major).length,
  };
}

/** The median over the rounds, in which both have run one after the other. */
function ratioOf(key: string): number | undefined {
  const [own, control] = [slices.get(key), slices.get('control')];
  if (own === undefined || control === undefined) return undefined;
  const cost = (slice: Slice | undefined) => (slice === undefined ? Number.NaN : slice.cpuMs / slice.operations);
  return median(own.map((slice, round) => cost(slice) / cost(control[round])));
}
