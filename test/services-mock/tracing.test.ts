import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts, startShop } from '../../services-mock/start-shop.ts';
import { parseFaults } from '../../services-mock/support/faults.ts';
import { startUsers } from '../../services-mock/users/service.ts';
import { freePort } from '../support/free-port.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';
import type { OtlpReceiver } from '../support/otlp-receiver.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentSpanId = 'b7ad6b7169203331';
const sampled = `00-${traceId}-${parentSpanId}-01`;

describe('the spans of the mock services', () => {
  let receiver: OtlpReceiver;

  beforeEach(async () => {
    receiver = await startOtlpReceiver();
  });
  afterEach(() => receiver.close());

  it('continue the trace of the caller in every service, and are sent when it stops', async () => {
    const shop = await startShop({ ports: freePorts, collector: receiver.url });
    const { identity: _, ...subgraphs } = shop.services;
    for (const { url } of Object.values(subgraphs)) await post(url, '{ __typename }', { traceparent: sampled });
    await shop.close();

    const spans = receiver.spans();
    expect(spans.map(({ service }) => service).toSorted()).toEqual(['orders', 'payments', 'products', 'users']);
    for (const span of spans) {
      expect(span).toMatchObject({
        name: 'POST /graphql',
        kind: 'server',
        traceId,
        parentSpanId,
        status: 'unset',
        attributes: {
          'http.request.method': 'POST',
          'http.route': '/graphql',
          'url.path': '/graphql',
          'url.scheme': 'http',
          'http.response.status_code': 200,
          'graphql.operation.type': 'query',
        },
      });
      expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
    }
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4);
  });

  it('come without a stop as well', async () => {
    const users = await startUsers({ port: 0, collector: `${receiver.url}/` });
    try {
      await post(users.url, '{ __typename }', { traceparent: sampled });
      await receiver.until(() => receiver.spans().length > 0);

      expect(receiver.spans()).toMatchObject([{ service: 'users', traceId }]);
    } finally {
      await users.close();
    }
  });

  it.each([
    ['a trace that is not sampled', { traceparent: `00-${traceId}-${parentSpanId}-00` }],
    ['a caller who has no trace', {}],
    ['a traceparent of zeros', { traceparent: `00-${'0'.repeat(32)}-${parentSpanId}-01` }],
    ['a malformed traceparent', { traceparent: `${sampled}ff` }],
  ])('are not made for %s', async (_, headers: Record<string, string>) => {
    const users = await startUsers({ port: 0, collector: receiver.url });
    expect(await post(users.url, '{ __typename }', headers)).toBe(200);
    await users.close();

    expect(receiver.spans()).toEqual([]);
  });

  it('tell mutations from queries, and have no type for what is no operation', async () => {
    const users = await startUsers({ port: 0, collector: receiver.url });
    const headers = { traceparent: sampled };
    await post(users.url, 'mutation { updateProfile(input: { name: "Ann" }) { id } }', headers);
    await post(users.url, '{ unfinished', headers);
    await fetch(`${users.url}?query={__typename}`, { headers: { ...headers, 'apollo-require-preflight': '1' } });
    await users.close();

    const shown = receiver.spans().map(({ name, attributes }) => {
      return [name, attributes['graphql.operation.type'], attributes['http.response.status_code']];
    });
    expect(shown).toEqual([
      ['POST /graphql', 'mutation', 200],
      ['POST /graphql', undefined, 400],
      ['GET /graphql', 'query', 200],
    ]);
  });

  it('have the status of an error for a failure that was switched on', async () => {
    const faults = parseFaults({ status: 503, latencyMs: 30 });
    const users = await startUsers({ port: 0, collector: receiver.url, faults });
    await post(users.url, '{ __typename }', { traceparent: sampled });
    await users.close();

    const [span] = receiver.spans();
    expect(span).toMatchObject({
      status: 'error',
      attributes: { 'http.response.status_code': 503, 'error.type': '503' },
    });
    expect((span?.endMs ?? 0) - (span?.startMs ?? 0)).toBeGreaterThanOrEqual(25);
  });

  it('are there for requests that nobody signed', async () => {
    const users = await startUsers({
      port: 0,
      collector: receiver.url,
      signingSecrets: ['a secret of the gateway, and of no one else'],
    });
    expect(await post(users.url, '{ __typename }', { traceparent: sampled })).toBe(401);
    await users.close();

    expect(receiver.spans()).toMatchObject([{ status: 'unset', attributes: { 'http.response.status_code': 401 } }]);
  });
});

describe('a collector', () => {
  it.each(['collector:4318', 'ftp://127.0.0.1', 'http://'])('is refused at %s', async (collector) => {
    await expect(startUsers({ port: 0, collector })).rejects.toThrow(
      `ATRIUM_OTLP_URL must be an address such as http://127.0.0.1:4318, but got: ${collector}`,
    );
  });

  it('that takes a connection and never answers changes nothing', async () => {
    const hung = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(hung, 'listening');
    const address = hung.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const connected = once(hung, 'connection');

    expect(await lifeOfUsers(port, connected)).toEqual({ code: 0, complaints: '', output: expect.any(String) });
    hung.close();
  });

  it('that is not there changes nothing', async () => {
    expect(await lifeOfUsers(await freePort())).toEqual({ code: 0, complaints: '', output: expect.any(String) });
  });

  it('that was not named loads nothing of OpenTelemetry', async () => {
    const loaded = `
      import { registerHooks } from 'node:module';
      const loaded = new Set();
      registerHooks({ load: (url, context, next) => (loaded.add(/node_modules.(@?[^/]+)/.exec(url)?.[1]), next(url, context)) });
      const { startUsers } = await import('./services-mock/users/service.ts');
      await (await startUsers({ port: 0, collector: process.env.COLLECTOR })).close();
      console.log(JSON.stringify([...loaded]));`;
    const packages = async (env: Record<string, string>): Promise<unknown> => {
      const options = { cwd: root, env: { ...process.env, ...env } };
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', loaded], options);
      return JSON.parse(stdout);
    };

    expect(await packages({})).not.toContain('@opentelemetry');
    expect(await packages({ COLLECTOR: 'http://127.0.0.1:9' })).toContain('@opentelemetry');
  });
});

/** Runs the users service as a process until it has answered a sampled request, and `before` has happened. */
async function lifeOfUsers(collectorPort: number, before: Promise<unknown> = Promise.resolve()) {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), ATRIUM_OTLP_URL: `http://127.0.0.1:${collectorPort}` };
  const service = spawn(process.execPath, ['services-mock/users/main.ts'], { cwd: root, env, stdio: 'pipe' });
  const ended = once(service, 'exit');
  const complaints = text(service.stderr);
  const [first] = await once(service.stdout, 'data');
  const rest = text(service.stdout);

  expect(await post(`http://127.0.0.1:${port}/graphql`, '{ __typename }', { traceparent: sampled })).toBe(200);
  await before;
  const stopping = performance.now();
  service.kill('SIGTERM');
  const [code] = await ended;
  expect(performance.now() - stopping).toBeLessThan(8_000);
  return { code: Number(code), output: `${String(first)}${await rest}`, complaints: await complaints };
}

/** The status of the answer. */
async function post(url: string, query: string, headers: Record<string, string>): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  await response.arrayBuffer();
  return response.status;
}
