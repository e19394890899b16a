import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { rule as shieldRule, shield } from '../../src/authorization/shield.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createRequestContext } from '../../src/core/request-context.ts';
import type { RequestContext } from '../../src/core/request-context.ts';
import type { AtriumGatewayOptions } from '../../src/gateway-options.ts';
import { createRateLimiter } from '../../src/rate-limit/limiter.ts';
import type { RateLimiter, RateLimiterOptions } from '../../src/rate-limit/limiter.ts';
import type { RateLimitRule } from '../../src/rate-limit/rule.ts';
import { connectRedis } from '../../src/redis/connect.ts';
import { createRecordingLogger } from '../redis/recording-logger.ts';
import { whenReady } from '../redis/when-ready.ts';
import { createTestGateway } from '../support/create-test-gateway.ts';
import type { TestGateway, TestSubgraph } from '../support/create-test-gateway.ts';
import { findExecutable } from '../support/find-executable.ts';
import { freePort } from '../support/free-port.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';

const shop: TestSubgraph = {
  sdl: `type Query { me: User products: [Product!]! }
    type Mutation { login(name: String): String wipe: Boolean! }
    type User { name: String email: String }
    type Product { name: String stock: Int }`,
  resolvers: {
    Query: {
      me: () => ({ name: 'Ann', email: 'ann@shop.test' }),
      products: () => [1, 2].map((number) => ({ name: `p${number}`, stock: number })),
    },
    Mutation: { login: (_: unknown, { name }: { name?: string }) => name ?? 'somebody', wipe: () => true },
  },
};

/** One comes back every 12 minutes: while a test runs, none does. */
const rule = (more: Partial<RateLimitRule> & { scope: string }): RateLimitRule => ({
  name: 'limit',
  key: 'ip',
  limit: 5,
  windowSeconds: 3600,
  ...more,
});

