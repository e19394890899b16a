import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { answerProblems } from './answer-problems.ts';
import type { Fault } from './fault-proxy.ts';
import { fuzz } from './fuzz/fuzzer.ts';
import { openLaboratory } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';
import { healthyAnswer, question } from './shop.ts';

const fault = fc.constantFrom<Fault>(
  { kind: 'none' },
  { kind: 'refuse' },
  { kind: 'blackHole' },
  { kind: 'delay', ms: 30 },
  { kind: 'throttle', bytes: 20, everyMs: 5 },
  { kind: 'corrupt', after: 0 },
  { kind: 'corrupt', after: 180 },
  { kind: 'cut', after: 0 },
  { kind: 'cut', after: 60 },
  { kind: 'repeat' },
  { kind: 'reset', after: 'request' },
  { kind: 'reset', after: 'head' },
);
const proxyName = fc.constantFrom('users', 'products', 'reviews', 'spare');
const operation = fc.constantFrom(
  question.query,
  '{ me { name score } best { id name rating } }',
  '{ top { comments { text author { name score } } } }',
  'mutation { rename(name: "Bob") { name score } review(product: "2") { name rating } }',
);
const step = fc.record({
  becomes: fc.dictionary(proxyName, fault, { maxKeys: 2 }),
  asked: fc.array(fc.record({ query: operation, leavesAfterMs: fc.option(fc.nat(80), { freq: 5 }) }), {
    minLength: 1,
    maxLength: 25,
  }),
});

describe('faults of all subgraphs, in any order, with clients that come and go', () => {
  let lab: Laboratory;
  beforeAll(async () => {
    lab = await openLaboratory(({ proxies: { reviews, spare } }) => ({
      subgraphDefaults: {
        timeoutMs: 300,
        maxInFlight: 12,
        queueMs: 50,
        retry: { maxTries: 3 },
        breaker: { minRequests: 10, openMs: 50 },
      },
      subgraphs: {
        reviews: { addresses: [reviews.url, spare.url], batching: { windowMs: 2 } },
      },
      cache: { answers: { shareInFlight: true } },
    }));
  });
  afterAll(() => lab.close());

  it('leave nothing behind', async () => {
    const chaos = fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      const uncaught: unknown[] = [];
      const note = (error: unknown): void => void uncaught.push(error);
      process.on('unhandledRejection', note);
      const answers = [];
      for (const { becomes, asked } of steps) {
        for (const [name, next] of Object.entries(becomes))
          await lab.proxies[name as keyof typeof lab.proxies].become(next);
        answers.push(
          ...asked.map(({ query, leavesAfterMs }) => {
            if (leavesAfterMs === null) return lab.ask({ query });
            return lab.ask({ query }, { signal: AbortSignal.timeout(leavesAfterMs) }).catch((error: Error) => error);
          }),
        );
        // Some are still under way when the next step begins.
        await Promise.race(answers.slice(-asked.length));
      }
      const problems = (await Promise.all(answers)).flatMap((answer) => {
        if (!(answer instanceof Error)) return answerProblems(answer);
        return answer.name === 'TimeoutError' ? [] : [String(answer)];
      });
      expect(problems).toEqual([]);
      await vi.waitUntil(() => lab.inFlight() === 0, { timeout: 5_000, interval: 2 });
      await lab.heal();
      // Circuits close again by themselves.
      await vi.waitUntil(async () => (await lab.ask(question)).text === JSON.stringify(healthyAnswer), {
        timeout: 10_000,
        interval: 20,
      });
      expect(uncaught).toEqual([]);
      process.off('unhandledRejection', note);
    });
    const runs = 25;
    expect(await fuzz({ name: 'courses of faults', property: () => chaos, runs: [0, runs] }, lab, runs)).toBe(runs);
  }, 120_000);
});
