import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRequestContext } from '../../src/core/request-context.ts';
import { createRateLimiter } from '../../src/rate-limit/limiter.ts';
import { connectRedis } from '../../src/redis/connect.ts';
import { createRecordingLogger } from '../redis/recording-logger.ts';
import { whenReady } from '../redis/when-ready.ts';
import { findExecutable } from '../support/find-executable.ts';
import { startRedisServer } from '../support/redis-server.ts';
import type { TestRedisServer } from '../support/redis-server.ts';

interface Fault {
  /** `admin` is a connection of the test's own. */
  readonly happen: (server: TestRedisServer, admin: Redis) => Promise<unknown>;
  readonly mend: (server: TestRedisServer, admin: Redis) => Promise<unknown>;
  /** Has Redis forgotten what was counted before? */
  readonly forgets?: true;
  /** Calls wait for an answer until one has run out of time. */
  readonly hangs?: true;
  /** Are the connections lost? Whether those to a server that hangs are is a question of how long it does. */
  readonly loses: number | 'some';
}

const faults: Readonly<Record<string, Fault>> = {
  'is killed and comes back empty': {
    happen: async (server) => server.kill(),
    mend: async (server) => server.restart(),
    forgets: true,
    loses: 2,
  },
  'is stopped (SIGSTOP)': {
    happen: async (server) => server.signal('SIGSTOP'),
    mend: async (server) => server.signal('SIGCONT'),
    hangs: true,
    loses: 'some',
  },
  'is killed, and loads for a long time': {
    async happen(server, admin) {
      for (let key = 0; key < 100; key += 1) await admin.set(`filler ${key}`, 'x'.repeat(1000));
      await admin.save();
      await server.kill();
      // Two minutes for what it holds; it answers in between.
      await server.restart('--key-load-delay', '1000000', '--loading-process-events-interval-bytes', '1024');
    },
    async mend(server) {
      await server.kill();
      await server.restart('--dbfilename', 'none.rdb');
    },
    forgets: true,
    loses: 2,
  },
  'is out of memory': {
    happen: async (_, admin) => admin.config('SET', 'maxmemory', '1'),
    mend: async (_, admin) => admin.config('SET', 'maxmemory', '0'),
    loses: 0,
  },
  'has become a replica': {
    happen: async (_, admin) => admin.replicaof('127.0.0.1', 1),
    mend: async (_, admin) => admin.replicaof('NO', 'ONE'),
    loses: 0,
  },
  'is busy with a script that does not end': {
    async happen(_, admin) {
      await admin.config('SET', 'busy-reply-threshold', '1');
      const running = admin.duplicate();
      running.eval('while true do end', 0).catch(() => running.disconnect());
      await expect.poll(async () => admin.ping().catch((error: Error) => error.message)).toContain('BUSY');
    },
    mend: async (_, admin) => admin.script('KILL'),
    loses: 0,
  },
};

const hasRedisServer = (await findExecutable('redis-server')) !== undefined;

describe.skipIf(!hasRedisServer)('limits while Redis', () => {
  async function open() {
    const server = await startRedisServer();
    if (server === undefined) throw new Error('expected a redis-server on the PATH, got none');
    const admin = new Redis(server.url);
    admin.on('error', () => {});
    const { logger, lines } = createRecordingLogger();
    const connections = connectRedis({ url: server.url, keyPrefix: 'limits:' }, logger);
    onTestFinished(async () => {
      connections.close();
      admin.disconnect();
      await server.stop();
    });
    await Promise.all([whenReady(connections.limits.redis), whenReady(connections.caches.redis)]);
    const rules = [{ name: 'clients', key: 'ip', limit: 10, windowSeconds: 3600 }] as const;
    const limiter = createRateLimiter(rules, { redis: connections.limits, logger });
    const admitted = async (requests: number, clientAddress = '192.0.2.1') => {
      const ask = async () => limiter.check(createRequestContext({ clientAddress }));
      const decisions = await Promise.all(Array.from({ length: requests }, ask));
      return decisions.filter(({ allowed }) => allowed).length;
    };
    return { server, admin, lines, admitted, connections, counters: connections.limits.counters };
  }

  it.each(Object.entries(faults))('%s', async (_, { happen, mend, forgets, hangs, loses }) => {
    const { server, admin, lines, admitted, connections, counters } = await open();
    lines.length = 0;
    expect(await admitted(4)).toBe(4);
    await happen(server, admin);
    // Nobody fails; each process counts alone, from an empty bucket.
    expect(await admitted(3)).toBe(3);
    const { timeouts } = counters;
    expect(timeouts).toBeLessThanOrEqual(3);
    for (let request = 0; request < 20; request += 1) await admitted(1);
    expect(await admitted(1)).toBe(0);
    // Whoever came after the first to wait in vain did not wait, or nobody had to.
    expect(timeouts > 0).toBe(hangs === true);
    expect(counters.timeouts).toBe(timeouts);

    await mend(server, admin);
    await whenReady(connections.limits.redis);
    const again = 'info rate limits are counted in Redis again';
    // Other clients, so that none of the first one's requests is used up.
    let client = 1;
    const askOther = async () => admitted(1, `198.51.100.${(client += 1)}`);
    await expect.poll(async () => (await askOther()) && lines, { timeout: 15_000, interval: 100 }).toContain(again);
    const left = await admitted(20);
    // A server that was stopped counts afterwards what was sent to it and given up.
    const whole = forgets === true ? 10 : 6;
    expect(hangs === true ? [3, 4, 5, 6] : [whole]).toContain(left);
    expect(lines.filter((line) => line.includes('counted by this process alone'))).toHaveLength(1);
    const losses = lines.filter((line) => line.includes('not reachable')).length;
    expect(loses === 'some' ? losses : loses).toBe(losses);
  });
});
