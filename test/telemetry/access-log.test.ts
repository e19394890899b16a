import { describe, expect, it } from 'vitest';
import { createAccessRecord, errorCodesOf, logAccess } from '../../src/telemetry/access-log.ts';
import type { FinishedRequest } from '../../src/telemetry/access-log.ts';
import { createLogger } from '../../src/telemetry/create-logger.ts';
import type { LogLevel } from '../../src/telemetry/create-logger.ts';

const finished: FinishedRequest = {
  requestId: 'r1',
  method: 'POST',
  path: '/graphql',
  status: 200,
  startedAt: 0,
  milliseconds: 12.3456,
  headers: {},
  clientAddress: '127.0.0.1',
  principal: null,
  record: createAccessRecord(),
};

/** What a logger of this level writes, line by line. */
function lines(level: LogLevel, write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  let text = '';
  write(
    createLogger({
      level,
      destination: {
        write: (chunk) => {
          text += chunk;
        },
      },
    }),
  );
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function lineOf(request: Partial<FinishedRequest>): Record<string, unknown> {
  const [line] = lines('info', (logger) => logAccess(logger, { ...finished, ...request }));
  if (line === undefined) throw new Error('expected a line, got none');
  return line;
}

describe('the line of a request', () => {
  it('tells the client, the operation, its cost, what limits have left, and its trace', () => {
    const record = createAccessRecord();
    record.operationHash = 'abc';
    record.cost = 12;
    record.limits.push({ policy: 'clients', scope: 'request', charged: 1, remaining: 49, outcome: 'admitted' });
    record.trace = { traceId: '0af7', spanId: '1', parentSpanId: undefined, isSampled: true };
    const headers = { 'apollographql-client-name': 'web'.repeat(100), 'apollographql-client-version': '1.2' };
    expect(lineOf({ record, headers })).toMatchObject({
      clientName: 'web'.repeat(100).slice(0, 128),
      clientVersion: '1.2',
      hash: 'abc',
      cost: 12,
      limits: { clients: 49 },
      traceId: '0af7',
    });
  });

  it('holds what happened, on one line', () => {
    const record = createAccessRecord();
    record.operationName = 'OrderHistory';
    record.operationType = 'query';
    record.errorCodes = ['SUBGRAPH_TIMEOUT'];
    record.calls.push({ subgraph: 'users', startedAt: 0, milliseconds: 3.4567, status: 200, entities: 0 });
    record.calls.push({
      subgraph: 'payments',
      startedAt: 0,
      milliseconds: 10_000,
      status: 0,
      entities: 12,
      code: 'SUBGRAPH_TIMEOUT',
    });
    record.cacheHits = 5;
    record.cacheMisses = 7;
    const { time, ...line } = lineOf({ record });
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(line).toEqual({
      level: 30,
      msg: 'request',
      requestId: 'r1',
      method: 'POST',
      path: '/graphql',
      operation: 'OrderHistory',
      type: 'query',
      status: 200,
      codes: ['SUBGRAPH_TIMEOUT'],
      ms: 12.35,
      client: '127.0.0.1',
      principal: null,
      calls: [
        { subgraph: 'users', ms: 3.46, status: 200, entities: 0 },
        { subgraph: 'payments', ms: 10_000, status: 0, entities: 12, code: 'SUBGRAPH_TIMEOUT' },
      ],
      cacheHits: 5,
      cacheMisses: 7,
    });
  });

  it('tells principals apart without naming them', () => {
    const ann = {
      subject: 'ann@shop.example',
      issuer: 'demo',
      roles: ['admin'],
      scopes: [],
      claims: { email: 'ann@shop.example' },
    };
    const line = lineOf({ principal: ann });
    expect(line['principal']).toMatch(/^[0-9a-f]{16}$/);
    expect(JSON.stringify(line)).not.toMatch(/ann|shop\.example|admin/);
    expect(lineOf({ principal: { ...ann, roles: [] } })['principal']).toBe(line['principal']);
    expect(lineOf({ principal: { ...ann, issuer: 'other' } })['principal']).not.toBe(line['principal']);
  });

  it('cuts what a client wrote', () => {
    const line = lineOf({
      path: `/${'x'.repeat(10_000)}`,
      record: { ...createAccessRecord(), operationName: 'Q'.repeat(10_000) },
    });
    expect([String(line['path']).length, String(line['operation']).length]).toEqual([128, 128]);
  });

  it('is for debugging only when a probe asked', () => {
    const probe = (level: LogLevel) =>
      lines(level, (logger) => logAccess(logger, { ...finished, path: '/health/ready' }));
    expect(probe('info')).toEqual([]);
    expect(probe('debug')).toHaveLength(1);
  });
});

describe('errorCodesOf', () => {
  it('names each code once, whatever the answer looks like', () => {
    const answer = {
      errors: [{ extensions: { code: 'A' } }, { extensions: { code: 'B' } }, { extensions: { code: 'A' } }, {}, null],
    };
    expect(errorCodesOf(answer)).toEqual(['A', 'B', 'none']);
    for (const other of [null, 'x', {}, { errors: 'x' }]) expect(errorCodesOf(other)).toEqual([]);
  });
});

describe('createLogger', () => {
  it.each([
    ['debug', ['a', 'b', 'c', 'd']],
    ['warn', ['c', 'd']],
    ['silent', []],
  ] as const)('writes what %s lets through', (level, expected) => {
    const written = lines(level, (logger) => {
      logger.debug({}, 'a');
      logger.info({}, 'b');
      logger.warn({}, 'c');
      logger.error({}, 'd');
    });
    expect(written.map(({ msg }) => msg)).toEqual(expected);
  });

  it('writes an error with its causes on one line', () => {
    const error = new Error('above', { cause: new Error('below\nwith a second line') });
    const [line] = lines('info', (logger) => logger.error({ err: error }, 'broken'));
    expect(JSON.stringify(line)).toMatch(/above.*below\\nwith a second line/);
  });
});
