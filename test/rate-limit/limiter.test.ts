import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import type { Principal } from '../../src/core/principal.ts';
import { createRequestRecord } from '../../src/core/request-context.ts';
import { createRateLimiter } from '../../src/rate-limit/limiter.ts';
import type { RateLimitDecision, RateLimiter } from '../../src/rate-limit/limiter.ts';
import type { RateLimitRule, RateLimitSubject } from '../../src/rate-limit/rule.ts';
import { connectRedis } from '../../src/redis/connect.ts';
import type { RedisConnections } from '../../src/redis/connect.ts';
import { findExecutable } from '../support/find-executable.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';
import type { TestRedisCluster } from '../support/redis-cluster.ts';
import { createRecordingLogger } from '../redis/recording-logger.ts';
import { startTcpProxy } from '../redis/tcp-proxy.ts';
import type { TcpProxy } from '../redis/tcp-proxy.ts';
import { whenReady } from '../redis/when-ready.ts';

const redisUrl = inject('redisUrl');

function principal(subject: string, issuer = 'https://identity.test'): Principal {
  return { subject, issuer, roles: [], scopes: [], claims: {} };
}
const anonymous = (clientAddress: string): RateLimitSubject => ({ principal: null, clientAddress });
const signedIn = (subject: string, clientAddress = '192.0.2.1', issuer?: string): RateLimitSubject => ({
  principal: principal(subject, issuer),
  clientAddress,
});
/** One request comes back every 30 minutes: while a test runs, none does. */
const rule = (more: Partial<RateLimitRule> = {}): RateLimitRule => ({
  name: 'client',
  key: 'principal',
  limit: 2,
  windowSeconds: 3600,
  ...more,
});

/** One request of a client. */
async function check(limiter: RateLimiter, subject: RateLimitSubject): Promise<RateLimitDecision> {
  return limiter.check({ ...subject, record: createRequestRecord() });
}

function refused(policy: string, retryAfter: number) {
  const message = `Too many requests: try again in ${retryAfter} s.`;
  return { code: 'RATE_LIMITED', message, extensions: { policy, retryAfter } };
}

async function countAdmitted(limiter: RateLimiter, subject: RateLimitSubject, requests: number): Promise<number> {
  let admitted = 0;
  for (let request = 0; request < requests; request += 1) {
    if ((await check(limiter, subject)).allowed) admitted += 1;
  }
  return admitted;
}

const hasRedisServer = (await findExecutable('redis-server')) !== undefined;
const missing = { 'in process': false, 'in Redis': redisUrl === null, 'in a Redis Cluster': !hasRedisServer };