describe('limits on operations and fields', () => {
  const opened: TestGateway[] = [];
  let limiter: RateLimiter;
  let lines: string[];
  afterEach(async () => {
    for (const gateway of opened.splice(0)) await gateway.stop();
  });

  async function open(
    rules: readonly RateLimitRule[],
    more: Partial<AtriumGatewayOptions & RateLimiterOptions> = {},
  ): Promise<TestGateway> {
    const { logger, lines: written } = createRecordingLogger();
    lines = written;
    const { redis, clock = () => 0, ...options } = more;
    limiter = createRateLimiter(rules, { redis, clock, logger });
    const gateway = await createTestGateway({ shop }, { rateLimits: limiter.operations, ...options });
    opened.push(gateway);
    return gateway;
  }

  /** As through the door: the request's limits first. */
  async function ask(gateway: TestGateway, query: string, given: Partial<RequestContext> = {}) {
    const context = createRequestContext({ clientAddress: '192.0.2.1', ...given });
    const { allowed, headers } = await limiter.check(context);
    for (const [name, value] of Object.entries(headers)) context.responseHeaders.set(name, value);
    if (!allowed) throw new Error('refused at the door');
    const { data, errors } = await gateway.ask(query, {}, context);
    return { data, errors, headers: Object.fromEntries(context.responseHeaders), record: context.record };
  }
  const asked = (gateway: TestGateway) => gateway.calls.map(({ query }) => query).join('\n');
  const logins = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => `a${from + index}: login(name: "a${from + index}")`).join(' ');

  it('A28: counts every alias of a field, and asks nobody for more calls than the burst', async () => {
    const gateway = await open([rule({ scope: 'Mutation.login' })]);
    const { data, errors } = await ask(gateway, `mutation { ${logins(100)} }`);
    expect(Object.values(data ?? {})).toEqual(Array(100).fill(null));
    expect(errors).toHaveLength(100);
    expect(errors?.[99]).toEqual({
      message: 'Expected at most 5 calls of Mutation.login at once, got 100.',
      path: ['a99'],
      extensions: { code: 'RATE_LIMITED', policy: 'limit' },
    });
    expect(gateway.calls).toEqual([]);
    // Nothing was charged for it.
    expect((await ask(gateway, `mutation { ${logins(3)} }`)).data).toEqual({ a0: 'a0', a1: 'a1', a2: 'a2' });
    expect((await ask(gateway, `mutation { ${logins(3)} }`)).errors?.[0]).toEqual({
      message: 'Too many calls of Mutation.login: try again in 720 s.',
      path: ['a0'],
      extensions: { code: 'RATE_LIMITED', policy: 'limit', retryAfter: 720 },
    });
    expect((await ask(gateway, `mutation { ${logins(2)} }`)).errors).toBeUndefined();
    expect(asked(gateway).match(/login\(/g)).toHaveLength(5);
  });

  it('answers the rest beside a refused field, wherever it stands, and tells what is left', async () => {
    const rules = [rule({ scope: 'Product.stock', limit: 2 }), rule({ name: 'all', scope: 'operation', limit: 9 })];
    const gateway = await open(rules);
    expect((await ask(gateway, '{ products { stock } }')).data).toEqual({ products: [{ stock: 1 }, { stock: 2 }] });
    const { data, errors, headers } = await ask(gateway, '{ products { name s: stock again: stock } me { name } }');
    expect(data).toEqual({
      products: [
        { name: 'p1', s: null, again: null },
        { name: 'p2', s: null, again: null },
      ],
      me: { name: 'Ann' },
    });
    expect(errors?.map(({ path }) => path?.join('.')).toSorted()).toEqual([
      'products.0.again',
      'products.0.s',
      'products.1.again',
      'products.1.s',
    ]);
    expect(headers).toMatchObject({
      'ratelimit-policy': '"limit";q=2;w=3600, "all";q=9;w=3600',
      ratelimit: '"limit";r=1;t=1800, "all";r=7;t=400',
    });
    expect(headers).not.toHaveProperty('retry-after');
    expect(gateway.calls.at(-1)?.query).not.toContain('stock');
    // A field alone that is refused leaves nothing to ask.
    const calls = gateway.calls.length;
    expect((await ask(gateway, '{ products { __typename } }')).errors).toBeUndefined();
    expect(gateway.calls).toHaveLength(calls + 1);
  });

  it('counts a field once an operation when the rule charges requests, and lets its rules refuse together', async () => {
    const gateway = await open([
      rule({ scope: 'Mutation.login', charge: 'request', limit: 2 }),
      rule({ name: 'everybody', key: 'global', scope: 'Mutation.login', limit: 100 }),
    ]);
    const refusals: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      const { errors } = await ask(gateway, `mutation { ${logins(4)} }`);
      refusals.push(errors?.length ?? 0);
    }
    expect(refusals).toEqual([0, 0, 4]);
    // What the second rule would have taken for the refused ones it has not.
    const { headers } = await ask(gateway, `mutation { ${logins(1)} }`, { clientAddress: '192.0.2.2' });
    expect(headers['ratelimit']).toContain('"everybody";r=91;');
  });

  it('does not count what authorization denies', async () => {
    const nobody = shieldRule('nobody')(() => false);
    const gateway = await open([rule({ scope: 'User.email', limit: 1 })], {
      rules: shield({ User: { email: nobody } }),
    });
    for (let time = 0; time < 2; time += 1) {
      const { errors, headers } = await ask(gateway, '{ me { name email } }');
      expect(errors?.map(({ extensions }) => extensions?.['code'])).toEqual(['FORBIDDEN']);
      expect(headers).not.toHaveProperty('ratelimit');
    }
  });

  it('holds while rules are only tried out', async () => {
    const nobody = shieldRule('nobody')(() => false);
    const gateway = await open([rule({ scope: 'User.email', limit: 1 })], {
      rules: shield({ User: { name: nobody } }),
      enforcement: 'dryRun',
    });
    expect((await ask(gateway, '{ me { name email } }')).data).toEqual({ me: { name: 'Ann', email: 'ann@shop.test' } });
    const { data, errors } = await ask(gateway, '{ me { name email } }');
    expect(data).toEqual({ me: { name: 'Ann', email: null } });
    expect(errors?.map(({ extensions }) => extensions?.['code'])).toEqual(['RATE_LIMITED']);
  });

  it('refuses an operation whole, gives back what the request has taken, and says when', async () => {
    const gateway = await open([
      rule({ name: 'requests', scope: 'request', limit: 4 }),
      rule({ name: 'writes', scope: 'operation', operations: ['mutation'], limit: 1 }),
    ]);
    await ask(gateway, `mutation { ${logins(1)} }`);
    for (let time = 0; time < 9; time += 1) {
      const { data, errors, headers } = await ask(gateway, `mutation { ${logins(1, 1)} }`);
      expect(data).toBeUndefined();
      expect(errors).toEqual([
        {
          message: 'Too many requests: try again in 3600 s.',
          extensions: expect.objectContaining({ code: 'RATE_LIMITED', policy: 'writes', retryAfter: 3600 }),
        },
      ]);
      expect(headers).toMatchObject({
        'ratelimit-policy': '"requests";q=4;w=3600, "writes";q=1;w=3600',
        ratelimit: '"writes";r=0;t=3600, "requests";r=3;t=900',
        'retry-after': '3600',
      });
    }
    expect(gateway.calls).toHaveLength(1);
    // Queries are not meant, and three requests are left for them.
    for (let time = 0; time < 3; time += 1) expect((await ask(gateway, '{ me { name } }')).errors).toBeUndefined();
    await expect(ask(gateway, '{ me { name } }')).rejects.toThrow('refused at the door');
  });

  it('gives everything back when a refused field makes a mutation null as a whole', async () => {
    const gateway = await open([
      rule({ name: 'requests', scope: 'request', limit: 3 }),
      rule({ name: 'wipes', scope: 'Mutation.wipe', limit: 1 }),
      rule({ name: 'logins', scope: 'Mutation.login', limit: 2 }),
    ]);
    await ask(gateway, 'mutation { wipe }');
    for (let time = 0; time < 9; time += 1) {
      const { data, errors } = await ask(gateway, `mutation { ${logins(1)} wipe }`);
      expect(data).toBeNull();
      expect(errors).toEqual([
        {
          message: 'Too many calls of Mutation.wipe: try again in 3600 s.',
          path: ['wipe'],
          extensions: { code: 'RATE_LIMITED', policy: 'wipes', retryAfter: 3600 },
        },
      ]);
    }
    expect((await ask(gateway, `mutation { ${logins(2)} }`)).errors).toBeUndefined();
    expect(asked(gateway).match(/wipe/g)).toHaveLength(1);
  });

  it('charges what an operation may cost, settles with what it did, and never admits more than the burst', async () => {
    let now = 0;
    const rules = [rule({ scope: 'operation', charge: 'cost', limit: 100, burst: 55 })];
    const gateway = await open(rules, { clock: () => now });
    const remaining = async () => (await ask(gateway, '{ me { name } }')).headers['ratelimit'];
    // A list of unknown length counts as ten objects beside the root, and two is what it has.
    const lists = (count: number) =>
      `{ ${Array.from({ length: count }, (_, index) => `l${index}: products { name }`).join(' ')} }`;

    expect((await ask(gateway, lists(3))).headers['ratelimit']).toBe('"limit";r=24;t=36');
    expect(await remaining()).toBe('"limit";r=46;t=36');
    const { errors, headers } = await ask(gateway, lists(5));
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', policy: 'limit', retryAfter: 5 * 36 });
    expect(headers['retry-after']).toBe(String(5 * 36));
    expect(await remaining()).toBe('"limit";r=44;t=36');

    now = 3_600_000;
    const never = await ask(gateway, lists(6));
    expect(never.errors).toEqual([
      {
        message: 'Expected a cost of at most 55 at once, got 61.',
        extensions: expect.objectContaining({ code: 'RATE_LIMITED', policy: 'limit' }),
      },
    ]);
    expect(never.headers).not.toHaveProperty('retry-after');
    expect(await remaining()).toBe('"limit";r=53;t=36');
  });

  it('charges nothing for what a field’s own limit has refused', async () => {
    const costs = rule({ name: 'costs', scope: 'operation', charge: 'cost', limit: 100 });
    const gateway = await open([costs, rule({ name: 'products', scope: 'Query.products', limit: 1 })]);
    const left = async (query: string) =>
      /"costs";r=(\d+)/.exec((await ask(gateway, query)).headers['ratelimit'] ?? '')?.[1];
    await left('{ products { name } }');
    // The root and two products; what is left is told before this one is charged for the root alone.
    expect(await left('{ __typename }')).toBe('96');
    const { errors } = await ask(gateway, '{ me { name } products { name } }');
    expect(errors).toMatchObject([{ path: ['products'], extensions: { code: 'RATE_LIMITED', policy: 'products' } }]);
    // The root and one user.
    expect(await left('{ __typename }')).toBe('93');
  });

  it('counts by what a function of the context says, not at all for null, by address where it fails', async () => {
    const keys: (() => unknown)[] = [
      () => 'a',
      () => 'b',
      () => 'a',
      () => null,
      () => null,
      () => {
        throw new Error('no tenant');
      },
      () => Promise.resolve('a'),
    ];
    const key = (context: RequestContext) => keys[Number(context.headers['x-key'])]?.() as string | null;
    const gateway = await open([rule({ scope: 'operation', key, limit: 1 })]);
    const refused: boolean[] = [];
    for (const index of keys.keys()) {
      const { errors } = await ask(gateway, '{ me { name } }', { headers: { 'x-key': String(index) } });
      refused.push(errors !== undefined);
    }
    expect(refused).toEqual([false, false, true, false, false, false, true]);
    expect(lines.filter((line) => line.includes('counted by its address'))).toHaveLength(2);
  });

  it('only logs what a rule in shadow would have refused, and tells clients nothing of it', async () => {
    const gateway = await open([
      rule({ name: 'a', scope: 'request', limit: 1, shadow: true }),
      rule({ name: 'b', scope: 'operation', limit: 1, shadow: true }),
      rule({ name: 'c', scope: 'User.email', limit: 1, shadow: true }),
      rule({ name: 'd', scope: 'User.email', limit: 9 }),
    ]);
    for (let time = 0; time < 3; time += 1) {
      const { errors, headers } = await ask(gateway, '{ me { email } }');
      expect(errors).toBeUndefined();
      expect(headers['ratelimit-policy']).toBe('"d";q=9;w=3600');
    }
    expect(lines).toEqual(Array(6).fill('info rate limit in shadow: this would have been refused'));
  });

  it('stops the start when a field is not in the supergraph', async () => {
    await expect(open([rule({ scope: 'Mutation.signIn' })])).rejects.toThrow(
      'rule "limit": expected the scope to be a field of an object type of the supergraph, got "Mutation.signIn"',
    );
  });

  it('goes on, stays open or refuses while Redis is gone, as each rule says', async () => {
    const nowhere = { url: `redis://127.0.0.1:${await freePort()}`, keyPrefix: '' };
    const connections = connectRedis(nowhere, silentLogger);
    onTestFinished(() => connections.close());
    const redis = connections.limits;
    const gateway = await open(
      [
        rule({ name: 'open', scope: 'operation', limit: 1, onError: 'open' }),
        rule({ name: 'local', scope: 'User.name', limit: 1 }),
        rule({ name: 'closed', scope: 'User.email', onError: 'closed' }),
      ],
      { redis },
    );
    expect((await ask(gateway, '{ me { name email } }')).errors).toEqual([
      {
        message: 'A rate limit cannot be counted at the moment.',
        path: ['me', 'email'],
        extensions: { code: 'SERVICE_UNAVAILABLE', policy: 'closed' },
      },
    ]);
    expect((await ask(gateway, '{ me { name } }')).errors?.[0]?.extensions?.['code']).toBe('RATE_LIMITED');

    const closed = createRateLimiter([rule({ scope: 'request', onError: 'closed' })], { redis, logger: silentLogger });
    const { refusal, headers } = await closed.check(createRequestContext({}));
    expect(refusal?.code).toBe('SERVICE_UNAVAILABLE');
    expect(headers).not.toHaveProperty('ratelimit');
  });
});

