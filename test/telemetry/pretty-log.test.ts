import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createAccessRecord, logAccess } from '../../src/telemetry/access-log.ts';
import { createLogger } from '../../src/telemetry/create-logger.ts';
import { prettyLog } from '../../src/telemetry/pretty-log.ts';

it('a log for people has a short line for each request, and what else it tells, errors with their stacks', () => {
  const stream = new PassThrough().setEncoding('utf8');
  const logger = createLogger({ level: 'info', destination: prettyLog(stream) });
  const record = createAccessRecord();
  record.operationName = 'OrderHistory';
  record.errorCodes = ['FORBIDDEN'];
  record.calls.push({ subgraph: 'users', startedAt: 0, milliseconds: 3.456, status: 200, entities: 0 });
  record.calls.push({
    subgraph: 'orders',
    startedAt: 3,
    milliseconds: 8,
    status: 0,
    entities: 2,
    code: 'SUBGRAPH_TIMEOUT',
  });
  record.cacheHits = 2;
  record.cacheMisses = 3;
  const request = {
    requestId: 'r1',
    method: 'POST',
    path: '/graphql',
    status: 200,
    startedAt: 0,
    milliseconds: 12.3456,
  };
  logAccess(logger, { ...request, headers: {}, clientAddress: '127.0.0.1', principal: null, record });
  logger.warn({ subgraph: 'users', address: 'http://10.0.0.1' }, 'A subgraph fails too often');
  logger.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'unexpected');

  const text = String(stream.read()).replaceAll(/\d\d:\d\d:\d\d/g, 'TIME');
  const [requestLine, warning, ...error] = text.trimEnd().split('\n');
  expect(requestLine).toBe(
    '[TIME] INFO: 200 POST /graphql OrderHistory, 12.35 ms, FORBIDDEN, users 3.46, orders 8 SUBGRAPH_TIMEOUT, cache 2 of 5',
  );
  expect(warning).toBe('[TIME] WARN: A subgraph fails too often subgraph="users" address="http://10.0.0.1"');
  expect(error.join('\n')).toMatch(
    /^\[TIME\] ERROR: unexpected\s+Error: outer\n(.|\n)+ at .+\n(.|\n)*caused by: Error: inner/,
  );
});

it('fields that are to be redacted are in no line', () => {
  let text = '';
  const destination = { write: (chunk: string) => void (text += chunk) };
  const logger = createLogger({ level: 'info', redact: ['client', 'err.message'], destination });
  logger.info({ client: '10.1.2.3', path: '/' }, 'request');
  logger.error({ err: { message: 'secret', type: 'Error' } }, 'failed');
  expect(text).not.toMatch(/10\.1\.2\.3|secret/);
  expect(text.match(/\[redacted\]/g)).toHaveLength(2);
});
