import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepsInvariants } from './invariants.ts';
import { openLaboratory } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';

const levels = 100_000;
const nested = {
  lists: `${'['.repeat(levels)}1${']'.repeat(levels)}`,
  objects: `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`,
};

describe('a subgraph whose answer', () => {
  let lab: Laboratory;
  beforeEach(async () => {
    lab = await openLaboratory(() => ({
      subgraphDefaults: { maxResponseBytes: 10_000_000 },
      headers: { toClients: ['x-cost'] },
      cache: { entities: { ttlSeconds: 60 } },
    }));
  });
  afterEach(() => lab.close());

  const answering = (data: string, more = '', headers: Record<string, string> = {}): void =>
    lab.subgraphs.reviews.answerWith((response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(`{"data":${data}${more}}`);
    });

  it.each(Object.entries(nested))('nests %s without end is passed on where it may be anything', async (_, facts) => {
    const answer = await keepsInvariants(lab, () => {
      answering(`{"best":{"__typename":"Product","id":"1","facts":${facts}}}`);
      return lab.ask({ query: '{ me { name } best { facts } }' });
    });
    expect(answer.text === `{"data":{"me":{"name":"Ann"},"best":{"facts":${facts}}}}`).toBe(true);
  });

  it.each(Object.entries(nested))('nests %s where one object is asked for loses that alone', async (_, instead) => {
    const answer = await keepsInvariants(lab, () => {
      answering(`{"best":${instead}}`);
      return lab.ask({ query: '{ me { name } best { rating } }' });
    });
    expect(answer.body).toMatchObject({ data: { me: { name: 'Ann' } }, errors: [{ path: expect.any(Array) }] });
    expect(answer.text).toMatch(/"best":(null|{"rating":null})/);
  });

  it.each(Object.entries(nested))('nests %s that another subgraph needs loses no more than that', async (_, facts) => {
    const answer = await keepsInvariants(lab, () => {
      answering(`{"best":{"__typename":"Product","id":"1","facts":${facts}}}`);
      return lab.ask({ query: '{ me { name } best { id summary } }' });
    });
    expect(answer.body).toMatchObject({ data: { me: { name: 'Ann' }, best: { id: '1' } } });
  });

  it('holds 50,000 members nobody asked for is pruned to what was asked', async () => {
    const members = Array.from({ length: 50_000 }, (_, at) => `"m${at}":${at}`).join(',');
    const answer = await keepsInvariants(lab, () => {
      answering(`{${members},"best":{"__typename":"Product","id":"1",${members}}}`);
      return lab.ask({ query: '{ me { name } best { id } }' });
    });
    expect(answer.body).toEqual({ data: { me: { name: 'Ann' }, best: { id: '1' } } });
  });

  it('holds 100,000 errors is told in few', async () => {
    const errors = Array.from({ length: 100_000 }, (_, at) => `{"message":"${at}","path":["best",${at}]}`).join(',');
    const answer = await keepsInvariants(lab, () => {
      answering(`{"best":null}`, `,"errors":[${errors}]`);
      return lab.ask({ query: '{ me { name } best { id } }' });
    });
    expect(answer.body).toMatchObject({ data: { me: { name: 'Ann' }, best: null } });
    expect(answer.text.length).toBeLessThan(50_000);
  });

  it('has headers of all bytes that headers may have is an answer', async () => {
    const cost = Array.from({ length: 128 }, (_, at) => String.fromCharCode(128 + at)).join('');
    const answer = await keepsInvariants(lab, () => {
      answering('{"best":null}', '', { 'x-cost': cost });
      return lab.ask({ query: '{ best { id } }' });
    });
    expect(answer.body).toEqual({ data: { best: null } });
    expect(answer.headers.has('x-cost')).toBe(true);
  });
});
