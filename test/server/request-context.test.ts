import { GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { RequestError } from '../../src/core/errors.ts';
import { startFront } from './start-front.ts';

const question = { query: '{ me { id } }' };
const internalError = '{"errors":[{"message":"Internal server error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}';

describe('the request id', () => {
  it.each(['a', '7f3a.b-c_D', 'x'.repeat(128)])('is the client’s when it is safe: %s', async (id) => {
    await using front = await startFront();
    const response = await front.post(question, { 'x-request-id': id });
    expect(response.headers.get('x-request-id')).toBe(id);
    expect(front.context().requestId).toBe(id);
    expect((await front.logged(({ message }) => message === 'request')).fields['requestId']).toBe(id);
  });

  it.each(['', 'x'.repeat(129), 'a b', '{"a":1}', 'a, b'])('is a new one instead of: %s', async (id) => {
    await using front = await startFront();
    const responses = [
      await front.post(question, { 'x-request-id': id }),
      await front.get('/nope', { 'x-request-id': id }),
    ];
    const ids = responses.map(({ headers }) => headers.get('x-request-id'));
    expect(new Set(ids).size).toBe(2);
    for (const given of ids) expect(given).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('the context', () => {
  it('has the headers, the client’s address and a deadline', async () => {
    await using front = await startFront({ server: { requestTimeoutMs: 5_000 } });
    const before = performance.now();
    const socket = front.socket();
    const body = JSON.stringify(question);
    socket.write(`POST /graphql HTTP/1.1\r\nHOST: x\r\nContent-Type: application/json\r\nX-Two: 1\r\nx-two: 2\r\n`);
    socket.write(`Set-Cookie: a\r\nSet-Cookie: b\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    await socket.received(/\}\}$/);
    socket.destroy();
    const { headers, clientAddress, deadline, signal } = front.context();
    expect(headers).toMatchObject({ host: 'x', 'x-two': '1, 2', 'set-cookie': 'a, b' });
    expect(clientAddress).toBe('127.0.0.1');
    expect(deadline).toBeGreaterThanOrEqual(before + 5_000);
    expect(deadline).toBeLessThanOrEqual(performance.now() + 5_000);
    expect(signal.aborted).toBe(false);
  });

  it('has an earlier deadline where the client waits less long, never a later one', async () => {
    await using front = await startFront({ server: { requestTimeoutMs: 5_000 } });
    const before = performance.now();
    await front.post(question, { 'x-request-timeout-ms': '700' });
    expect(front.context().deadline - before).toBeGreaterThanOrEqual(700);
    expect(front.context().deadline - performance.now()).toBeLessThanOrEqual(700);
    await front.post(question, { 'x-request-timeout-ms': '60000' });
    expect(front.context().deadline - performance.now()).toBeLessThanOrEqual(5_000);
    const executions = front.executions.length;
    const refused = await front.post(question, { 'x-request-timeout-ms': '1s' });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toEqual({
      errors: [
        {
          message: 'Expected x-request-timeout-ms to be a whole number of milliseconds, got "1s".',
          extensions: { code: 'BAD_REQUEST' },
        },
      ],
    });
    expect(front.executions).toHaveLength(executions);
  });

  it('is extended by what the configuration adds, which cannot replace a key of its own', async () => {
    await using front = await startFront({
      extendContext: async ({ requestId }) => ({ tenant: `of ${requestId}`, requestId: 'forged', principal: 'forged' }),
    });
    await front.post(question, { 'x-request-id': 'r1' });
    expect(front.context()).toMatchObject({ tenant: 'of r1', requestId: 'r1', principal: null });
  });

  it('refuses as the configuration’s function refuses', async () => {
    const errors = [
      new RequestError('FORBIDDEN', 'No tenant.'),
      new GraphQLError('No tenant.', { extensions: { code: 'FORBIDDEN', http: { status: 403 } } }),
    ];
    for (const error of errors) {
      await using front = await startFront({
        extendContext: () => {
          throw error;
        },
      });
      const response = await front.post(question);
      expect(response.status).toBe(403);
      expect(await response.text()).toBe('{"errors":[{"message":"No tenant.","extensions":{"code":"FORBIDDEN"}}]}');
      expect(front.executions).toEqual([]);
    }
  });

  it('tells the log, not the client, what broke in it', async () => {
    await using front = await startFront({
      extendContext: () => {
        throw new Error('no route to 10.0.0.7');
      },
    });
    const response = await front.post(question);
    expect([response.status, await response.text()]).toEqual([500, internalError]);
    const { fields } = await front.logged(({ level }) => level === 'error');
    expect(fields['err']).toMatchObject({ message: 'no route to 10.0.0.7' });
  });

  it('is aborted when the client leaves before the answer, and not after it', async () => {
    const started = Promise.withResolvers<AbortSignal>();
    const ended = Promise.withResolvers<void>();
    await using front = await startFront({
      executor: async ({ request }, { signal }) => {
        if (request.operationName === 'Quick') return { data: { signal: null } };
        started.resolve(signal);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        ended.resolve();
        return { data: {} };
      },
    });
    await front.post({ query: 'query Quick { me { id } }', operationName: 'Quick' });
    const quick = front.context().signal;

    const leaving = new AbortController();
    const answer = fetch(`${front.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question),
      signal: leaving.signal,
    });
    const signal = await started.promise;
    expect(signal.aborted).toBe(false);
    leaving.abort();
    await expect(answer).rejects.toThrow('aborted');
    await ended.promise;
    expect(signal.aborted).toBe(true);
    expect(quick.aborted).toBe(false);
    expect((await front.logged(({ fields }) => fields['status'] === 499)).message).toBe('request');
  });
});

describe('the answer', () => {
  it('carries the headers left in the context, but none that describe a connection or another body', async () => {
    await using front = await startFront({
      server: { cors: { origins: ['https://shop.example'], credentials: false, maxAgeSeconds: 600 } },
      executor: async (_, { responseHeaders }) => {
        responseHeaders.set('cache-control', 'max-age=60');
        responseHeaders.set('vary', 'Accept-Language');
        responseHeaders.set('x-shop', 'north');
        for (const name of [
          'connection',
          'content-length',
          'content-encoding',
          'content-type',
          'transfer-encoding',
          'upgrade',
        ]) {
          responseHeaders.set(name, 'x-shop');
        }
        return { data: { me: null } };
      },
    });
    const { headers } = await front.post(question);
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'max-age=60',
      vary: 'Origin, Accept-Language',
      'x-shop': 'north',
      'content-length': '20',
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    expect(headers.has('content-encoding')).toBe(false);
    expect(headers.has('upgrade')).toBe(false);
    expect(headers.get('connection')).toBe('keep-alive');
  });

  it('is not to be stored unless something else is said', async () => {
    await using front = await startFront();
    for (const body of [question, { query: '{ nope }' }, '']) {
      expect((await front.post(body)).headers.get('cache-control')).toBe('no-store');
    }
  });

  it('passes errors of the gateway that are plain data', async () => {
    const errors = [
      { message: 'gone', path: ['me', 0], extensions: { code: 'SUBGRAPH_UNREACHABLE', service: 'users' } },
    ];
    await using front = await startFront({ executor: async () => ({ data: { me: null }, errors: plain(errors) }) });
    const response = await front.post(question);
    expect([response.status, await response.json()]).toEqual([200, { errors, data: { me: null } }]);
    expect((await front.logged(({ message }) => message === 'request')).fields['codes']).toEqual([
      'SUBGRAPH_UNREACHABLE',
    ]);
  });

  it('refuses as a room below refuses', async () => {
    await using front = await startFront({
      executor: async () => {
        throw new RequestError('RATE_LIMITED', 'Too much.', { headers: { 'retry-after': '9' } });
      },
    });
    const response = await front.post(question);
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '9']);
    expect(await response.text()).toBe('{"errors":[{"message":"Too much.","extensions":{"code":"RATE_LIMITED"}}]}');
  });

  it('hides what broke below, in both modes', async () => {
    for (const mode of ['production', 'development'] as const) {
      await using front = await startFront({
        mode,
        executor: async () => {
          throw new TypeError('undefined is not an object at 10.0.0.7');
        },
      });
      const response = await front.post(question);
      expect([response.status, await response.text()]).toEqual([500, internalError]);
      expect((await front.logged(({ level }) => level === 'error')).fields['err']).toBeInstanceOf(TypeError);
    }
  });

  it('hides what broke in a user’s plugin', async () => {
    await using front = await startFront({
      plugins: [
        {
          async requestDidStart() {
            throw new Error('plugin of 10.0.0.7');
          },
        },
      ],
    });
    const response = await front.post(question);
    expect([response.status, await response.text()]).toEqual([500, internalError]);
    expect((await front.logged(({ level }) => level === 'error')).fields['err']).toMatchObject({
      message: 'plugin of 10.0.0.7',
    });
  });
});

/** What the executor's type calls errors: Atrium's are data of the same shape. */
function plain(errors: { message: string }[]): GraphQLError[] {
  return errors as GraphQLError[];
}
