/**
 * How often 40 requests, spread over five gateways that share a Redis, make the subgraphs load the same two entries that
 * nobody has, beside five gateways without a cache. `node bench/redis/one-load.ts [--rounds N]`
 */
import { parseArgs } from 'node:util';
import { printTable } from '../report.ts';
import { median } from '../statistics.ts';
import { inRedisArena } from './redis-arena.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10' } } });
const REPLICAS = 5;
const REQUESTS = 40;

await inRedisArena('look-ups', async ({ arena, workload, redis: { url }, start }) => {
  const rows: string[][] = [];
  const configs = { 'no cache': {}, 'entity cache': { redis: { url }, cache: { entities: {} } } };
  for (const [title, config] of Object.entries(configs)) {
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => start(title, config)));
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
});
