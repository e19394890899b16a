import { hash } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startRedisServer } from '../support/redis-server.ts';
import { fuzz } from './fuzz/fuzzer.ts';
import { redisValues } from './fuzz/redis-values.ts';
import { startFaultProxy } from './fault-proxy.ts';
import type { FaultProxy } from './fault-proxy.ts';
import { keepsInvariants } from './invariants.ts';
import { openLaboratory } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';
import { healthyAnswer, question } from './shop.ts';

const server = await startRedisServer();
const keyPrefix = 'faults:';
/** What a request may wait for Redis in all, in milliseconds. */
const budgetMs = 50;

describe.skipIf(server === undefined)('a gateway whose Redis', () => {
  let direct: Redis;
  let proxy: FaultProxy;
  let lab: Laboratory;

  beforeAll(() => {
    direct = new Redis(server?.url ?? '');
  });
  afterAll(async () => {
    direct.disconnect();
    await server?.stop();
  });
  beforeEach(async () => {
    await direct.flushall();
    proxy = await startFaultProxy(new URL(server?.url ?? ''));
  });
  afterEach(async () => {
    await lab.close();
    await proxy.close();
  });

  const open = async (limit = 1_000_000): Promise<Laboratory> => {
    lab = await openLaboratory(() => ({
      redis: { url: proxy.url, keyPrefix },
      rateLimit: { rules: [{ name: 'all', key: 'global', limit, windowSeconds: 3_600, burst: limit }] },
      // What this process remembers would hide what becomes of Redis.
      cache: { entities: { ttlSeconds: 60, firstLevel: { maxBytes: 0 } } },
    }));
    return lab;
  };
  const said = (text: string): number => lab.log.filter(({ message }) => message.startsWith(text)).length;
  const connected = (times: number) => vi.waitUntil(() => said('Redis is connected') === times, { timeout: 10_000 });
  /** Asks so often, one after the other, each within what it takes without the fault and the budget. */
  async function asksOn(times: number, healthyMs: number): Promise<void> {
    for (let index = 0; index < times; index += 1) {
      const answer = await lab.ask(question, { deadlineMs: healthyMs + budgetMs });
      expect(answer.body).toEqual(healthyAnswer);
    }
  }
  /** What a request takes at most, with a Redis that is well. */
  async function healthyMs(): Promise<number> {
    const taken: number[] = [];
    for (let index = 0; index < 10; index += 1) {
      const started = performance.now();
      await lab.ask(question);
      taken.push(performance.now() - started);
    }
    return Math.max(...taken);
  }

  it('A16: is down at the start, comes, goes and comes back', async () => {
    await proxy.become({ kind: 'refuse' });
    await open();
    expect((await keepsInvariants(lab, () => lab.ask(question))).body).toEqual(healthyAnswer);
    await proxy.become({ kind: 'none' });
    await connected(2);
    const usual = await healthyMs();
    await proxy.become({ kind: 'refuse' });
    await keepsInvariants(lab, async () => {
      await asksOn(10, usual);
      return [];
    });
    await proxy.become({ kind: 'none' });
    await connected(4);
    await keepsInvariants(lab, () => lab.ask(question));
    await vi.waitUntil(async () => (await direct.keys(`${keyPrefix}*`)).length > 0, { timeout: 5_000 });
  });

  it('A17: is stopped costs one request its budget and the others nothing', async () => {
    await open();
    await connected(2);
    const usual = await healthyMs();
    server?.signal('SIGSTOP');
    try {
      await keepsInvariants(lab, async () => {
        await asksOn(20, usual);
        return [];
      });
      expect(said('Redis answers too slowly')).toBeGreaterThan(0);
    } finally {
      server?.signal('SIGCONT');
    }
    await vi.waitUntil(
      async () => {
        await lab.ask(question);
        return said('Redis answers in time again') > 0;
      },
      { timeout: 10_000, interval: 50 },
    );
  });

  it('A17: cuts its answers, or turns their bits', async () => {
    await open();
    await connected(2);
    for (const fault of [
      { kind: 'cut', after: 1 },
      { kind: 'reset', after: 'request' },
      { kind: 'corrupt', after: 0 },
      { kind: 'throttle', bytes: 1, everyMs: 20 },
    ] as const) {
      const [answer] = await keepsInvariants(lab, async () => {
        await proxy.become(fault);
        return Promise.all([lab.ask(question), lab.ask({ query: '{ top { rating } }' })]);
      });
      expect(answer.body).toEqual(healthyAnswer);
      await proxy.become({ kind: 'none' });
    }
  });

  it.each([
    ['has no memory left', () => direct.config('SET', 'maxmemory', '1'), () => direct.config('SET', 'maxmemory', '0')],
    ['may only be read', () => direct.replicaof('127.0.0.1', '1'), () => direct.replicaof('NO', 'ONE')],
    [
      'holds values of other types',
      async () => {
        for (const key of await direct.keys(`${keyPrefix}*`)) await direct.multi().del(key).lpush(key, 'x').exec();
      },
      () => direct.flushall(),
    ],
  ])('A18: %s', async (_, hurt, mend) => {
    await open();
    await connected(2);
    await lab.ask(question);
    await vi.waitUntil(async () => (await direct.keys(`${keyPrefix}*`)).length > 1, { timeout: 5_000 });
    await hurt();
    try {
      const answers = await keepsInvariants(lab, () =>
        Promise.all([lab.ask(question), lab.ask({ query: '{ best { rating name } }' })]),
      );
      expect(answers[0].body).toEqual(healthyAnswer);
    } finally {
      await mend();
    }
    await keepsInvariants(lab, () => lab.ask(question));
  });

  it('A18: is busy with a script of somebody else', async () => {
    await open();
    await connected(2);
    await direct.config('SET', 'lua-time-limit', '1');
    const other = new Redis(server?.url ?? '');
    const busy = other.eval('while true do end', 0).catch(() => 'killed');
    try {
      await vi.waitUntil(async () =>
        direct.get('x').then(
          () => false,
          (error: Error) => error.message.startsWith('BUSY'),
        ),
      );
      const answer = await keepsInvariants(lab, () => lab.ask(question));
      expect(answer.body).toEqual(healthyAnswer);
    } finally {
      await direct.script('KILL');
      await direct.config('SET', 'lua-time-limit', '5000');
      expect(await busy).toBe('killed');
      other.disconnect();
    }
  });

  it('A18: holds what somebody else has written', async () => {
    await open();
    await connected(2);
    const fuzzer = redisValues(direct, keyPrefix);
    const count = fuzzer.runs[process.env['ATRIUM_TEST_ALL'] === undefined ? 0 : 1];
    expect(await fuzz(fuzzer, lab, count)).toBe(count);
  }, 120_000);

  it('A19: forgets its scripts and all else, again and again', async () => {
    await open();
    await connected(2);
    const answers = await keepsInvariants(lab, async () => {
      const asked = [];
      for (let index = 0; index < 60; index += 1) {
        asked.push(lab.ask(question));
        if (index % 3 === 0) await Promise.all([direct.script('FLUSH'), direct.flushall()]);
      }
      return Promise.all(asked);
    });
    for (const { body } of answers) expect(body).toEqual(healthyAnswer);
    expect(said('Redis is not reachable')).toBe(0);
  });

  it('A29: hangs while registered queries are asked for', async () => {
    await open();
    await connected(2);
    const persistedQuery = { version: 1, sha256Hash: hash('sha256', question.query) };
    server?.signal('SIGSTOP');
    try {
      const [registered, again] = await keepsInvariants(lab, async () => [
        await lab.ask({ ...question, extensions: { persistedQuery } }),
        await lab.ask({ extensions: { persistedQuery } }),
      ]);
      expect(registered?.body).toEqual(healthyAnswer);
      expect(again?.body).toEqual(healthyAnswer);
    } finally {
      server?.signal('SIGCONT');
    }
  });
});
