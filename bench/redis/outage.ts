/**
 * What clients notice when Redis stops answering under load and comes back: requests, p50 and p99 before, in the first
 * second, later, and after, beside the same gateway that needs no Redis. A single error ends it.
 * `node bench/redis/outage.ts [--seconds N]`
 */
import { parseArgs } from 'node:util';
import { printTable } from '../report.ts';
import { inRedisArena } from './redis-arena.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' } } });
const seconds = Number(values.seconds);
const MAX_REQUESTS = 200_000;
const policies = {
  cache: { entities: {} },
  rateLimit: { rules: [{ name: 'everyone', key: 'ip', limit: 1_000_000_000, windowSeconds: 3_600 }] },
};

await inRedisArena('order-history', async ({ redis, start }) => {
  const shared = await start('on-redis', { ...policies, redis: { url: redis.url } });
  const alone = await start('in-process', policies);
  let from = 1_000;
  const load = async (one: typeof shared, span: number) => {
    const result = await one.load({ seconds: span, maxRequests: MAX_REQUESTS, from });
    from = result.next;
    return result;
  };
  const rows: string[][] = [];
  const phase = async (title: string, span: number) => {
    const [own, control] = [await load(shared, span), await load(alone, span)];
    rows.push([
      title,
      ...[own, control].flatMap(({ requests, p50, p99 }) => [String(requests), p50.toFixed(1), p99.toFixed(1)]),
    ]);
  };
  for (const one of [shared, alone]) await load(one, seconds);
  await phase('before', seconds);
  redis.signal('SIGSTOP');
  await phase('the first second without Redis', 1);
  await phase('still without', seconds);
  redis.signal('SIGCONT');
  await phase('the first second with it again', 1);
  await phase('after', seconds);
  const heads = ['no error in', 'requests', 'p50, ms', 'p99, ms', 'in process', 'p50, ms', 'p99, ms'];
  process.stdout.write(`${printTable(heads, rows)}\n`);
});
