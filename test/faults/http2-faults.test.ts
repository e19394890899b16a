import { constants } from 'node:http2';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startFaultProxy } from './fault-proxy.ts';
import type { FaultProxy } from './fault-proxy.ts';
import { certificate, startHttp2Front } from './http2-front.ts';
import type { Http2Fault, Http2Front } from './http2-front.ts';
import { keepsInvariants } from './invariants.ts';
import { openLaboratory } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';
import { healthyAnswer, question } from './shop.ts';

const trusted = getCACertificates('default');
beforeAll(() => setDefaultCACertificates([...trusted, certificate]));
afterAll(() => setDefaultCACertificates(trusted));

const stages = ['request', 'head', 'part'] as const;

describe('a subgraph over HTTP/2', () => {
  let front: Http2Front;
  let proxy: FaultProxy;
  let lab: Laboratory;
  beforeEach(async () => {
    front = await startHttp2Front();
    proxy = await startFaultProxy(new URL(front.url));
    const plain = await openLaboratory(({ proxies }) => {
      front.serve(new URL(proxies.reviews.url));
      return { subgraphs: { reviews: { timeoutMs: 500, url: proxy.url, http2: true } } };
    });
    lab = {
      ...plain,
      inFlight: () => plain.inFlight() + front.stalled + proxy.hurt,
      async heal() {
        front.hurtNext();
        await plain.heal();
      },
    };
    // There is a connection.
    await lab.ask(question);
  });
  afterEach(async () => {
    await lab.close();
    await proxy.close();
    await front.close();
  });

  const { NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;
  const mutation = { query: 'mutation { review(product: 1) { rating } }' };
  const ends: Http2Fault[] = [
    ...stages.map((after): Http2Fault => ({ kind: 'reset', after })),
    ...[NGHTTP2_CANCEL, NGHTTP2_NO_ERROR].map((code): Http2Fault => ({
      kind: 'reset',
      after: 'request',
      code,
    })),
    ...stages.map((after): Http2Fault => ({ kind: 'cut', after })),
    { kind: 'breakdown' },
  ];
  const failed = (code: string) => ({
    data: { me: { name: 'Ann' }, top: [{ rating: null }, { rating: null }] },
    errors: [0, 1].map((index) => ({ path: ['top', index, 'rating'], extensions: { code } })),
  });
  const triesAt = async (answer: Parameters<Laboratory['callsOf']>[0]) =>
    (await lab.callsOf(answer)).filter(({ subgraph }) => subgraph === 'reviews').length;

  it.each(ends)('is asked once more when it ends a query by %j', async (fault) => {
    const answer = await keepsInvariants(lab, async () => {
      front.hurtNext(fault);
      return lab.ask(question);
    });
    expect(answer.body).toEqual(healthyAnswer);
    expect(await triesAt(answer)).toBe(2);
  });

  it.each(ends)('is missing when it does so again: %j', async (fault) => {
    const answer = await keepsInvariants(lab, async () => {
      front.hurtNext(fault, fault);
      return lab.ask(question);
    });
    expect(answer.body).toMatchObject(failed('SUBGRAPH_UNREACHABLE'));
    expect(await triesAt(answer)).toBe(2);
  });

  it.each(ends)('is sent a mutation once, whatever becomes of it: %j', async (fault) => {
    const answer = await keepsInvariants(lab, async () => {
      front.hurtNext(fault);
      return lab.ask(mutation);
    });
    expect(answer.body).toMatchObject({
      data: { review: null },
      errors: [{ path: ['review'], extensions: { code: 'SUBGRAPH_UNREACHABLE' } }],
    });
    expect(await triesAt(answer)).toBe(1);
  });

  it.each([
    [question, healthyAnswer],
    [mutation, { data: { review: { rating: 4.5 } } }],
  ])('that refuses a stream, and so has not looked at it, is sent it again: %j', async (asked, expected) => {
    const answer = await keepsInvariants(lab, async () => {
      front.hurtNext({ kind: 'reset', after: 'request', code: NGHTTP2_REFUSED_STREAM });
      return lab.ask(asked);
    });
    expect(answer.body).toEqual(expected);
    expect(await triesAt(answer)).toBe(1);
  });

  // undici takes a stream that is reset within a body of unknown length for one that has ended.
  it.each(['head', 'part'] as const)(
    'that ends an answer of unknown length after the %s has given none',
    async (after) => {
      const answer = await keepsInvariants(lab, async () => {
        front.hurtNext({ kind: 'reset', after, measured: false });
        return lab.ask(question);
      });
      expect(answer.body).toMatchObject(failed('SUBGRAPH_INVALID_RESPONSE'));
    },
  );

  it.each(stages)('that stalls after the %s is left in time, and the connection stays', async (after) => {
    const answer = await keepsInvariants(lab, async () => {
      front.hurtNext({ kind: 'stall', after });
      return lab.ask(question);
    });
    expect(answer.body).toMatchObject(failed('SUBGRAPH_TIMEOUT'));
    expect(await triesAt(answer)).toBe(1);
    expect(front.accepted).toBe(1);
  });

  it('whose connection has died without a word is asked over another one', async () => {
    const answer = await keepsInvariants(lab, async () => {
      await proxy.become({ kind: 'orphan' });
      const first = await lab.ask(question);
      await vi.waitUntil(async () => (await lab.ask(question)).text === JSON.stringify(healthyAnswer), {
        timeout: 5_000,
        interval: 1,
      });
      return first;
    });
    expect(answer.body).toMatchObject(failed('SUBGRAPH_TIMEOUT'));
    expect(front.accepted).toBeGreaterThanOrEqual(2);
  });

  it.each([true, false])('that goes away is asked over another connection (sees the request: %s)', async (sees) => {
    const answer = await keepsInvariants(lab, async () => {
      front.hurtNext({ kind: 'goaway', sees });
      return lab.ask(question);
    });
    expect(answer.body).toEqual(healthyAnswer);
    // What the server has not seen was sent once.
    expect(await triesAt(answer)).toBe(1);
    expect(front.accepted).toBe(2);
  });

  describe('with many requests on a connection', () => {
    const none: Http2Fault = { kind: 'none' };
    const askTogether = () => Promise.all(Array.from({ length: 12 }, () => lab.ask(question)));

    it.each<Http2Fault>([
      { kind: 'goaway', sees: true },
      { kind: 'goaway', sees: false },
      { kind: 'reset', after: 'head' },
      { kind: 'cut', after: 'request' },
      { kind: 'breakdown' },
    ])('answers them all though one meets %j', async (fault) => {
      const answers = await keepsInvariants(lab, () => {
        front.hurtNext(none, none, none, fault);
        return askTogether();
      });
      for (const { body } of answers) expect(body).toEqual(healthyAnswer);
    });

    it('keeps none waiting for one that stalls', async () => {
      const answers = await keepsInvariants(lab, () => {
        front.hurtNext(none, { kind: 'stall', after: 'part' });
        return askTogether();
      });
      expect(answers.filter(({ text }) => text.includes('SUBGRAPH_TIMEOUT'))).toHaveLength(1);
      expect(answers.filter(({ text }) => !text.includes('errors'))).toHaveLength(11);
      expect(front.accepted).toBe(1);
    });
  });
});
