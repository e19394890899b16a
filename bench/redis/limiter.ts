/**
 * What a check against a limit in Redis costs this process: CPU per check beside PING and beside
 * rate-limiter-flexible's fixed window, one connection each. `node bench/redis/limiter.ts [--rounds N]`
 */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { silentLogger } from '../../src/core/logger.ts';
import { createRequestRecord } from '../../src/core/request-context.ts';
import { createRateLimiter } from '../../src/rate-limit/limiter.ts';
import { createMemoryBuckets } from '../../src/rate-limit/memory-buckets.ts';
import { createRedisBuckets } from '../../src/rate-limit/redis-buckets.ts';
import type { RateLimitRule } from '../../src/rate-limit/rule.ts';
import { connectRedis } from '../../src/redis/connect.ts';
import { startRedisServer } from '../../test/support/redis-server.ts';
import { printTable } from '../report.ts';
import { median } from '../statistics.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const IN_FLIGHT = [1, 50];
const CHECKS = 10_000;
/** Rounds until everything is compiled. */
const WARM_UP = 3;
const CLIENTS = 1_000;

interface Contestant {
  readonly name: string;
  readonly check: (client: number) => Promise<unknown>;
}

const server = await startRedisServer();
if (server === undefined) throw new Error('expected a redis-server on the PATH, got none');
const connections = connectRedis({ url: server.url, keyPrefix: 'bench:' }, silentLogger);
const { redis: guarded, counters } = connections.limits;
const redis = new Redis(server.url);
await Promise.all([guarded, redis].map(async (client) => once(client, 'ready')));

const subjects = Array.from({ length: CLIENTS }, (_, index) => ({
  principal: { subject: `user-${index}`, issuer: 'https://id.shop.example', roles: [], scopes: [], claims: {} },
  clientAddress: '192.0.2.1',
}));
const everyone: RateLimitRule = { name: 'everyone', key: 'global', limit: 1_000_000_000, windowSeconds: 3600 };
const clients: RateLimitRule = { ...everyone, name: 'clients', key: 'principal' };

// As bare as rate-limiter-flexible: a key that is there already, and a number back. The others also say whose bucket it is
// and write the headers of the answer.
const clock = () => performance.now();
const buckets = createRedisBuckets(connections.limits, {
  fallback: createMemoryBuckets(clock),
  logger: silentLogger,
  clock,
});
const bucketOf = (client: number) => ({
  key: `rl:{user-${client}}`,
  increment: 4,
  tolerance: 4_000_000_000,
  group: 0,
  onError: 'local' as const,
});

const contestants: Contestant[] = [
  { name: 'PING', check: async () => redis.ping() },
  ...rateLimiterFlexible(),
  { name: 'Atrium, the bucket alone', check: async (client) => buckets.take([bucketOf(client)]) },
  limited('one rule', clients),
  limited('two rules', clients, everyone),
];

for (const inFlight of IN_FLIGHT) {
  const microseconds = new Map(contestants.map(({ name }): [string, number[]] => [name, []]));
  for (let round = 0; round < WARM_UP + Number(values.rounds); round += 1) {
    for (const { name, check } of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const cost = await measure(check, inFlight);
      if (round >= WARM_UP) microseconds.get(name)?.push(cost);
    }
  }
  const ratio = (name: string, base: string): string => {
    const [own = [], others = []] = [microseconds.get(name), microseconds.get(base)];
    const value = median(own.map((cost, round) => cost / (others[round] ?? Number.NaN)));
    return Number.isNaN(value) ? '' : value.toFixed(2);
  };
  const rows = [...microseconds].map(([name, costs]) => [
    name,
    median(costs).toFixed(1),
    ratio(name, 'PING'),
    ratio(name, 'rate-limiter-flexible'),
  ]);
  const heads = ['', 'CPU, µs', '× PING', '× rate-limiter-flexible'];
  process.stdout.write(`### ${inFlight} in flight\n\n${printTable(heads, rows)}\n\n`);
}
connections.close();
redis.disconnect();
await server.stop();

function limited(name: string, ...rules: readonly RateLimitRule[]): Contestant {
  const limiter = createRateLimiter(rules, { redis: connections.limits, logger: silentLogger });
  return {
    name: `Atrium, ${name}`,
    async check(client) {
      const { principal = null, clientAddress = '' } = subjects[client] ?? {};
      const { allowed } = await limiter.check({ principal, clientAddress, record: createRequestRecord() });
      if (!allowed) throw new Error('expected to be let in, was refused');
    },
  };
}

/** Nothing when the peers are not installed. */
function rateLimiterFlexible(): Contestant[] {
  interface Limiter {
    consume(key: string): Promise<unknown>;
  }
  type Module = { RateLimiterRedis: new (options: object) => Limiter };
  try {
    const { RateLimiterRedis } = createRequire(new URL('../peers/package.json', import.meta.url))(
      'rate-limiter-flexible',
    ) as Module;
    const limiter = new RateLimiterRedis({ storeClient: redis, points: 1_000_000_000, duration: 3600 });
    return [{ name: 'rate-limiter-flexible', check: async (client) => limiter.consume(`user-${client}`) }];
  } catch {
    process.stderr.write('Without rate-limiter-flexible: `npm run bench:peers` installs it.\n');
    return [];
  }
}

/** CPU of this process for each of `CHECKS` checks, in microseconds; once more when Redis did not answer all of them. */
async function measure(check: Contestant['check'], inFlight: number): Promise<number> {
  const lost = () => counters.timeouts + counters.errors + counters.skipped;
  const lostBefore = lost();
  let started = 0;
  const before = process.cpuUsage();
  const work = async () => {
    while (started < CHECKS) {
      started += 1;
      await check(started % CLIENTS);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  const { user, system } = process.cpuUsage(before);
  if (lost() > lostBefore) {
    await expectAnswer();
    return measure(check, inFlight);
  }
  return (user + system) / CHECKS;
}

async function expectAnswer(): Promise<void> {
  for (;;) {
    try {
      await connections.limits.run(async (client) => client.ping());
      return;
    } catch {
      await sleep(100);
    }
  }
}