for (const backend of ['in process', 'in Redis', 'in a Redis Cluster'] as const) {
  describe.skipIf(missing[backend])(`rate limits counted ${backend}`, () => {
    let cluster: TestRedisCluster | undefined;
    let connections: RedisConnections | undefined;
    let keyPrefix: string;

    beforeAll(async () => {
      if (backend === 'in a Redis Cluster') cluster = await startRedisCluster();
    });
    afterAll(async () => cluster?.stop());

    beforeEach(async () => {
      if (backend === 'in process') return;
      keyPrefix = `atrium-test:${randomUUID()}:`;
      const where = cluster === undefined ? { url: redisUrl ?? '' } : { cluster: cluster.urls };
      connections = connectRedis({ ...where, keyPrefix }, silentLogger);
      await whenReady(connections.limits.redis);
    });
    afterEach(async () => {
      const redis = cluster === undefined ? connections?.limits.redis : undefined;
      for (const key of (await redis?.keys(`${keyPrefix}*`)) ?? []) await redis?.del(key.slice(keyPrefix.length));
      connections?.close();
    });

    const limiterOf = (...rules: RateLimitRule[]) =>
      createRateLimiter(rules, { redis: connections?.limits, logger: silentLogger });

    it('admits the burst and no more, and tells what is left', async () => {
      const limiter = limiterOf(rule());
      const policy = { 'ratelimit-policy': '"client";q=2;w=3600' };
      expect(await check(limiter, signedIn('1'))).toEqual({
        allowed: true,
        refusal: undefined,
        headers: { ...policy, ratelimit: '"client";r=1;t=1800' },
      });
      expect(await check(limiter, signedIn('1'))).toEqual({
        allowed: true,
        refusal: undefined,
        headers: { ...policy, ratelimit: '"client";r=0;t=1800' },
      });
      expect(await check(limiter, signedIn('1'))).toEqual({
        allowed: false,
        refusal: refused('client', 1800),
        headers: { ...policy, ratelimit: '"client";r=0;t=1800', 'retry-after': '1800' },
      });
    });

    it('lets a burst differ from the limit', async () => {
      expect(await countAdmitted(limiterOf(rule({ burst: 1 })), signedIn('1'), 3)).toBe(1);
      expect(await countAdmitted(limiterOf(rule({ burst: 5 })), signedIn('1'), 8)).toBe(5);
    });

    it('admits exactly the burst of many requests at the same time', async () => {
      const limiter = limiterOf(rule({ burst: 10 }));
      const decisions = await Promise.all(Array.from({ length: 200 }, async () => check(limiter, signedIn('1'))));
      expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(10);
    });

    it('counts principals apart, and by issuer, wherever they come from', async () => {
      const limiter = limiterOf(rule());
      expect(await countAdmitted(limiter, signedIn('1', '192.0.2.1'), 2)).toBe(2);
      expect(await countAdmitted(limiter, signedIn('1', '192.0.2.2'), 1)).toBe(0);
      expect(await countAdmitted(limiter, signedIn('2'), 1)).toBe(1);
      expect(await countAdmitted(limiter, signedIn('1', '192.0.2.1', 'https://other.test'), 1)).toBe(1);
    });

    it('counts anonymous clients by address, IPv6 by network', async () => {
      const limiter = limiterOf(rule());
      expect(await countAdmitted(limiter, anonymous('192.0.2.1'), 3)).toBe(2);
      expect(await countAdmitted(limiter, anonymous('::ffff:192.0.2.1'), 1)).toBe(0);
      expect(await countAdmitted(limiter, anonymous('192.0.2.2'), 1)).toBe(1);
      expect(await countAdmitted(limiter, anonymous('2001:db8::1'), 2)).toBe(2);
      expect(await countAdmitted(limiter, anonymous('2001:db8::2'), 1)).toBe(0);
      expect(await countAdmitted(limiter, anonymous('2001:db8:0:1::1'), 1)).toBe(1);
    });

    it('does not take an address for a principal of that name', async () => {
      const limiter = limiterOf(rule());
      await countAdmitted(limiter, signedIn('192.0.2.1'), 2);
      expect(await countAdmitted(limiter, anonymous('192.0.2.1'), 2)).toBe(2);
    });

    it('counts everybody together under a global rule, and by address whoever is signed in under an ip rule', async () => {
      const everybody = limiterOf(rule({ name: 'all', key: 'global' }));
      expect(await countAdmitted(everybody, signedIn('1'), 1)).toBe(1);
      expect(await countAdmitted(everybody, anonymous('192.0.2.9'), 2)).toBe(1);
      const address = limiterOf(rule({ name: 'address', key: 'ip' }));
      expect(await countAdmitted(address, signedIn('1'), 2)).toBe(2);
      expect(await countAdmitted(address, signedIn('2'), 1)).toBe(0);
    });

    it('charges no rule when one of them refuses', async () => {
      const limiter = limiterOf(
        rule({ name: 'all', key: 'global', limit: 3 }),
        rule({ name: 'address', key: 'ip', limit: 100 }),
        rule({ limit: 1 }),
      );
      expect(await countAdmitted(limiter, signedIn('1'), 5)).toBe(1);
      expect(await countAdmitted(limiter, signedIn('2'), 5)).toBe(1);
      expect(await countAdmitted(limiter, signedIn('3'), 5)).toBe(1);
      expect((await check(limiter, signedIn('4'))).refusal).toEqual(refused('all', 1200));
    });

    it('names the most restrictive rule first and waits for the slowest that refuses', async () => {
      const limiter = limiterOf(
        rule({ name: 'wide', key: 'global', limit: 100 }),
        rule({ name: 'fast', key: 'ip', limit: 1, windowSeconds: 600 }),
        rule({ name: 'slow', key: 'ip', limit: 1, windowSeconds: 7200 }),
      );
      const first = await check(limiter, anonymous('192.0.2.1'));
      expect(first.headers['ratelimit']).toBe('"slow";r=0;t=7200, "fast";r=0;t=600, "wide";r=99;t=36');
      const second = await check(limiter, anonymous('192.0.2.1'));
      expect(second.refusal).toEqual(refused('slow', 7200));
      expect(second.headers['ratelimit-policy']).toBe('"wide";q=100;w=3600, "fast";q=1;w=600, "slow";q=1;w=7200');
    });
  });
}

describe('rate limits in process', () => {
  it('admit one more whenever the interval has passed', async () => {
    let now = 0;
    const rules = [rule({ limit: 4, windowSeconds: 2, burst: 2 })];
    const limiter = createRateLimiter(rules, { logger: silentLogger, clock: () => now });
    expect(await countAdmitted(limiter, signedIn('1'), 3)).toBe(2);
    now = 499;
    expect((await check(limiter, signedIn('1'))).refusal).toEqual(refused('client', 1));
    now = 500;
    expect(await countAdmitted(limiter, signedIn('1'), 2)).toBe(1);
    now = 10_000;
    expect(await countAdmitted(limiter, signedIn('1'), 3)).toBe(2);
  });

  it('admit everything and say nothing without rules', async () => {
    const limiter = createRateLimiter([], { logger: silentLogger });
    expect(await check(limiter, anonymous('192.0.2.1'))).toEqual({ allowed: true, refusal: undefined, headers: {} });
  });
});

