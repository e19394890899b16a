import { expect, it } from 'vitest';
import { startFront } from './start-front.ts';

it('cuts clients that are slow to send: heads after 10 seconds, bodies after 30, also behind their refusal', async () => {
  await using front = await startFront();
  const post = 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
  const head = front.socket();
  head.write('POST /graphql HTTP/1.1\r\n');
  const body = front.socket();
  body.write(`${post}content-length: 100\r\n\r\n{`);
  const endless = front.socket();
  endless.write(`${post}transfer-encoding: chunked\r\n\r\n`);
  const sending = setInterval(() => endless.write(`186a0\r\n${' '.repeat(100_000)}\r\n`), 20);
  const started = performance.now();

  expect(await head.closed).toMatch(/^HTTP\/1.1 408 /);
  expect(performance.now() - started).toBeLessThan(15_000);
  await endless.received(/^HTTP\/1.1 413 /);
  const before = process.memoryUsage().rss;
  expect(await body.closed).toMatch(/^HTTP\/1.1 408 /);
  await endless.closed;
  clearInterval(sending);
  expect(performance.now() - started).toBeLessThan(35_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(20_000_000);
}, 60_000);
