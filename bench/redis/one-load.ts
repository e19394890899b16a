/**
 * How often 40 requests, spread over five gateways that share a Redis, make the subgraphs load the same two entries that
 * nobody has, beside five gateways without a cache. `node bench/redis/one-load.ts [--rounds N]`
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startRedisServer } from '../../test/support/redis-server.ts';
import { openArena } from '../arena.ts';
import { contestants } from '../contestants.ts';
import { printTable } from '../report.ts';
import { median } from '../statistics.ts';
import { workloads } from '../workloads.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10' } } });
const REPLICAS = 5;
const REQUESTS = 40;

const workload = workloads.find(({ name }) => name === 'look-ups');
const atrium = contestants.find(({ name }) => name === 'atrium');
const server = await startRedisServer();
if (workload === undefined || atrium === undefined) throw new Error('expected the workload and Atrium');
if (server === undefined) throw new Error('expected a redis-server on the PATH, got none');

const folder = await mkdtemp(join(tmpdir(), 'atrium-bench-load-'));
const arena = await openArena();
try {
  const rows: string[][] = [];
  const configs = { 'no cache': {}, 'entity cache': { redis: { url: server.url }, cache: { entities: {} } } };
  for (const [title, config] of Object.entries(configs)) {
    const file = join(folder, `${rows.length}.config.ts`);
    await writeFile(file, `export default ${JSON.stringify({ ...config, logging: { level: 'silent' } })};`);
    const contestant = {
      ...atrium,
      title,
      args: (start) => [...atrium.args(start), '--config', file],
    } satisfies typeof atrium;
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => arena.start(contestant, workload)));
    const calls: number[] = [];
    const milliseconds: number[] = [];
    // The first finds nothing compiled, and connections that are slow for it.
    for (let round = -1; round < Number(values.rounds); round += 1) {
      const body = workload.body(1_000 + round);
      const before = await arena.calls();
      const since = performance.now();
      const each = Array.from({ length: REQUESTS / REPLICAS }, () => replicas).flat();
      await Promise.all(each.map((replica) => replica.ask(body, undefined)));
      if (round < 0) continue;
      milliseconds.push(performance.now() - since);
      calls.push((await arena.calls()) - before);
    }
    rows.push([title, String(Math.min(...calls)), String(Math.max(...calls)), median(milliseconds).toFixed(0)]);
    await Promise.all(replicas.map((replica) => replica.stop()));
  }
  const heads = [`${REQUESTS} requests, ${REPLICAS} gateways`, 'fewest calls', 'most calls', 'all answered after, ms'];
  process.stdout.write(`${printTable(heads, rows)}\n`);
} finally {
  await arena.close();
  await server.stop();
  await rm(folder, { recursive: true });
}
