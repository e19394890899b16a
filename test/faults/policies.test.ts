import { afterEach, describe, expect, it, vi } from 'vitest';
import { isJsonObject } from '../../src/core/json.ts';
import type { Answer } from './ask.ts';
import { keepsInvariants } from './invariants.ts';
import { openLaboratory } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';
import { healthyAnswer, question } from './shop.ts';

let lab: Laboratory;
afterEach(() => lab.close());

/** What went wrong, by code, each answer counted once. */
function countCodes(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const code = codeOf(answer) ?? 'none';
    counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}

function codeOf({ body }: Answer): string | undefined {
  const errors = isJsonObject(body) ? body['errors'] : undefined;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const extensions = isJsonObject(first) ? first['extensions'] : undefined;
  return isJsonObject(extensions) ? String(extensions['code']) : undefined;
}

/** Different questions, so that nothing could answer several at once. */
const askMany = (count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, at) => lab.ask({ query: `{ me { n${at}: name } best { r${at}: rating } }` })),
  );

/** `reviews` waits with its answers until it is told. */
function hold(): () => void {
  const release = Promise.withResolvers<void>();
  lab.subgraphs.reviews.answerWith((response, healthy) => {
    void release.promise.then(() =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(healthy)),
    );
  });
  return release.resolve;
}

describe('a circuit', () => {
  const openMs = 200;
  const open = async () => {
    lab = await openLaboratory(() => ({
      subgraphs: {
        reviews: { timeoutMs: 2_000, retry: { maxTries: 1 }, breaker: { minRequests: 5, failureShare: 0.5, openMs } },
      },
    }));
    await lab.proxies.reviews.become({ kind: 'reset', after: 'head' });
    expect(countCodes(await askMany(5))).toEqual({ SUBGRAPH_UNREACHABLE: 5 });
    await lab.proxies.reviews.become({ kind: 'none' });
  };
  /** Asks until the circuit is half open and lets one through. */
  const probe = (): Promise<Answer> =>
    vi.waitUntil(
      async () => {
        const [answer] = await askMany(1);
        return answer !== undefined && codeOf(answer) === undefined ? answer : undefined;
      },
      { timeout: 5_000, interval: 10 },
    );

  it('that is open asks nobody, and lets one request at a time find out', async () => {
    await open();
    const { accepted } = lab.proxies.reviews;
    expect(countCodes(await askMany(20))).toEqual({ SUBGRAPH_CIRCUIT_OPEN: 20 });
    expect(lab.proxies.reviews.accepted).toBe(accepted);
    await probe();
    const release = hold();
    const asked = askMany(10);
    await vi.waitUntil(() => lab.subgraphs.reviews.inFlight > 0, { interval: 2 });
    release();
    expect(countCodes(await asked)).toEqual({ SUBGRAPH_CIRCUIT_OPEN: 9, none: 1 });
    await probe();
    await keepsInvariants(lab, () => askMany(10));
  });

  it('whose probe is given up lets the next one through', async () => {
    await open();
    await probe();
    const release = hold();
    const abort = new AbortController();
    const gone = lab
      .ask({ query: '{ best { rating } }' }, { signal: abort.signal })
      .catch((error: Error) => error.name);
    await vi.waitUntil(() => lab.subgraphs.reviews.inFlight === 1, { interval: 2 });
    abort.abort();
    expect(await gone).toBe('AbortError');
    await vi.waitUntil(() => lab.inFlight() === 0, { interval: 2 });
    release();
    await lab.heal();
    await probe();
    await probe();
    await keepsInvariants(lab, () => askMany(10));
  });

  it('does not open for what clients do to themselves', async () => {
    lab = await openLaboratory(() => ({
      subgraphs: { reviews: { timeoutMs: 5_000, breaker: { minRequests: 1, failureShare: 0.1, openMs: 60_000 } } },
    }));
    hold();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        lab.ask(question, { headers: { 'x-request-timeout-ms': '50' }, deadlineMs: 50 }),
      ),
    );
    expect(countCodes(answers)).toEqual({ SUBGRAPH_TIMEOUT: 10 });
    await keepsInvariants(lab, () => Promise.resolve(answers));
  });
});