describe.skipIf(redisUrl === null)('rate limits of several gateways', () => {
  const opened: RedisConnections[] = [];
  let keyPrefix: string;
  let proxy: TcpProxy;

  beforeEach(async () => {
    keyPrefix = `atrium-test:${randomUUID()}:`;
    proxy = await startTcpProxy(new URL(redisUrl ?? ''));
  });
  afterEach(async () => {
    for (const connections of opened.splice(0)) connections.close();
    await proxy.close();
    const { redis } = await openGateway(redisUrl ?? '');
    for (const key of await redis.keys(`${keyPrefix}*`)) await redis.del(key.slice(keyPrefix.length));
    opened.pop()?.close();
  });

  async function openGateway(url: string, logger = silentLogger) {
    const connections = connectRedis({ url, keyPrefix }, logger);
    opened.push(connections);
    await whenReady(connections.limits.redis);
    const limiter = createRateLimiter([rule({ burst: 10 })], { redis: connections.limits, logger });
    return { limiter, redis: connections.limits.redis };
  }

  it('admit exactly the burst together', async () => {
    const gateways = await Promise.all([1, 2, 3].map(async () => openGateway(redisUrl ?? '')));
    const decisions = await Promise.all(
      gateways.flatMap(({ limiter }) => Array.from({ length: 70 }, async () => check(limiter, signedIn('1')))),
    );
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(10);
  });

  it('keep neither names nor addresses in Redis, and one hash tag a client', async () => {
    const { limiter, redis } = await openGateway(redisUrl ?? '');
    await check(limiter, signedIn('ann@shop.test', '192.0.2.77'));
    await check(limiter, anonymous('192.0.2.77'));
    const keys = await redis.keys(`${keyPrefix}*`);
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(key.slice(keyPrefix.length)).toMatch(/^rl:\{[\w-]{22}\}:client:1800000000:18000000000$/);
      expect(await redis.pttl(key.slice(keyPrefix.length))).toBeGreaterThan(0);
    }
  });

  // Not on a Redis that others may be using.
  it.skipIf(process.env['REDIS_URL'] !== undefined)('survive the loss of the script', async () => {
    const { limiter, redis } = await openGateway(redisUrl ?? '');
    expect(await countAdmitted(limiter, signedIn('1'), 6)).toBe(6);
    await redis.script('FLUSH');
    expect(await countAdmitted(limiter, signedIn('1'), 6)).toBe(4);
  });

  it('go on in each process when Redis hangs, say so once, and are shared again afterwards', async () => {
    const { logger, lines } = createRecordingLogger();
    const { limiter, redis } = await openGateway(proxy.url, logger);
    expect(await countAdmitted(limiter, signedIn('1'), 4)).toBe(4);
    expect(await countAdmitted(limiter, signedIn('known'), 11)).toBe(10);
    proxy.freeze();
    expect(await countAdmitted(limiter, signedIn('1'), 20)).toBe(10);
    expect(await countAdmitted(limiter, signedIn('known'), 1)).toBe(0);
    expect(await countAdmitted(limiter, signedIn('1'), 1)).toBe(0);
    await proxy.kill();
    proxy.thaw();
    await proxy.revive();
    await whenReady(redis);
    const shared = 'info rate limits are counted in Redis again';
    // Another each time: whoever is refused is not asked about again.
    let client = 1;
    const askForOther = async () => check(limiter, signedIn(`other ${(client += 1)}`));
    await expect.poll(async () => (await askForOther()) && lines, { timeout: 15_000 }).toContain(shared);
    expect(lines.filter((line) => line.includes('by this process alone'))).toHaveLength(1);
    expect(await countAdmitted(limiter, signedIn('1'), 20)).toBe(6);
  });

  it('count in each process when the bucket in Redis is not a bucket', async () => {
    const { limiter, redis } = await openGateway(redisUrl ?? '');
    await check(limiter, signedIn('1'));
    for (const key of await redis.keys(`${keyPrefix}*`)) {
      await redis.del(key.slice(keyPrefix.length));
      await redis.lpush(key.slice(keyPrefix.length), 'x');
      await redis.pexpire(key.slice(keyPrefix.length), 60_000);
    }
    expect(await countAdmitted(limiter, signedIn('1'), 20)).toBe(10);
  });

  it('remember a refusal, so that repeating it asks Redis nothing', async () => {
    const { limiter } = await openGateway(proxy.url);
    await countAdmitted(limiter, signedIn('1'), 11);
    proxy.freeze();
    // A limiter that asked would find Redis hanging, and admit from its own empty bucket.
    const decision = await check(limiter, signedIn('1'));
    expect(decision.refusal).toEqual(refused('client', 1800));
    expect(decision.headers['ratelimit']).toBe('"client";r=0;t=1800');
  });
});
