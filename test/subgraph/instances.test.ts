import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { subgraphDefaults } from '../../src/config/subgraph-defaults.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createTransport } from '../../src/subgraph/http-client.ts';
import { Upstream } from '../../src/subgraph/upstream.ts';
import { freePort } from '../support/free-port.ts';
import { clientOf, closeAll, closers, contextWith, data, json, query, sending, subgraph } from './client-under-test.ts';

const waiting = { timeout: 10_000, interval: 20 };

afterEach(closeAll);

describe('several instances', () => {
  it('share the requests', async () => {
    const all = await Promise.all([subgraph(), subgraph(), subgraph()]);
    const client = clientOf(all[0]?.url ?? '', { addresses: all.map(({ url }) => url) });
    for (let left = 300; left > 0; left -= 1) await client.send(query, contextWith());
    // Of 300 draws of the less loaded of two of three.
    for (const { received } of all) expect(received.length).toBeGreaterThan(50);
  });

  it('get fewer the more they still have to answer', async () => {
    const held: (() => void)[] = [];
    const slow = await subgraph((response) => void held.push(() => sending(JSON.stringify(data))(response)));
    const quick = await subgraph();
    const client = clientOf(slow.url, { addresses: [slow.url, quick.url] });
    const open: Promise<unknown>[] = [];
    for (let left = 20; left > 0; left -= 1) {
      const before = quick.received.length;
      const asked = client.send(query, contextWith());
      open.push(asked);
      await vi.waitUntil(() => held.length + quick.received.length === open.length, waiting);
      if (quick.received.length > before) await asked;
    }
    expect(held.length).toBeLessThanOrEqual(1);
    for (const answer of held) answer();
    await Promise.all(open);
  });

  it('do without the one that is dead, and without an error', async () => {
    const alive = await subgraph();
    const dead = `http://127.0.0.1:${await freePort()}`;
    const client = clientOf(alive.url, { retry: subgraphDefaults.retry, addresses: [dead, alive.url] });
    const context = contextWith();
    const answers = await Promise.all(Array.from({ length: 200 }, () => client.send(query, context)));
    expect(answers.filter(({ failure }) => failure !== undefined)).toEqual([]);
    const before = context.record.calls.length;
    for (let left = 100; left > 0; left -= 1) await client.send(query, context);
    expect(context.record.calls.length - before).toBe(100);
  });

  it('are tried again with queries: a mutation goes where it is answered', async () => {
    let isWell = false;
    const bad = await subgraph((response) =>
      sending(isWell ? JSON.stringify(data) : '', json, isWell ? 200 : 500)(response),
    );
    const good = await subgraph();
    const client = clientOf(good.url, {
      addresses: [bad.url, good.url],
      breaker: { failureShare: 0.5, minRequests: 2, openMs: 1 },
    });
    await vi.waitUntil(async () => {
      await client.send(query, contextWith());
      return bad.received.length >= 2;
    }, waiting);
    const known = bad.received.length;
    for (let left = 20; left > 0; left -= 1) {
      const { failure } = await client.send({ ...query, kind: 'mutation' }, contextWith());
      expect(failure).toBeUndefined();
    }
    expect(bad.received).toHaveLength(known);
    isWell = true;
    await vi.waitUntil(async () => {
      await client.send(query, contextWith());
      return bad.received.length > known + 3;
    }, waiting);
  });

  it('come and go as a file says', async () => {
    const [first, second] = [await subgraph(), await subgraph()];
    const folder = await mkdtemp(join(tmpdir(), 'atrium-instances-test-'));
    closers.push(async () => rm(folder, { recursive: true }));
    const file = join(folder, 'instances.json');
    await writeFile(file, JSON.stringify([first.url]));
    const client = clientOf(first.url, { addresses: { file } });
    await client.send(query, contextWith());
    await writeFile(file, JSON.stringify([second.url]));
    await vi.waitUntil(async () => {
      await client.send(query, contextWith());
      return second.received.length > 0;
    }, waiting);
    const known = first.received.length;
    await writeFile(file, 'not a list');
    await vi.waitUntil(async () => {
      await client.send(query, contextWith());
      return second.received.length > 100;
    }, waiting);
    expect(first.received).toHaveLength(known);
  });

  it('stop the start where the file is none, with what is expected there', () => {
    const target = {
      ...subgraphDefaults,
      url: 'http://s.test/graphql',
      addresses: { file: '/nowhere/instances.json' },
    };
    const open = (): Upstream => new Upstream('s', target, { logger: silentLogger });
    expect(open).toThrow(ConfigurationError);
    expect(open).toThrow(/^expected \/nowhere\/instances\.json to hold a JSON list of http or https origins.*: ENOENT/);
  });

  it('are those that a name has, whenever it is looked up, and spoken to by that name', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const hosts: (string | undefined)[] = [];
      const answer = vi.fn<() => Promise<readonly string[]>>(async () => ['127.0.0.1', '127.0.0.2']);
      const { url } = await subgraph((response, { headers }) => {
        hosts.push(headers.host);
        sending(JSON.stringify(data))(response);
      });
      const named = url.replace('127.0.0.1', 'instances.test');
      const target = { ...subgraphDefaults, url: named, addresses: { dns: { everySeconds: 10 } } };
      const upstream = new Upstream('s', target, { logger: silentLogger, random: () => 0, resolve: answer });
      closers.unshift(() => upstream.close());
      const origin = (): string | undefined => upstream.choose(0, undefined, true)?.origin;
      await vi.waitUntil(() => origin() === new URL(url).origin, { timeout: 1_000, interval: 0 });
      expect(answer).toHaveBeenCalledWith('instances.test');
      answer.mockRejectedValueOnce(new Error('no such name'));
      await vi.advanceTimersByTimeAsync(10_000);
      expect(origin()).toBe(new URL(url).origin);
      answer.mockResolvedValueOnce(['127.0.0.2']);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(origin()).toBe(new URL(url).origin.replace('127.0.0.1', '127.0.0.2'));
      expect(upstream.choose(0, undefined, true)?.host).toBe(new URL(named).host);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('an instance that fails', () => {
  const breaker = { failureShare: 0.5, minRequests: 4, openMs: 50 };

  it('is not asked any more, then one at a time, then as before', async () => {
    let status = 500;
    const held: (() => void)[] = [];
    let holds = false;
    const { url, received } = await subgraph((response) => {
      const answer = (): void => sending(status === 200 ? JSON.stringify(data) : '', json, status)(response);
      if (holds) held.push(answer);
      else answer();
    });
    const client = clientOf(url, { breaker });
    const ask = async () => (await client.send(query, contextWith())).failure?.code;
    for (let left = 4; left > 0; left -= 1) expect(await ask()).toBe('SUBGRAPH_HTTP_ERROR');
    expect(await ask()).toBe('SUBGRAPH_CIRCUIT_OPEN');
    expect(received).toHaveLength(4);

    [status, holds] = [200, true];
    const asked: Promise<string | undefined>[] = [];
    await vi.waitUntil(() => {
      asked.push(ask());
      return received.length > 4;
    }, waiting);
    expect(await ask()).toBe('SUBGRAPH_CIRCUIT_OPEN');
    expect(received).toHaveLength(5);
    holds = false;
    held[0]?.();
    await Promise.all(asked);
    for (let left = 10; left > 0; left -= 1) expect(await ask()).toBeUndefined();
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([undefined, undefined, undefined]);
  });

  it('is what it is for the next supergraph, too', async () => {
    const { url, received } = await subgraph(sending('', {}, 500));
    const transport = createTransport({
      headers: { toSubgraphs: [], toClients: [] },
      maxResponseBytes: 1_000,
      logger: silentLogger,
    });
    closers.unshift(() => transport.close());
    const targets = () => new Map([['s', { ...subgraphDefaults, url, breaker: { ...breaker, openMs: 60_000 } }]]);
    const before = transport.clientFor(targets());
    for (let left = 4; left > 0; left -= 1) await before.send(query, contextWith());
    const asked = received.length;
    transport.keepOnly(targets());
    const { failure } = await transport.clientFor(targets()).send(query, contextWith());
    expect([failure?.code, received.length]).toEqual(['SUBGRAPH_CIRCUIT_OPEN', asked]);
  });

  it('is not one whose clients left, or gave it no time', async () => {
    const { url, received } = await subgraph(() => {});
    const client = clientOf(url, { breaker, timeoutMs: 1_000 });
    for (let left = 5; left > 0; left -= 1) {
      const leaving = new AbortController();
      const asked = client.send(query, contextWith({ signal: leaving.signal }));
      await vi.waitUntil(() => received.length === 6 - left, waiting);
      leaving.abort();
      await asked;
    }
    for (let left = 5; left > 0; left -= 1) {
      const { failure } = await client.send(query, contextWith({ deadline: performance.now() + 20 }));
      expect(failure?.code).toBe('SUBGRAPH_TIMEOUT');
    }
    expect(received).toHaveLength(10);
    expect((await client.send(query, contextWith())).failure?.code).toBe('SUBGRAPH_TIMEOUT');
  });
});

describe('a subgraph that hangs', () => {
  it('holds so many requests, and as many for a moment; the others are refused', async () => {
    const held: (() => void)[] = [];
    const { url, received } = await subgraph(
      (response) => void held.push(() => sending(JSON.stringify(data))(response)),
    );
    const client = clientOf(url, { maxInFlight: 2, queueMs: 200 });
    const asked = Array.from({ length: 5 }, async () => (await client.send(query, contextWith())).failure?.code);
    expect(await asked[4]).toBe('SUBGRAPH_OVERLOADED');
    await vi.waitUntil(() => held.length === 2, waiting);
    held[0]?.();
    await vi.waitUntil(() => held.length === 3, waiting);
    expect(await asked[3]).toBe('SUBGRAPH_OVERLOADED');
    for (const answer of held.slice(1)) answer();
    expect(await Promise.all(asked.slice(0, 3))).toEqual([undefined, undefined, undefined]);
    expect(received).toHaveLength(3);
  });
});
