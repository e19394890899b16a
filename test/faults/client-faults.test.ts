import { once } from 'node:events';
import { connect } from 'node:net';
import { QueryPlanner } from '@apollo/query-planner';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ask } from './ask.ts';
import { clientCases } from './client-cases.ts';
import { keepsInvariants } from './invariants.ts';
import { openLaboratory, reviewsTimeoutMs } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';
import { healthyAnswer, question } from './shop.ts';

let lab: Laboratory;
beforeAll(async () => {
  lab = await openLaboratory();
});
afterAll(() => lab.close());
beforeEach(() => lab.heal());

const callsOfAll = (): number => Object.values(lab.subgraphs).reduce((sum, { calls }) => sum + calls.length, 0);

describe('a client that sends', () => {
  it.each(clientCases)('$id: $title', async ({ body, headers = {}, status, code }) => {
    const before = callsOfAll();
    let asked = 0;
    await keepsInvariants(lab, async () => {
      // Another one, which must not wait for it.
      const [answer, other] = await Promise.all([
        ask(`${lab.origin}/graphql`, body(), { headers, deadlineMs: 1_000 }),
        lab.ask({ query: '{ me { name } }' }, { deadlineMs: 1_000 }),
      ]);
      asked = callsOfAll() - before;
      expect(answer).toMatchObject({ status, body: { errors: [{ extensions: { code } }] } });
      expect(other.body).toEqual({ data: { me: { name: 'Ann' } } });
      return [answer, other];
    });
    expect(asked).toBe(1);
  });
});

describe('A23: a client that leaves', () => {
  /** Asks `body` of a `reviews` that says nothing, leaves, and waits at most 50 ms and some turns for what comes of it. */
  async function leave(body: object): Promise<boolean> {
    const { reviews } = lab.subgraphs;
    reviews.answerWith(() => {});
    const known = reviews.calls.length;
    const abort = new AbortController();
    const gone = lab.ask(body, { signal: abort.signal }).catch((error: Error) => error.name);
    const call = await vi.waitUntil(() => reviews.calls[known], { interval: 2 });
    abort.abort();
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(await gone).toBe('AbortError');
    return call.abandonedAt !== undefined;
  }

  it('takes its query with it, within 50 ms', async () => {
    await keepsInvariants(lab, async () => {
      expect(await leave(question)).toBe(true);
      return [];
    });
  });

  it('leaves its mutation to end in its time', async () => {
    await keepsInvariants(lab, async () => {
      expect(await leave({ query: 'mutation { review(product: "1") { rating } }' })).toBe(false);
      await vi.waitUntil(() => lab.inFlight() === 0, { timeout: 4 * reviewsTimeoutMs });
      return [];
    });
  });
});

describe('many clients', () => {
  it('A26: that never finish their requests keep nobody from an answer', async () => {
    const { hostname, port } = new URL(lab.origin);
    const beginnings = ['', 'POST /gra', 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{"q'];
    const sockets = Array.from({ length: 600 }, (_, at) => {
      const socket = connect(Number(port), hostname).on('error', () => {});
      socket.write(beginnings[at % beginnings.length] ?? '');
      return socket;
    });
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const answer = await keepsInvariants(lab, () => lab.ask(question));
    expect(answer.body).toEqual(healthyAnswer);
  });

  it('A28: that ask the same for the first time are planned for once', async () => {
    const plans = vi.spyOn(QueryPlanner.prototype, 'buildQueryPlan');
    onTestFinished(() => plans.mockRestore());
    const answers = await keepsInvariants(lab, () =>
      Promise.all(Array.from({ length: 50 }, () => lab.ask({ query: '{ list: top { called: name rated: rating } }' }))),
    );
    const list = healthyAnswer.data.top.map(({ name, rating }) => ({ called: name, rated: rating }));
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set([JSON.stringify({ data: { list } })]));
    expect(plans).toHaveBeenCalledTimes(1);
  });

  it('A31: who asks for one thing twice gets it twice, in order, and it is asked for once', async () => {
    const { calls } = lab.subgraphs.reviews;
    const known = calls.length;
    const asked = {
      query: 'query ($ids: [ID!]!) { listed(ids: $ids) { name rating } }',
      variables: { ids: ['2', '1', '9', '2', '1'] },
    };
    let representations: unknown;
    const answer = await keepsInvariants(lab, async () => {
      const answer = await lab.ask(asked);
      expect(calls).toHaveLength(known + 1);
      representations = Object.values(calls[known]?.variables ?? {})[0];
      return answer;
    });
    const [lamp, desk] = healthyAnswer.data.top.map(({ name, rating }) => ({ name, rating }));
    expect(answer.body).toEqual({ data: { listed: [desk, lamp, null, desk, lamp] } });
    expect(representations).toEqual([
      { __typename: 'Product', id: '2' },
      { __typename: 'Product', id: '1' },
    ]);
  });
});

describe('a connection with several requests at once', () => {
  const request = (query: string): string => {
    const body = JSON.stringify({ query });
    return `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  };

  it('that is cut gives back the room of all of them', async () => {
    const small = await openLaboratory(() => ({
      server: { overload: { maxInFlight: 6 } },
      subgraphs: { reviews: { timeoutMs: 60_000 } },
    }));
    onTestFinished(() => small.close());
    const { hostname, port } = new URL(small.origin);
    await keepsInvariants(small, async () => {
      small.subgraphs.reviews.answerWith(() => {});
      for (let connection = 0; connection < 3; connection += 1) {
        const socket = connect(Number(port), hostname).on('error', () => {});
        const asked = Array.from({ length: 4 }, (_, at) => request(`{ best { r${connection}${at}: rating } }`));
        socket.write(asked.join(''));
        await vi.waitUntil(() => small.subgraphs.reviews.inFlight === 4, { interval: 2 });
        socket.destroy();
        await vi.waitUntil(() => small.inFlight() === 0, { timeout: 5_000, interval: 2 });
      }
      return Promise.all(Array.from({ length: 6 }, () => small.ask({ query: '{ me { name } }' })));
    }).then((answers) => {
      for (const { body } of answers) expect(body).toEqual({ data: { me: { name: 'Ann' } } });
    });
  });
});
