import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AtriumUserConfig } from '../../../src/config/config.ts';
import { startHttpGateway } from '../../support/http-gateway.ts';
import type { HttpGateway } from '../../support/http-gateway.ts';

const limit = 1_000;
let gateway: HttpGateway;
/** Subgraphs answer when they are let go. */
let gate: PromiseWithResolvers<void>;

const held = (value: unknown) => async () => {
  await gate.promise;
  if (value instanceof Error) throw value;
  return value;
};
const subgraphs = {
  a: {
    sdl: 'type Query { a: Int broken: Int mutation: Int } type Mutation { change: Int now: Int }',
    resolvers: {
      Query: { a: held(1), broken: held(new Error('broken')), mutation: held(1) },
      Mutation: { change: held(1), now: () => 1 },
    },
  },
};

const start = (more: Partial<AtriumUserConfig> = {}) =>
  startHttpGateway(subgraphs, (folder) => {
    const keys = ['ann', 'bob'].map((subject) => ({ sha256: hash('sha256', subject), subject }));
    writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys }));
    return {
      authentication: { apiKeys: { file: 'keys.json' } },
      cache: { answers: {} },
      headers: { toClients: ['date'], fromPrincipal: { 'x-user': 'subject' } },
      rateLimit: { rules: [{ name: 'all', key: 'global', limit, windowSeconds: 86_400 }] },
      supergraph: { file: 'supergraph.graphql' },
      ...more,
    };
  });

beforeEach(async () => {
  gate = Promise.withResolvers();
  gateway = await start();
});
afterEach(async () => gateway[Symbol.asyncDispose]());

const leftAfter = ({ headers }: Response) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);

/** Resolves when so many requests wait for the subgraph or for each other: the limit has counted them at the door. */
async function asking(count: number): Promise<void> {
  await gateway.called(1);
  for (let probes = 1; leftAfter(await gateway.post({ query: '{ __typename }' })) > limit - count - probes;)
    probes += 1;
  // Their bodies had come with them, and are read by the time another one is answered.
  await gateway.post({ query: '{ __typename }' });
}

it('equal queries at the same time are executed once, and each answer is the client’s own', async () => {
  const ids = ['1', '2', '3', '4', '5'];
  const responses = ids.map((id) => gateway.post({ query: 'query A { a }' }, { headers: { 'x-request-id': id } }));
  await asking(ids.length);
  gate.resolve();
  const answers = await Promise.all(responses);
  expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(ids.map(() => '{"data":{"a":1}}'));
  expect(answers.map(({ headers }) => headers.get('x-request-id'))).toEqual(ids);
  expect(new Set(answers.map(leftAfter)).size).toBe(5);
  expect(answers.every(({ headers }) => headers.has('date'))).toBe(true);
  expect(gateway.calls).toHaveLength(1);
  const lines = await Promise.all(ids.map((id) => gateway.logged(({ fields }) => fields['requestId'] === id)));
  expect(lines.map(({ fields }) => [fields['operation'], fields['type'], fields['status']])).toEqual(
    ids.map(() => ['A', 'query', 200]),
  );
  expect(lines.filter(({ fields }) => fields['source'] === 'shared')).toHaveLength(4);
});

it('an error is the error of all, and the next one asks again', async () => {
  const ask = () => gateway.post({ query: '{ broken }' }).then((response) => response.json());
  const two = [ask(), ask()];
  await asking(2);
  gate.resolve();
  const [one, other] = await Promise.all(two);
  expect(one).toMatchObject({ data: { broken: null }, errors: [{ message: 'broken' }] });
  expect(other).toEqual(one);
  expect(gateway.calls).toHaveLength(1);
  expect(await ask()).toEqual(one);
  expect(gateway.calls).toHaveLength(2);
  const lines = gateway.log.filter(({ fields }) => JSON.stringify(fields['codes']) === '["DOWNSTREAM_SERVICE_ERROR"]');
  expect(lines).toHaveLength(3);
});

