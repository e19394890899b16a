import { once } from 'node:events';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startGateway } from '../e2e/gateway-process.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { answerProblems } from './answer-problems.ts';
import { ask } from './ask.ts';
import { keepsInvariants } from './invariants.ts';
import { openLaboratory } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';
import { healthyAnswer, question } from './shop.ts';

describe('a gateway process', () => {
  let lab: Laboratory;
  beforeEach(async () => {
    lab = await openLaboratory();
  });
  afterEach(() => lab.close());

  it('A22: ends on SIGTERM with what it has, whoever else is connected', async () => {
    const gateway = await startGateway({
      parameters: ['--supergraph', lab.supergraphFile],
      cwd: dirname(lab.supergraphFile),
    });
    onTestFinished(async () => void (await gateway.stop()));
    const { hostname, port } = new URL(gateway.origin);
    const release = Promise.withResolvers<void>();
    lab.subgraphs.reviews.answerWith((response, healthy) => {
      void release.promise.then(() =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(healthy)),
      );
    });
    const asked = ask(`${gateway.origin}/graphql`, JSON.stringify(question));
    const others = ['', 'GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n', 'POST /graphql HTTP/1.1\r\nhost: x\r\n'];
    const sockets = others.map(() => connect(Number(port), hostname).on('error', () => {}));
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    sockets.forEach((socket, at) => void socket.write(others[at] ?? ''));
    const [, idle] = sockets;
    if (idle === undefined) throw new Error('There are three');
    await once(idle, 'data');
    await vi.waitUntil(() => lab.subgraphs.reviews.inFlight === 1, { interval: 5 });

    gateway.signal('SIGTERM');
    await vi.waitUntil(() => idle.destroyed, { timeout: 10_000, interval: 5 });
    release.resolve();
    const answer = await asked;
    expect(answerProblems(answer)).toEqual([]);
    expect(answer.body).toEqual(healthyAnswer);
    expect(answer.headers.get('connection')).toBe('close');
    const late = new Promise((resolve) => setTimeout(resolve, 8_000, 'late').unref());
    expect(await Promise.race([gateway.ended, late])).toBe(0);
  });

  it('A26: with thousands of silent connections answers as ever', async () => {
    const { hostname, port } = new URL(lab.origin);
    const sockets = Array.from({ length: 4_000 }, () => connect(Number(port), hostname).on('error', () => {}));
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const answers = await keepsInvariants(lab, () => Promise.all(Array.from({ length: 50 }, () => lab.ask(question))));
    for (const { body } of answers) expect(body).toEqual(healthyAnswer);
  });
});

const redis = await startRedisServer();

describe.skipIf(redis === undefined)('three replicas', () => {
  it('A27: let exactly as many in as may come at once', async () => {
    const open = () =>
      openLaboratory(() => ({
        redis: { url: redis?.url, keyPrefix: 'replicas:' },
        rateLimit: { rules: [{ name: 'all', key: 'global', limit: 10, windowSeconds: 3_600, burst: 10 }] },
      }));
    const labs = await Promise.all([open(), open(), open()]);
    onTestFinished(async () => {
      await Promise.all(labs.map((lab) => lab.close()));
      await redis?.stop();
    });
    for (const { log } of labs)
      await vi.waitUntil(() => log.filter(({ message }) => message === 'Redis is connected').length === 2, {
        timeout: 10_000,
      });
    const answers = await Promise.all(Array.from({ length: 66 }, () => labs.map((lab) => lab.ask(question))).flat());
    for (const answer of answers) expect(answerProblems(answer)).toEqual([]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
  });
});
