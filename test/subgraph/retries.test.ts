import { afterEach, describe, expect, it } from 'vitest';
import { subgraphDefaults } from '../../src/config/subgraph-defaults.ts';
import { freePort } from '../support/free-port.ts';
import { clientOf, closeAll, contextWith, data, json, query, sending, subgraph } from './client-under-test.ts';

const twice = { retry: { ...subgraphDefaults.retry, maxTries: 2 } };
const mutation = { ...query, kind: 'mutation' as const };
const ok = sending(JSON.stringify(data));

/** Answers the first requests in the given ways, the others well. */
async function failingAtFirst(...answers: readonly Parameters<typeof subgraph>[0][]) {
  const left = [...answers];
  return subgraph((response, request) => (left.shift() ?? ok)(response, request));
}

afterEach(closeAll);

describe('a query', () => {
  it.each([
    ['502', sending('bad gateway', { 'content-type': 'text/html' }, 502)],
    ['503 with errors of GraphQL', sending('{"errors":[{"message":"busy"}]}', json, 503)],
    ['504', sending('', {}, 504)],
    ['429 that says when', sending('', { 'retry-after': '0' }, 429)],
    ['a reset', (response: Parameters<typeof ok>[0]) => void response.socket?.resetAndDestroy()],
    [
      'half an answer',
      (response: Parameters<typeof ok>[0]) => {
        response.writeHead(200, json).write('{"data":');
        setImmediate(() => response.destroy());
      },
    ],
  ])('is sent again after %s', async (_, answer) => {
    const { url, received } = await failingAtFirst(answer);
    const context = contextWith();
    expect(await clientOf(url, twice).send(query, context)).toMatchObject(data);
    expect(received).toHaveLength(2);
    expect(context.record.calls).toHaveLength(2);
  });

  it.each([
    ['a status that time does not mend', sending('', {}, 500)],
    ['429 that does not say when', sending('', {}, 429)],
    ['errors of GraphQL', sending('{"data":null,"errors":[{"message":"no"}]}')],
    ['what is no answer of GraphQL', sending('[]')],
    ['a time it would not live to see', sending('', { 'retry-after': '60' }, 503)],
    ['a date too far', sending('', { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }, 503)],
  ])('is not sent again after %s', async (_, answer) => {
    const { url, received } = await failingAtFirst(answer);
    await clientOf(url, twice).send(query, contextWith());
    expect(received).toHaveLength(1);
  });

  it('keeps what the last answer says', async () => {
    const { url, received } = await subgraph(sending('{"errors":[{"message":"busy"}]}', json, 503));
    const response = await clientOf(url, twice).send(query, contextWith());
    expect(response.errors).toEqual([{ message: 'busy' }]);
    expect(received).toHaveLength(2);
  });

  it('is sent no more often than the budget allows, whatever fails', async () => {
    const { url, received } = await subgraph(sending('', {}, 503));
    const client = clientOf(url, {
      retry: { maxTries: 3, budgetShare: 0.2, budgetPerSecond: 1 },
      breaker: { ...subgraphDefaults.breaker, minRequests: 1_000 },
    });
    await Promise.all(Array.from({ length: 100 }, () => client.send(query, contextWith())));
    // Ten for ten seconds, and a fifth of the hundred.
    expect(received).toHaveLength(130);
  });

  it('is not sent again for a client that has left', async () => {
    const leaving = new AbortController();
    const { url, received } = await failingAtFirst((response) => {
      sending('', { 'retry-after': '2' }, 503)(response);
      setTimeout(() => leaving.abort(), 50);
    });
    const since = performance.now();
    await clientOf(url, twice).send(query, contextWith({ signal: leaving.signal }));
    expect(performance.now() - since).toBeLessThan(1_500);
    expect(received).toHaveLength(1);
  });
});

describe('a mutation', () => {
  it.each([
    ['503', sending('', { 'retry-after': '0' }, 503)],
    ['a reset', (response: Parameters<typeof ok>[0]) => void response.socket?.resetAndDestroy()],
  ])('is sent once, whatever comes of it: %s', async (_, answer) => {
    const { url, received } = await failingAtFirst(answer);
    expect((await clientOf(url, twice).send(mutation, contextWith())).failure).toBeDefined();
    expect(received).toHaveLength(1);
  });

  it('looks for another instance where it found none to speak to', async () => {
    const { url, received } = await subgraph();
    const dead = `http://127.0.0.1:${await freePort()}`;
    // The first draw is the first of two.
    const client = clientOf(url, { ...twice, addresses: [dead, url], random: () => 0 });
    expect(await client.send(mutation, contextWith())).toMatchObject(data);
    expect(received).toHaveLength(1);
  });
});

it('a subgraph is told how long its answer is waited for', async () => {
  const { url, received } = await subgraph();
  await clientOf(url).send(query, contextWith({ deadline: performance.now() + 700 }));
  const told = Number(received[0]?.headers['x-request-timeout-ms']);
  expect(told).toBeGreaterThan(300);
  expect(told).toBeLessThanOrEqual(700);
});
