import { connect } from 'node:net';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { answerProblems } from '../answer-problems.ts';
import { deadlineMs } from '../laboratory.ts';
import { keepsInvariants } from '../invariants.ts';
import type { Fuzzer } from './fuzzer.ts';

const body = '{"query":"{me{name}}"}';
const valid = [
  `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n${body}\r\n0\r\n\r\n`,
  'GET /graphql?query=%7Bme%7Bname%7D%7D HTTP/1.1\r\nHost: x\r\nApollo-Require-Preflight: 1\r\nX-Request-Timeout-Ms: 100\r\n\r\n',
  'OPTIONS /graphql HTTP/1.1\r\nHost: x\r\nOrigin: http://y\r\n\r\nGET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n',
];
const pieces = [
  '\r\n',
  '\r\n\r\n',
  '\0',
  ':',
  ' ',
  '%',
  '%ff',
  '/../',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Content-Encoding: gzip\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: h2c\r\nConnection: Upgrade\r\n',
  'Accept: x\r\n',
  'X-Forwarded-For: ,,\r\n',
  'HTTP/9.9',
  'CONNECT ',
  'x'.repeat(20_000),
  '\u00ff',
];

const change = fc.record({
  at: fc.nat(400),
  drop: fc.nat({ max: 12 }),
  insert: fc.oneof(fc.constant(''), fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 8 })),
});

/** Bytes at the port that were HTTP before something happened to them. */
export const httpBytes: Fuzzer = {
  name: 'requests of broken HTTP',
  runs: [80, 1_200],
  property: (lab) =>
    fc.asyncProperty(
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...valid) },
        { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
      ),
      fc.array(change, { maxLength: 3 }),
      fc.nat(500),
      async (text, changes, cut) => {
        const sent = Buffer.from(changes.reduce(changed, text), 'latin1');
        const received = await send(new URL(lab.origin), [sent.subarray(0, cut), sent.subarray(cut)]);
        const answer = received.toString('utf8');
        expect(answer === '' || answer.startsWith('HTTP/1.1 ')).toBe(true);
        // Whatever is in it, and how many answers there are: nothing of the inside.
        const told = answerProblems({ ...silent, text: answer });
        expect(told.filter((problem) => problem.startsWith('tells'))).toEqual([]);
        expect(answer).not.toMatch(/^HTTP\/1\.1 50[0-24-9]/m);
        await keepsInvariants(lab, () => Promise.resolve([]));
      },
    ),
};

const silent = { status: 200, contentType: '', headers: new Headers(), body: undefined, requestId: '' };

function changed(text: string, { at, drop, insert }: { at: number; drop: number; insert: string }): string {
  const place = at % (text.length + 1);
  return text.slice(0, place) + insert + text.slice(place + drop);
}

/** Sends the parts one after the other and nothing more; resolves with what came until the end of the connection. */
function send({ port, hostname }: URL, parts: readonly Buffer[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect(Number(port), hostname);
    const timer = setTimeout(() => {
      reject(
        new Error(
          `the connection is open although all was sent: ${JSON.stringify(Buffer.concat(parts).toString('latin1'))}`,
        ),
      );
      socket.destroy();
    }, deadlineMs + 200);
    socket.on('data', (data) => void received.push(typeof data === 'string' ? Buffer.from(data) : data));
    // A reset is an answer too.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(received));
    });
    for (const part of parts) socket.write(part);
    socket.end();
  });
}
