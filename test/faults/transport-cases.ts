import { gzipSync } from 'node:zlib';
import { secret } from './answer-problems.ts';
import type { Laboratory } from './laboratory.ts';
import { maxResponseBytes } from './laboratory.ts';
import { answering, behind, httpError, invalid, json, sending, timedOut, unreachable } from './misbehaving.ts';
import type { SubgraphCase } from './subgraph-case.ts';

/** One subgraph of three cannot be reached, or what comes of it is no answer. */
export const transportCases: readonly SubgraphCase[] = [
  { id: 'A1', title: 'nothing listens', arrange: behind({ kind: 'refuse' }), ...unreachable, mayMeetIdle: true },
  { id: 'A2', title: 'hangs before the head', arrange: behind({ kind: 'blackHole' }), ...timedOut },
  {
    id: 'A2',
    title: 'hangs after the head',
    arrange: answering((response) => response.writeHead(200, json).flushHeaders()),
    ...timedOut,
  },
  {
    id: 'A3',
    title: 'drips spaces without end',
    arrange: answering((response) => {
      const dripping = setInterval(() => response.write(' '), 20);
      response.writeHead(200, json).on('close', () => clearInterval(dripping));
    }),
    ...timedOut,
  },
  {
    id: 'A3',
    title: 'answers a byte at a time',
    arrange: behind({ kind: 'throttle', bytes: 1, everyMs: 10 }),
    ...timedOut,
  },
  { id: 'A4', title: 'text for JSON', arrange: sending(`no JSON, ${secret}`), ...invalid },
  { id: 'A4', title: 'an empty body', arrange: sending(''), ...invalid },
  { id: 'A4', title: 'a JSON list', arrange: sending('[{"data":{}}]'), ...invalid },
  { id: 'A4', title: 'data that is no object', arrange: sending('{"data":[1]}'), ...invalid },
  { id: 'A4', title: 'bytes that are no UTF-8', arrange: sending(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])), ...invalid },
  {
    id: 'A4',
    title: 'the 502 page of a proxy',
    arrange: sending(`<h1>${secret}</h1>`, { 'content-type': 'text/html' }, 502),
    ...httpError,
    tries: 2,
  },
  { id: 'A4', title: 'no HTTP', arrange: behind({ kind: 'corrupt', after: 0 }), ...unreachable },
  { id: 'A4', title: 'a length with turned bits', arrange: behind({ kind: 'corrupt', after: 50 }), ...unreachable },
  {
    id: 'A4',
    title: 'a body with turned bits',
    arrange(lab) {
      lab.subgraphs.reviews.answerWith((response, healthy) => {
        const body = JSON.stringify(healthy).padEnd(1_000);
        response.writeHead(200, { ...json, 'content-length': body.length }).end(body);
      });
      return lab.proxies.reviews.become({ kind: 'corrupt', after: 600 });
    },
    ...invalid,
  },
  {
    id: 'A5',
    title: 'fewer bytes than its length says',
    arrange: answering((response) => {
      response.writeHead(200, { ...json, 'content-length': '500' }).write('{"data":');
      setImmediate(() => response.destroy());
    }),
    ...unreachable,
  },
  {
    id: 'A5',
    title: 'chunks without the last',
    arrange: answering((response) => {
      response.writeHead(200, json).write('{"data":');
      setImmediate(() => response.destroy());
    }),
    ...unreachable,
  },
  { id: 'A5', title: 'half a head', arrange: behind({ kind: 'cut', after: 20 }), ...unreachable },
  {
    id: 'A6',
    title: 'reset before the head',
    arrange: behind({ kind: 'reset', after: 'request' }),
    ...unreachable,
    mayMeetIdle: true,
  },
  { id: 'A6', title: 'reset after the head', arrange: behind({ kind: 'reset', after: 'head' }), ...unreachable },
  { id: 'A7', title: 'too large a body', arrange: sending(`{"data":"${'x'.repeat(maxResponseBytes)}"}`), ...invalid },
  {
    id: 'A7',
    title: 'a body without end',
    arrange: answering((response) => {
      response.writeHead(200, json);
      const pour = (): void => {
        while (response.writable && response.write(' '.repeat(16_384)));
      };
      response.on('drain', pour);
      pour();
    }),
    ...invalid,
  },
  {
    id: 'A7',
    title: 'a body that inflates to megabytes',
    arrange: sending(gzipSync(Buffer.alloc(20_000_000, ' ')), { ...json, 'content-encoding': 'gzip' }),
    ...invalid,
  },
  { id: 'A7', title: 'no gzip for gzip', arrange: sending('{}', { ...json, 'content-encoding': 'gzip' }), ...invalid },
  {
    id: 'A7',
    title: 'an unknown encoding',
    arrange: sending('{}', { ...json, 'content-encoding': 'constructor' }),
    ...invalid,
  },
  {
    id: 'A7',
    title: 'a head without end',
    arrange: sending('{"data":{}}', { ...json, 'x-padding': 'x'.repeat(100_000) }),
    ...unreachable,
  },
  {
    id: 'A8',
    title: 'hints before its answer',
    arrange: answering((response, healthy) => {
      response.writeEarlyHints({ link: '</x>; rel=preload' });
      response.writeProcessing();
      response.writeHead(200, json).end(JSON.stringify(healthy));
    }),
    ratings: [4.5, 4.5],
    tries: 1,
  },
  { id: 'A8', title: 'no content', arrange: sending('', {}, 204), ...invalid },
  {
    id: 'A8',
    title: 'another protocol',
    arrange: sending('', { upgrade: 'x', connection: 'upgrade' }, 101),
    ...unreachable,
  },
  {
    id: 'A8',
    title: 'JSON as text/plain',
    arrange: sending('{"data":{}}', { 'content-type': 'text/plain' }),
    ...invalid,
  },
  { id: 'A8', title: 'JSON without a type', arrange: sending('{"data":{}}', {}), ...invalid },
  {
    id: 'A8',
    title: 'the media type of GraphQL',
    arrange: answering((response, healthy) => {
      response.writeHead(200, { 'content-type': 'application/graphql-response+json; charset=utf-8' });
      response.end(JSON.stringify(healthy));
    }),
    ratings: [4.5, 4.5],
    tries: 1,
  },
  ...[301, 302, 307, 308].map((status) => ({
    id: 'A14',
    title: `a redirect with status ${status}`,
    arrange: (lab: Laboratory): void => {
      const location = `${lab.proxies.products.url}?${secret}`;
      lab.subgraphs.reviews.answerWith((response) => void response.writeHead(status, { location }).end());
    },
    ...httpError,
  })),
  {
    id: 'A15',
    title: '429 that lets it be asked again at once',
    arrange: sending('slow down', { 'retry-after': '0' }, 429),
    ...httpError,
    tries: 2,
  },
  {
    id: 'A15',
    title: '429 that asks for more time than there is',
    arrange: sending('slow down', { 'retry-after': '3600' }, 429),
    ...httpError,
  },
  { id: 'A15', title: '429 that says nothing of time', arrange: sending('slow down', {}, 429), ...httpError },
  {
    id: 'A15',
    title: '503 once, then an answer',
    arrange(lab) {
      let asked = 0;
      lab.subgraphs.reviews.answerWith((response, healthy) => {
        asked += 1;
        if (asked === 1) response.writeHead(503).end();
        else response.writeHead(200, json).end(JSON.stringify(healthy));
      });
    },
    ratings: [4.5, 4.5],
    tries: 2,
  },
];