describe('a subgraph that hangs', () => {
  it('holds as many requests as it may, and the others hear so at once', async () => {
    lab = await openLaboratory(() => ({ subgraphs: { reviews: { timeoutMs: 500, maxInFlight: 3, queueMs: 20 } } }));
    const answers = await keepsInvariants(lab, async () => {
      await lab.proxies.reviews.become({ kind: 'blackHole' });
      return askMany(12);
    });
    expect(countCodes(answers)).toEqual({ SUBGRAPH_TIMEOUT: 3, SUBGRAPH_OVERLOADED: 9 });
    for (const { body } of answers) expect(body).toMatchObject({ data: { me: {}, best: null } });
  });

  it('is waited for as long as the client says, also where it asks for patience', async () => {
    lab = await openLaboratory();
    const patient = { headers: { 'x-request-timeout-ms': '300' }, deadlineMs: 300 };
    await lab.proxies.reviews.become({ kind: 'blackHole' });
    const hung = await keepsInvariants(lab, () => lab.ask(question, patient));
    expect(codeOf(hung)).toBe('SUBGRAPH_TIMEOUT');
    lab.subgraphs.reviews.answerWith((response) => void response.writeHead(503, { 'retry-after': '1' }).end());
    const refused = await keepsInvariants(lab, () => lab.ask(question, patient));
    expect(codeOf(refused)).toBe('SUBGRAPH_HTTP_ERROR');
    expect(await lab.callsOf(refused)).toHaveLength(3);
  });

  it('fills the gateway no further than it may be filled', async () => {
    lab = await openLaboratory(() => ({
      server: { overload: { maxInFlight: 3 } },
      subgraphs: { reviews: { timeoutMs: 2_000 } },
    }));
    const release = hold();
    const [held, shed] = await keepsInvariants(lab, async () => {
      const held = askMany(3);
      await vi.waitUntil(() => lab.subgraphs.reviews.inFlight === 3, { interval: 2 });
      const shed = await askMany(4);
      release();
      return [await held, shed].flat();
    }).then((answers) => [answers.slice(0, 3), answers.slice(3)]);
    expect(countCodes(held ?? [])).toEqual({ none: 3 });
    expect(countCodes(shed ?? [])).toEqual({ OVERLOADED: 4 });
    for (const { status, headers } of shed ?? []) expect([status, headers.get('retry-after')]).toEqual([503, '1']);
  });
});

describe('an outage', () => {
  it('is not made worse by trying again', async () => {
    const retry = { maxTries: 5, budgetShare: 0.2, budgetPerSecond: 1 };
    lab = await openLaboratory(() => ({ subgraphs: { reviews: { timeoutMs: 2_500, retry } } }));
    lab.subgraphs.reviews.answerWith((response) => void response.writeHead(503).end());
    const answers = await keepsInvariants(lab, () => askMany(50));
    expect(countCodes(answers)).toEqual({ SUBGRAPH_HTTP_ERROR: 50 });
    // The healthy question at the end, one a request, and a fifth of them and ten beside.
    expect(lab.subgraphs.reviews.calls.length).toBeLessThanOrEqual(1 + 50 + 10 + 10);
    expect(lab.subgraphs.reviews.calls.length).toBeGreaterThan(1 + 50);
  });

  it.each([
    [
      'answers 503',
      (lab: Laboratory) => lab.subgraphs.reviews.answerWith((response) => void response.writeHead(503).end()),
    ],
    ['is cut off', (lab: Laboratory) => lab.proxies.reviews.become({ kind: 'cut', after: 30 })],
    ['is reset', (lab: Laboratory) => lab.proxies.reviews.become({ kind: 'reset', after: 'head' })],
    [
      'is reset before it answers',
      (lab: Laboratory) => lab.proxies.reviews.become({ kind: 'reset', after: 'request' }),
    ],
    ['hangs', (lab: Laboratory) => lab.proxies.reviews.become({ kind: 'blackHole' })],
  ] as const)('never makes a mutation of two: a subgraph %s', async (_, hurt) => {
    lab = await openLaboratory();
    // Its connection is kept alive, and might be taken for one that was closed meanwhile.
    await lab.ask(question);
    const answer = await keepsInvariants(lab, async () => {
      await hurt(lab);
      return lab.ask({ query: 'mutation { review(product: "1") { rating } }' });
    });
    expect(answer.body).toMatchObject({ data: { review: null }, errors: [{ path: ['review'] }] });
    expect(await lab.callsOf(answer)).toHaveLength(1);
  });

  it('of one answer that comes twice is not taken for the next one’s', async () => {
    lab = await openLaboratory();
    const answers = await keepsInvariants(lab, async () => {
      await lab.proxies.reviews.become({ kind: 'repeat' });
      return [await lab.ask(question), await lab.ask({ query: '{ best { rating } }' }), await lab.ask(question)];
    });
    expect(answers.map(({ body }) => body)).toEqual([
      healthyAnswer,
      { data: { best: { rating: 4.5 } } },
      healthyAnswer,
    ]);
  });
});
