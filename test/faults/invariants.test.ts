import { describe, expect, it } from 'vitest';
import { answerProblems, secret } from './answer-problems.ts';
import { ask } from './ask.ts';
import type { Answer } from './ask.ts';
import { startSubgraphServer } from './subgraph-server.ts';
import { shop } from './shop.ts';

const said = (body: unknown, more: Partial<Answer> = {}): Answer => ({
  status: 200,
  contentType: 'application/json; charset=utf-8',
  headers: new Headers(),
  text: JSON.stringify(body),
  body,
  requestId: '',
  ...more,
});
const error = { message: 'no', extensions: { code: 'NO' } };
const failed = (fields: object) => ({ data: { a: null, b: [1] }, errors: [{ ...error, ...fields }] });
const lost = { code: 'SUBGRAPH_TIMEOUT' };

describe('what checks answers', () => {
  it.each([
    ['data', said({ data: { a: 1 } })],
    ['data with an error', said(failed({ path: ['a'] }))],
    ['null data with an error', said({ data: null, errors: [error] })],
    ['an error alone', said({ errors: [{ ...error, locations: [{ line: 1, column: 1 }] }] }, { status: 400 })],
    ['an error of a subgraph below a null', said(failed({ path: ['a', 0, 'c'], extensions: lost }))],
  ])('takes %s', (_, answer) => {
    expect(answerProblems(answer)).toEqual([]);
  });

  it.each<[string, Answer]>([
    ['no JSON', said(undefined, { text: '<h1>' })],
    ['another type', said({ data: {} }, { contentType: 'text/html' })],
    ['an unknown key', said({ data: {}, trace: 1 })],
    ['null data alone', said({ data: null })],
    ['nothing', said({}, { status: 400 })],
    ['no errors in a list', said({ data: {}, errors: [] })],
    ['an error that is null', said({ data: {}, errors: [null] })],
    ['an error without a message', said(failed({ message: '' }))],
    ['an error without a code', said(failed({ extensions: {} }))],
    ['a path that is a text', said(failed({ path: 'a' }))],
    ['a path to nowhere', said(failed({ path: ['c'], extensions: lost }))],
    ['a path to a value', said(failed({ path: ['b', 0], extensions: lost }))],
    ['a path without data', said({ errors: [{ ...error, path: ['a'] }] }, { status: 400 })],
    ['200 without data', said({ errors: [error] })],
    ['500 with data', said({ data: {} }, { status: 500 })],
    ...[
      'connect to http://x',
      '127.0.0.1',
      'TypeError: x',
      'at run (/app/x.js:1:2)',
      'ECONNREFUSED',
      'UND_ERR_SOCKET',
      'in node_modules',
      'x is not a function',
      secret,
    ].map((message): [string, Answer] => [message, said(failed({ message }))]),
  ])('does not take %s', (_, answer) => {
    expect(answerProblems(answer)).not.toEqual([]);
  });

  it('does not wait for what comes too late', async () => {
    const silent = await startSubgraphServer(shop.users);
    silent.answerWith(() => {});
    await expect(ask(silent.url, '{"query":"{me{id}}"}', { deadlineMs: 10 })).rejects.toThrow(
      'no answer within 210 ms',
    );
    await silent.close();
  });
});
