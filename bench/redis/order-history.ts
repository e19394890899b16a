/**
 * What the cache saves of order history: calls, CPU of the gateway and latency, with every request of another client, without a
 * cache, with a warm one in Redis, with its first level, and in process. `node bench/redis/order-history.ts [--seconds N] [--rounds N]`
 */
import { parseArgs } from 'node:util';
import type { Measured } from '../arena.ts';
import { printTable } from '../report.ts';
import { median } from '../statistics.ts';
import { inRedisArena } from './redis-arena.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '3' }, rounds: { type: 'string', default: '5' } },
});
const MAX_REQUESTS = 200_000;

await inRedisArena('order-history', async ({ redis: { url }, start }) => {
  const redis = { url };
  const configs: Readonly<Record<string, object>> = {
    'no cache': {},
    'Redis, every batch read': { redis, cache: { entities: { firstLevel: { maxBytes: 0 } } } },
    'Redis and first level': { redis, cache: { entities: {} } },
    'in process': { cache: { entities: {} } },
  };
  const running = await Promise.all(Object.entries(configs).map(([title, config]) => start(title, config)));
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
});