it('A20: who asks for somebody else, and whatever may be a mutation, asks alone', async () => {
  const by = (name: string) => ({ headers: { 'x-api-key': name } });
  const mutation = { query: 'mutation { change }' };
  const responses = [
    gateway.post({ query: '{ a }' }, by('ann')),
    gateway.post({ query: '{ a }' }, by('bob')),
    gateway.post({ query: '{ a }' }),
    gateway.post({ query: '{ a }' }, { headers: { authorization: 'Bearer x' } }),
    gateway.post(mutation, by('ann')),
    gateway.post(mutation, by('ann')),
    gateway.post({ query: 'query A { a } mutation B { change }', operationName: 'B' }, by('ann')),
    gateway.post({ query: 'query A { a } mutation B { change }', operationName: 'B' }, by('ann')),
  ];
  // The bearer token is refused at the door.
  await gateway.called(responses.length - 1);
  gate.resolve();
  expect((await Promise.all(responses)).map(({ status }) => status)).toEqual([200, 200, 200, 401, 200, 200, 200, 200]);
  const queries = gateway.calls.filter(({ query }) => !query.startsWith('mutation'));
  expect(new Set(queries.map(({ headers }) => headers['x-user']))).toEqual(new Set(['ann', 'bob', undefined]));
  expect(queries).toHaveLength(3);
  expect(gateway.calls).toHaveLength(7);
});

it('is not joined after a mutation, which it may know nothing of', async () => {
  const before = gateway.post({ query: '{ a }' });
  await gateway.called(1);
  await gateway.post({ query: 'mutation { now }' });
  const after = [gateway.post({ query: '{ a }' }), gateway.post({ query: '{ a }' })];
  await gateway.called(3);
  await gateway.post({ query: '{ __typename }' });
  gate.resolve();
  for (const response of [before, ...after]) expect(await (await response).json()).toEqual({ data: { a: 1 } });
  expect(gateway.calls).toHaveLength(3);
});

it('survives the client that asked first', async () => {
  const first = new AbortController();
  const asked = gateway.post({ query: '{ a }' }, { signal: first.signal, headers: { 'x-request-id': 'first' } });
  const gone = asked.catch(() => 'gone');
  await gateway.called(1);
  const others = [gateway.post({ query: '{ a }' }), gateway.post({ query: '{ a }' })];
  await asking(3);
  first.abort();
  expect(await gone).toBe('gone');
  expect((await gateway.logged(({ fields }) => fields['requestId'] === 'first')).fields['status']).toBe(499);
  gate.resolve();
  for (const other of others) expect(await (await other).json()).toEqual({ data: { a: 1 } });
  expect(gateway.calls.map(({ isAbandoned }) => isAbandoned)).toEqual([false]);
});

it('is given up when the last client has left, and not joined any more', async () => {
  const clients = [new AbortController(), new AbortController()];
  const gone = clients.map(({ signal }) => gateway.post({ query: '{ a }' }, { signal }).catch(() => 'gone'));
  await asking(2);
  const lines = () => gateway.log.filter(({ fields }) => fields['status'] === 499).length;
  for (const [index, client] of clients.entries()) {
    expect(gateway.calls[0]?.isAbandoned).toBe(false);
    client.abort();
    await gateway.logged(() => lines() === index + 1);
  }
  expect(await Promise.all(gone)).toEqual(['gone', 'gone']);
  await gateway.abandoned(gateway.calls[0]);
  const next = gateway.post({ query: '{ a }' });
  await gateway.called(2);
  gate.resolve();
  expect(await (await next).json()).toEqual({ data: { a: 1 } });
  expect(gateway.calls[1]?.isAbandoned).toBe(false);
});

it('is not joined by who asks the next supergraph', async () => {
  const old = gateway.post({ query: '{ a }' });
  await gateway.called(1);
  const sdl = readFileSync(gateway.supergraphFile, 'utf8');
  await writeFile(`${gateway.supergraphFile}.new`, `${sdl}\n# another\n`);
  await rename(`${gateway.supergraphFile}.new`, gateway.supergraphFile);
  await gateway.logged(({ message }) => message === 'The supergraph was updated');
  const next = gateway.post({ query: '{ a }' });
  await gateway.called(2);
  gate.resolve();
  for (const response of [old, next]) expect(await (await response).json()).toEqual({ data: { a: 1 } });
});

it('goes on while Redis is gone, when no answer from earlier may be given', async () => {
  await gateway[Symbol.asyncDispose]();
  // Nobody listens there.
  gateway = await start({ redis: { url: 'redis://127.0.0.1:1' } });
  const body = { query: '{ a }' };
  const two = [gateway.post(body), gateway.post(body)];
  await asking(two.length);
  gate.resolve();
  for (const response of two) expect(await (await response).json()).toEqual({ data: { a: 1 } });
  expect(gateway.calls).toHaveLength(1);
  await gateway.post(body);
  expect(gateway.calls).toHaveLength(2);
});
