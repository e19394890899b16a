import { describe, expect, it } from 'vitest';
import { RequestError } from '../../src/core/errors.ts';
import type { Principal } from '../../src/core/principal.ts';
import type { DoorStep } from '../../src/server/door.ts';
import { startFront } from './start-front.ts';

const question = { query: '{ me { id } }' };
const ann: Principal = { subject: 'ann', issuer: 'demo', roles: [], scopes: [], claims: {} };

const step = (name: string, run: DoorStep['run']): DoorStep => ({ name, run });

describe('the door', () => {
  it('runs its steps in order, each seeing what the one before left', async () => {
    const seen: string[] = [];
    await using front = await startFront({
      door: [
        step('slow', async (request) => {
          await Promise.resolve();
          request.principal = ann;
          seen.push('slow');
        }),
        step('quick', (request) => {
          seen.push(`quick ${request.principal?.subject} ${request.headers['x-shop']} ${request.clientAddress}`);
        }),
      ],
    });
    await front.post(question, { 'x-shop': 'north' });
    expect(seen).toEqual(['slow', 'quick ann north 127.0.0.1']);
    expect(front.context().principal).toBe(ann);
  });

  it('refuses before a byte of the body is read, and asks no further step', async () => {
    let asked = false;
    const refusing = step('refusing', (request) => {
      request.responseHeaders.set('ratelimit', '"client";r=0;t=3');
      throw new RequestError('RATE_LIMITED', 'Too many requests.', {
        headers: { 'retry-after': '3' },
        extensions: { rule: 'client' },
      });
    });
    const further = step('further', () => {
      asked = true;
    });
    await using front = await startFront({ door: [refusing, further] });
    const socket = front.socket();
    socket.write('POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n');
    socket.write('accept: application/graphql-response+json\r\n\r\n');
    const answer = await socket.received(/\}\]\}$/);
    socket.destroy();

    expect(answer).toMatch(/^HTTP\/1.1 429 /);
    expect(answer).toMatch(/^retry-after: 3\r$/m);
    expect(answer).toMatch(/^ratelimit: "client";r=0;t=3\r$/m);
    expect(answer).toMatch(/^content-type: application\/graphql-response\+json; charset=utf-8\r$/m);
    expect(answer).toContain(
      '{"errors":[{"message":"Too many requests.","extensions":{"rule":"client","code":"RATE_LIMITED"}}]}',
    );
    expect(asked).toBe(false);
    expect(front.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('stands before GET too', async () => {
    const refusing = step('refusing', async () => {
      throw new RequestError('UNAUTHENTICATED', 'No token.', { headers: { 'www-authenticate': 'Bearer' } });
    });
    await using front = await startFront({ door: [refusing] });
    const response = await front.get('/graphql?query={me{id}}', { 'apollo-require-preflight': '1' });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(front.executions).toEqual([]);
  });

  it('tells the log, not the client, what broke in a step', async () => {
    const cause = new Error('connect ECONNREFUSED 10.0.0.7:6379');
    const broken = step('broken', () => {
      throw new Error('limiter is gone', { cause });
    });
    await using front = await startFront({ door: [broken] });
    const response = await front.post(question);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe(
      '{"errors":[{"message":"Internal server error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}',
    );
    const { fields } = await front.logged(({ level }) => level === 'error');
    expect(fields['err']).toMatchObject({ message: 'limiter is gone', cause });
    expect(fields['requestId']).toBe(response.headers.get('x-request-id'));
  });

  it('is not asked about health, preflights, or what is not served', async () => {
    const asked: string[] = [];
    const noting = step('noting', ({ requestId }) => {
      asked.push(requestId);
    });
    await using front = await startFront({ door: [noting], mode: 'development' });
    await front.get('/health/live');
    await front.get('/health/ready');
    await front.get('/nope');
    await front.get('/graphql', { accept: 'text/html' });
    await fetch(`${front.url}/graphql`, { method: 'OPTIONS' });
    await fetch(`${front.url}/graphql`, { method: 'PUT' });
    expect(asked).toEqual([]);
  });
});

describe('health', () => {
  it('tells life from readiness', async () => {
    await using front = await startFront();
    const ask = async (path: string) => {
      const response = await front.get(path);
      return [response.status, await response.json()];
    };
    expect(await ask('/health/live')).toEqual([200, { status: 'live' }]);
    expect(await ask('/health/ready')).toEqual([200, { status: 'ready' }]);
  });

  it('answers HEAD, and other methods with the ones it takes', async () => {
    await using front = await startFront();
    const head = await fetch(`${front.url}/health/ready`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await fetch(`${front.url}/health/live`, { method: 'POST', body: 'x' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});
