/**
 * What the cache saves of order history: calls, CPU of the gateway and latency, with every request of another client, without a
 * cache, with a warm one in Redis, with its first level, and in process. `node bench/redis/order-history.ts [--seconds N] [--rounds N]`
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startRedisServer } from '../../test/support/redis-server.ts';
import { openArena } from '../arena.ts';
import type { Measured } from '../arena.ts';
import { contestants } from '../contestants.ts';
import type { Contestant } from '../contestants.ts';
import { printTable } from '../report.ts';
import { median } from '../statistics.ts';
import { workloads } from '../workloads.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '3' }, rounds: { type: 'string', default: '5' } },
});
const MAX_REQUESTS = 200_000;

const workload = workloads.find(({ name }) => name === 'order-history');
const atrium = contestants.find(({ name }) => name === 'atrium');
const server = await startRedisServer();
if (workload === undefined || atrium === undefined) throw new Error('expected the workload and Atrium');
if (server === undefined) throw new Error('expected a redis-server on the PATH, got none');
const redis = { url: server.url };
const configs: Readonly<Record<string, object>> = {
  'no cache': {},
  'Redis, every batch read': { redis, cache: { entities: { firstLevel: { maxBytes: 0 } } } },
  'Redis and first level': { redis, cache: { entities: {} } },
  'in process': { cache: { entities: {} } },
};

const folder = await mkdtemp(join(tmpdir(), 'atrium-bench-cache-'));
const arena = await openArena();
try {
  const running = await Promise.all(
    Object.entries(configs).map(async ([title, config], index) => {
      const file = join(folder, `${index}.config.ts`);
      await writeFile(file, `export default ${JSON.stringify({ ...config, logging: { level: 'silent' } })};`);
      const contestant: Contestant = { ...atrium, title, args: (start) => [...atrium.args(start), '--config', file] };
      return arena.start(contestant, workload);
    }),
  );
  const measured = new Map(running.map(({ contestant: { title } }): [string, Measured[]] => [title, []]));
  let from = 1_000;
  for (let round = -1; round < Number(values.rounds); round += 1) {
    for (const one of round % 2 === 0 ? running : running.toReversed()) {
      const result = await one.load({ seconds: Number(values.seconds), maxRequests: MAX_REQUESTS, from });
      from = result.next;
      if (round >= 0) measured.get(one.contestant.title)?.push(result);
    }
  }
  const figures: readonly [string, (one: Measured) => number][] = [
    ['calls', ({ callsPerRequest }) => callsPerRequest],
    ['CPU, ms', ({ cpuMsPerRequest }) => cpuMsPerRequest],
    ['p50, ms', ({ p50 }) => p50],
    ['p99, ms', ({ p99 }) => p99],
  ];
  const rows = [...measured].map(([title, rounds]) => [
    title,
    ...figures.map(([, figure]) => median(rounds.map(figure)).toFixed(2)),
  ]);
  process.stdout.write(`${printTable(['', ...figures.map(([head]) => head)], rows)}\n`);
} finally {
  await arena.close();
  await server.stop();
  await rm(folder, { recursive: true });
}