const hasRedisServer = (await findExecutable('redis-server')) !== undefined;

describe.skipIf(!hasRedisServer)('limits whose buckets lie on different nodes', () => {
  let stop: () => Promise<void>;
  let limiter: RateLimiter;

  beforeEach(async () => {
    const cluster = await startRedisCluster();
    const connections = connectRedis(
      { cluster: cluster.urls, keyPrefix: `atrium-test:${randomUUID()}:` },
      silentLogger,
    );
    stop = async () => {
      connections.close();
      await cluster.stop();
    };
    await whenReady(connections.limits.redis);
    const rules = [
      rule({ name: 'everybody', scope: 'request', key: 'global', limit: 100 }),
      rule({ name: 'tenants', scope: 'request', key: 'principal', limit: 100 }),
      rule({ name: 'clients', scope: 'request', key: 'ip', limit: 10 }),
    ];
    limiter = createRateLimiter(rules, { redis: connections.limits, logger: silentLogger });
  });
  afterEach(async () => stop());

  it('take all or nothing, however many ask at once', async () => {
    const clients = Array.from({ length: 6 }, (_, index) => `192.0.2.${index}`);
    const principal = { subject: 'ann', issuer: 'shop', roles: [], scopes: [], claims: {} };
    const ask = async (clientAddress: string) => limiter.check(createRequestContext({ clientAddress, principal }));
    const decisions = await Promise.all(
      clients.flatMap((client) => Array.from({ length: 15 }, async () => ask(client))),
    );
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(60);
    // The other buckets hold what was admitted, and no more.
    const { headers } = await ask('192.0.2.99');
    expect(headers['ratelimit']).toBe('"clients";r=9;t=360, "everybody";r=39;t=36, "tenants";r=39;t=36');
  });
});
