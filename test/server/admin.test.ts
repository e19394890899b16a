import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { RequestError } from '../../src/core/errors.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { openAdmin } from '../../src/server/admin.ts';
import type { AdminListener, AdminOptions } from '../../src/server/admin.ts';

const paths = ['/health', '/supergraph', '/cache/invalidate', '/metrics', '/explain'];
const token = 'the-operators-own-token';
const since = new Date(86_400_000).toUTCString();

describe('the admin listener', () => {
  const asked: unknown[] = [];
  let status: 'ready' | 'stopping' = 'ready';
  let open: AdminListener;
  let guarded: AdminListener;
  beforeAll(async () => {
    const actions: AdminOptions['actions'] = {
      async supergraph() {
        return { id: 'abc', sdl: 'type Query { a: Int }', since };
      },
      async invalidate(body) {
        asked.push(body);
        if (body === 1) throw new RequestError('BAD_REQUEST', 'Expected an object, got a number.');
        if (body === 2) throw new Error('connect ECONNREFUSED 10.0.0.1:6379');
        return { removed: 3 };
      },
      explain: async (body) => ({ data: body }),
      metrics: async () => [],
    };
    const rest = { actions, health: () => ({ status }), logger: silentLogger };
    open = await openAdmin({ listener: { enabled: true, host: '127.0.0.1', port: 0 }, ...rest });
    guarded = await openAdmin({ listener: { enabled: true, host: '0.0.0.0', port: 0, token }, ...rest });
  });
  afterAll(async () => {
    await open?.close();
    await guarded?.close();
  });

  it('tells the supergraph in use, since when, and whether all is well', async () => {
    const supergraph = await ask(open, '/supergraph');
    expect(supergraph).toMatchObject({ status: 200, body: 'type Query { a: Int }' });
    expect(supergraph.headers).toMatchObject({
      etag: '"abc"',
      'last-modified': since,
      'cache-control': 'no-store',
      'content-type': 'text/plain; charset=utf-8',
    });
    expect(await ask(open, '/health')).toMatchObject({ status: 200, body: '{"status":"ready"}' });
    status = 'stopping';
    onTestFinished(() => void (status = 'ready'));
    expect(await ask(open, '/health')).toMatchObject({ status: 503, body: '{"status":"stopping"}' });
  });

  it('hands what is to be invalidated on, whatever it is, and answers what comes of it', async () => {
    const any = fc.jsonValue({ maxDepth: 3 }).filter((value) => value !== 1 && value !== 2);
    await fc.assert(
      fc.asyncProperty(any, async (value) => {
        const answer = await invalidate(open, JSON.stringify(value));
        expect(answer).toMatchObject({ status: 200, body: '{"removed":3}' });
        expect(asked.at(-1)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['1', {}, 400, 'Expected an object, got a number.'],
    ['2', {}, 500, 'Internal server error'],
    ['{', {}, 400, 'Expected the body to be JSON, got something else at position 1.'],
    ['', {}, 400, 'Expected the body to be JSON, got nothing.'],
    ['[]', { 'content-type': 'text/plain' }, 415, 'Expected content-type application/json, got "text/plain".'],
    [`"${'x'.repeat(100_000)}"`, {}, 413, 'Expected a body of at most 100000 bytes, got a longer one.'],
  ])('refuses %.10s %o with %i', async (body, headers, status, message) => {
    const answer = await invalidate(open, body, headers);
    expect({ status: answer.status, message: messageOf(answer) }).toEqual({ status, message });
  });

  it.each([
    ['GET', '/', 404, `Expected one of the paths ${paths.join(', ')}, got another one.`],
    ['GET', '/graphql', 404, `Expected one of the paths ${paths.join(', ')}, got another one.`],
    ['GET', '/cache/invalidate', 405, 'Expected one of the methods POST, got GET.'],
    ['DELETE', '/supergraph', 405, 'Expected one of the methods GET, got DELETE.'],
  ])('has nothing at %s %s', async (method, path, status, message) => {
    const answer = await ask(open, path, { method });
    expect({ status: answer.status, message: messageOf(answer) }).toEqual({ status, message });
  });

  it.each(paths)('keeps pages of browsers out of %s', async (path) => {
    const method = path === '/cache/invalidate' || path === '/explain' ? 'POST' : 'GET';
    const statusOf = async (headers: Record<string, string>, at = open) =>
      (await ask(at, path, { method, headers, body: method === 'POST' ? '{}' : '' })).status;
    const hosts = ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:4010', '1127.0.0.1', '10.0.0.1'];
    for (const host of hosts) expect([host, await statusOf({ host })]).toEqual([host, 403]);
    for (const host of ['localhost', 'LOCALHOST:4010', '127.0.0.1:80', '[::1]:4010', '[::1]']) {
      expect([host, await statusOf({ host })]).toEqual([host, 200]);
    }
    for (const origin of ['null', open.url, 'https://evil.example']) {
      expect(await statusOf({ origin })).toBe(403);
      expect(await statusOf({ origin, authorization: `Bearer ${token}` }, guarded)).toBe(403);
    }
  });

  it('opens with its token alone, when it has one', async () => {
    const statusOf = async (authorization: string | undefined) =>
      (await ask(guarded, '/supergraph', { headers: authorization === undefined ? {} : { authorization } })).status;
    const near = fc.constantFrom(token.slice(1), token.slice(0, -1), `${token}=`, token.toUpperCase(), '', `x${token}`);
    const other = fc.oneof(near, fc.stringMatching(/^[\w.~+/-]{1,40}$/)).filter((text) => text !== token);
    await fc.assert(
      fc.asyncProperty(other, async (wrong) => {
        expect(await statusOf(`Bearer ${wrong}`)).toBe(401);
      }),
      { numRuns: 40 },
    );
    expect(await statusOf(undefined)).toBe(401);
    expect(await statusOf(token)).toBe(401);
    expect(await statusOf(`Basic ${token}`)).toBe(401);
    expect(await statusOf(`bearer ${token}`)).toBe(200);
    const refused = await ask(guarded, '/supergraph', { headers: { host: 'atrium.internal' } });
    expect(refused.headers['www-authenticate']).toBe('Bearer');
    expect(await ask(guarded, '/health', { headers: { host: 'atrium.internal' } })).toMatchObject({ status: 401 });
  });

  it('says which key names the port that is taken', async () => {
    const listener = { enabled: true, host: '127.0.0.1', port: open.port };
    const actions = refusingActions();
    await expect(
      openAdmin({ listener, actions, health: () => ({ status: 'ready' }), logger: silentLogger }),
    ).rejects.toThrow(`port ${open.port} is taken: admin.port or ATRIUM_ADMIN_PORT chooses another, 0 any free one`);
  });

  it('finds a port each when several are opened at once that were given none', async () => {
    const actions = refusingActions();
    const listener = { enabled: true, host: '127.0.0.1' };
    const all = await Promise.all(
      Array.from({ length: 4 }, () =>
        openAdmin({ listener, actions, health: () => ({ status: 'ready' }), logger: silentLogger }),
      ),
    );
    expect(new Set(all.map(({ port }) => port)).size).toBe(4);
    for (const one of all) expect(await ask(one, '/health')).toMatchObject({ status: 200 });
    await Promise.all(all.map((one) => one.close()));
  });

  it('waits for nobody when it closes', async () => {
    const started = Promise.withResolvers<void>();
    const listener = await openAdmin({
      listener: { enabled: true, host: '127.0.0.1', port: 0 },
      actions: { ...refusingActions(), supergraph: () => (started.resolve(), new Promise(() => {})) },
      health: () => ({ status: 'ready' }),
      logger: silentLogger,
    });
    const answer = ask(listener, '/supergraph').catch(() => 'cut');
    await started.promise;
    await listener.close();
    expect(await answer).toBe('cut');
  });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Not `fetch`, which sends no Host header but its own. */
function ask(
  { port }: AdminListener,
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const type = body === '' ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, method, headers: { ...type, ...headers } }, (response) => {
      void text(response).then(
        (body) => resolve({ status: response.statusCode, headers: response.headers, body }),
        reject,
      );
    });
    asking.on('error', reject).end(body);
  });
}

function invalidate(listener: AdminListener, body: string, headers: Record<string, string> = {}): Promise<Answer> {
  const json = { 'content-type': 'application/json', ...headers };
  return ask(listener, '/cache/invalidate', { method: 'POST', headers: json, body });
}

function messageOf({ body }: Answer): unknown {
  return JSON.parse(body).errors[0].message;
}

function refusingActions(): AdminOptions['actions'] {
  const refuse = () => Promise.reject(new Error());
  return { supergraph: refuse, invalidate: refuse, explain: refuse, metrics: refuse };
}
