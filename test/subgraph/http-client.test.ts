import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import { clientOf, closeAll, contextWith, data, json, query, sending, subgraph } from './client-under-test.ts';

afterEach(closeAll);

describe('a request to a subgraph', () => {
  it('carries the operation, the allowed headers and the trace context, and nothing else of the client', async () => {
    const { url, received } = await subgraph(sending(JSON.stringify(data)));
    const context = contextWith({
      headers: {
        authorization: 'Bearer t',
        'x-tenant': 'red',
        cookie: 'secret=1',
        traceparent: '00-1-2-01',
        connection: 'close, x-tenant, content-type, x-request-id',
        te: 'trailers',
        'transfer-encoding': 'chunked',
        host: 'gateway',
        'content-length': '5',
        'content-encoding': 'gzip',
        upgrade: 'h2c',
        'proxy-authorization': 'Basic x',
        'x-user-id': '7',
      },
    });
    const response = await clientOf(url, {
      headers: {
        toSubgraphs: ['authorization', 'X-Tenant', 'TE', 'Host', 'Connection', 'Content-Length'],
        toClients: [],
      },
    }).send(query, context);
    expect(response).toMatchObject(data);
    expect(received).toEqual([
      {
        method: 'POST',
        url: '/graphql?v=1',
        body: '{"query":"{a}","variables":{"x":1}}',
        headers: {
          host: new URL(url).host,
          connection: 'keep-alive',
          authorization: 'Bearer t',
          traceparent: '00-1-2-01',
          'content-type': 'application/json',
          'content-length': '35',
          accept: 'application/graphql-response+json, application/json;q=0.9',
          'accept-encoding': 'gzip, deflate, br',
          'x-request-id': 'r-1',
          'x-request-timeout-ms': expect.stringMatching(/^(4\d{3}|5000)$/),
        },
      },
    ]);
  });

  it('is recorded for the log line', async () => {
    const { url } = await subgraph(sending('{}', json, 503));
    const context = contextWith();
    await clientOf(url).send({ ...query, entities: 3 }, context);
    expect(context.record.calls).toMatchObject([
      { subgraph: 's', status: 503, entities: 3, bytes: 2, code: 'SUBGRAPH_HTTP_ERROR', reason: 'status 503' },
    ]);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('reads an answer in %s, but not more of it than the limit', async (encoding, compress) => {
    const { url, received } = await subgraph((response) => {
      const text = JSON.stringify({ data: { a: 'x'.repeat(received.length === 1 ? 100 : 2_000) } });
      sending(compress(text), { ...json, 'content-encoding': encoding })(response);
    });
    const client = clientOf(url);
    expect((await client.send(query, contextWith())).data).toEqual({ a: 'x'.repeat(100) });
    expect(await client.send(query, contextWith())).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' } }],
    });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('is not answered by what is small in %s and huge beside it', async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(50_000_000, ' '));
    const { url } = await subgraph(sending(bomb, { ...json, 'content-encoding': encoding }));
    const warned: object[] = [];
    const logger = { ...silentLogger, warn: (fields: object) => void warned.push(fields) };
    const client = clientOf(url, { maxResponseBytes: bomb.length, logger });
    expect(await client.send(query, contextWith())).toMatchObject({
      errors: [{ extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' } }],
    });
    expect(warned).toMatchObject([{ reason: `the answer is larger than ${bomb.length} bytes` }]);
  });

  it('is answered by as many chunks as come, up to the limit', async () => {
    const { url, received } = await subgraph((response) => {
      const text = JSON.stringify({ data: { a: 'ü'.repeat(received.length === 1 ? 300 : 500) } });
      const bytes = [...Buffer.from(text)];
      const write = (): void => {
        const byte = bytes.shift();
        if (response.destroyed) return;
        if (byte === undefined) response.end();
        else response.write(Buffer.of(byte), () => setImmediate(write));
      };
      response.writeHead(200, json);
      write();
    });
    const client = clientOf(url);
    expect((await client.send(query, contextWith())).data).toEqual({ a: 'ü'.repeat(300) });
    expect((await client.send(query, contextWith())).errors[0]?.extensions).toEqual({
      code: 'SUBGRAPH_INVALID_RESPONSE',
    });
  });

  it.each([
    ['HTML', sending('<h1>', { 'content-type': 'text/html' }), 'SUBGRAPH_INVALID_RESPONSE'],
    [
      'JSON that calls itself text',
      sending('{"data":{}}', { 'content-type': 'text/plain' }),
      'SUBGRAPH_INVALID_RESPONSE',
    ],
    ['no JSON', sending('{"data":'), 'SUBGRAPH_INVALID_RESPONSE'],
    ['invalid UTF-8', sending(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])), 'SUBGRAPH_INVALID_RESPONSE'],
    ['a list', sending('[]'), 'SUBGRAPH_INVALID_RESPONSE'],
    ['nothing', sending(''), 'SUBGRAPH_INVALID_RESPONSE'],
    ['an empty object', sending('{}'), 'SUBGRAPH_INVALID_RESPONSE'],
    ['null data without errors', sending('{"data":null}'), 'SUBGRAPH_INVALID_RESPONSE'],
    ['data that is a list', sending('{"data":[]}'), 'SUBGRAPH_INVALID_RESPONSE'],
    ['more bytes than the limit', sending(`{"data":{"a":"${'x'.repeat(2_000)}"}}`), 'SUBGRAPH_INVALID_RESPONSE'],
    ['broken gzip', sending('x', { ...json, 'content-encoding': 'gzip' }), 'SUBGRAPH_INVALID_RESPONSE'],
    ['an unknown encoding', sending('x', { ...json, 'content-encoding': 'zz' }), 'SUBGRAPH_INVALID_RESPONSE'],
    ['a 500 without GraphQL', sending('{"stack":"at /srv/x"}', json, 500), 'SUBGRAPH_HTTP_ERROR'],
    ['a reset connection', (response: ServerResponse) => response.destroy(), 'SUBGRAPH_UNREACHABLE'],
    [
      'a body that ends early',
      (response: ServerResponse) => {
        response.writeHead(200, { ...json, 'content-length': '50' }).write('{"data"');
        setImmediate(() => response.destroy());
      },
      'SUBGRAPH_UNREACHABLE',
    ],
  ])(
    'that is answered with %s ends in an error with a code, and says nothing of the inside',
    async (_, answer, code) => {
      const { url } = await subgraph(answer);
      const response = await clientOf(url).send(query, contextWith());
      expect(response).toEqual({
        data: null,
        errors: [{ message: expect.any(String), extensions: { code } }],
        headers: {},
        failure: { code, status: expect.any(Number) },
      });
      expect(response.errors[0]?.message).not.toMatch(/127\.0\.0\.1|http:|\/srv|Error|stack/);
    },
  );

  it('keeps errors of a GraphQL answer whatever its status, and makes sense of errors of any shape', async () => {
    const errors = [
      null,
      'x',
      { message: 7, path: ['a', {}] },
      { message: 'm', path: ['a', 0], extensions: { code: 'C' } },
    ];
    const { url } = await subgraph(
      sending(JSON.stringify({ errors }), { 'content-type': 'application/graphql-response+json' }, 400),
    );
    expect((await clientOf(url).send(query, contextWith())).errors).toEqual([
      { message: '' },
      { message: '' },
      { message: '' },
      { message: 'm', path: ['a', 0], extensions: { code: 'C' } },
    ]);
  });

  it.each([
    [1_000, []],
    [1_003, [{ message: '3 more errors' }]],
  ])('keeps a thousand of %i errors in an answer, and says at no place that there were more', async (count, more) => {
    const errors = Array.from({ length: count }, (_, index) => ({ message: 'm', path: ['_entities', index] }));
    const { url } = await subgraph(sending(JSON.stringify({ data: {}, errors })));
    const response = await clientOf(url, { maxResponseBytes: 1_000_000 }).send(query, contextWith());
    expect(response.errors).toEqual([...errors.slice(0, 1_000), ...more]);
  });

  it.each([301, 302, 307, 308])(
    'does not follow a redirect (%i), so that no token reaches another host',
    async (status) => {
      const inner = await subgraph(sending(JSON.stringify(data)));
      const { url } = await subgraph(sending('', { location: inner.url }, status));
      const response = await clientOf(url).send(query, contextWith({ headers: { authorization: 'Bearer t' } }));
      expect(response.errors[0]?.extensions).toEqual({ code: 'SUBGRAPH_HTTP_ERROR' });
      expect(inner.received).toEqual([]);
    },
  );

  it('is given up after its time, however the answer drips in', async () => {
    const drips: number[] = [];
    const { url } = await subgraph((response) => {
      response.writeHead(200, json);
      const drip = (): void => {
        drips.push(1);
        if (!response.destroyed) response.write(' ', () => setImmediate(drip));
      };
      drip();
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      let ended = false;
      const sent = clientOf(url, { timeoutMs: 2_000 }).send(query, contextWith());
      void sent.then(() => (ended = true));
      for (const time of [0, 1_000, 990]) {
        vi.advanceTimersByTime(time);
        const enough = drips.length + 20;
        while (drips.length < enough) await new Promise(setImmediate);
        expect(ended).toBe(false);
      }
      vi.advanceTimersByTime(10);
      expect((await sent).errors).toEqual([
        { message: 'A subgraph did not answer in time.', extensions: { code: 'SUBGRAPH_TIMEOUT' } },
      ]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not sent when the deadline of the client has passed', async () => {
    const { url, received } = await subgraph(() => {});
    const response = await clientOf(url).send(query, contextWith({ deadline: performance.now() - 1 }));
    expect(response.errors[0]?.extensions).toEqual({ code: 'SUBGRAPH_TIMEOUT' });
    expect(received).toEqual([]);
  });

  it('is cancelled when the client goes away, unless it is a mutation', async () => {
    const closed: string[] = [];
    const waiting: (() => void)[] = [];
    const { url } = await subgraph((response) => {
      response.on('close', () => closed.push(response.writableFinished ? 'answered' : 'cut'));
      waiting.push(() => response.writeHead(200, json).end(JSON.stringify(data)));
    });
    const client = clientOf(url);
    const leaving = new AbortController();
    const context = contextWith({ signal: leaving.signal });
    const asked = client.send(query, context);
    const changed = client.send({ ...query, kind: 'mutation' }, context);
    while (waiting.length < 2) await new Promise(setImmediate);
    leaving.abort();
    expect((await asked).errors[0]?.extensions).toEqual({ code: 'SUBGRAPH_UNREACHABLE' });
    while (closed.length < 1) await new Promise(setImmediate);
    for (const answer of waiting) answer();
    expect(await changed).toMatchObject(data);
    while (closed.length < 2) await new Promise(setImmediate);
    expect(closed).toEqual(['cut', 'answered']);
  });

  it('returns allowed headers of several answers to the client side by side', async () => {
    const { url, received } = await subgraph((response) =>
      sending(JSON.stringify(data), { ...json, 'x-cost': String(received.length), 'x-secret': '1' })(response),
    );
    const client = clientOf(url);
    const context = contextWith();
    await client.send(query, context);
    await client.send(query, context);
    expect([...context.responseHeaders]).toEqual([['x-cost', '1, 2']]);
  });

  it('to a subgraph without a URL, or to a closed port, is unreachable', async () => {
    const { url, server } = await subgraph(() => {});
    server.close();
    const client = clientOf(url);
    for (const name of ['s', 'unknown']) {
      const { errors } = await client.send({ ...query, subgraph: name }, contextWith());
      expect(errors).toEqual([
        { message: 'A subgraph cannot be reached.', extensions: { code: 'SUBGRAPH_UNREACHABLE' } },
      ]);
    }
  });
});
