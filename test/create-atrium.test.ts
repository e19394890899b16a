import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../src/config/parse-config.ts';
import { silentLogger } from '../src/core/logger.ts';
import type { RequestContext } from '../src/core/request-context.ts';
import { createAtrium } from '../src/create-atrium.ts';
import { composeSubgraphs } from '../src/supergraph/compose.ts';

it('gives up a start when it is stopped meanwhile, without a word, and leaves nothing listening', async () => {
  // A service that takes the connection and says nothing.
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const said: string[] = [];
  const say = (_fields: object, message: string) => void said.push(message);
  const atrium = createAtrium(
    parseConfig(
      {
        server: { port: 0 },
        admin: { enabled: false },
        supergraph: {
          services: { users: { url: `http://127.0.0.1:${port}/graphql` } },
          fallback: new URL('../schemas/supergraph.graphql', import.meta.url).pathname,
        },
      },
      {},
    ),
    { logger: { debug() {}, info: say, warn: say, error: say } },
  );
  const asked = once(silent, 'connection');
  const started = atrium.start();
  await asked;
  const stopped = atrium.stop();
  expect(await started).toBeUndefined();
  await stopped;
  expect(said).toEqual([]);
});

it('answers after a start and no more after a stop', async () => {
  const file = new URL('../schemas/supergraph.graphql', import.meta.url).pathname;
  const config = parseConfig(
    { server: { port: 0 }, admin: { enabled: false }, supergraph: { file, watch: false } },
    {},
  );
  const atrium = createAtrium(config, { logger: silentLogger });
  const address = await atrium.start();
  expect((await fetch(`${address?.url}/health/ready`)).status).toBe(200);
  await Promise.all([atrium.stop(), atrium.stop()]);
  await expect(fetch(`${address?.url}/health/live`)).rejects.toThrow('fetch failed');
});

it('answers operators at a listener of their own alone', async () => {
  const file = new URL('../schemas/supergraph.graphql', import.meta.url).pathname;
  const input = { server: { port: 0 }, admin: { port: 0 }, supergraph: { file, watch: false } };
  const atrium = createAtrium(parseConfig(input, {}), { logger: silentLogger });
  onTestFinished(() => atrium.stop());
  await expect(atrium.actions.supergraph()).rejects.toThrow('Expected a supergraph in use, got none yet.');
  const address = await atrium.start();

  expect(await (await fetch(`${address?.adminUrl}/supergraph`)).text()).toBe(await readFile(file, 'utf8'));
  expect(await (await fetch(`${address?.adminUrl}/health`)).json()).toEqual({ status: 'ready' });
  for (const path of ['/supergraph', '/health', '/cache/invalidate']) {
    const init = { method: path === '/cache/invalidate' ? 'POST' : 'GET' };
    expect((await fetch(`${address?.url}${path}`, init)).status).toBe(404);
  }
  await atrium.stop();
  await expect(fetch(`${address?.adminUrl}/health`)).rejects.toThrow('fetch failed');
});

it('asks the configuration about the labels of @override', async () => {
  const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@override"])';
  const composition = await composeSubgraphs([
    { name: 'old', url: 'http://127.0.0.1:1', sdl: `${link} type Query { a: Int }` },
    {
      name: 'new',
      url: 'http://127.0.0.1:1',
      sdl: `${link} type Query { a: Int @override(from: "old", label: "beta") }`,
    },
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'atrium-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'supergraph.graphql');
  await writeFile(file, composition.ok ? composition.supergraphSdl : '');
  const asked: (string | undefined)[][] = [];
  const config = parseConfig(
    {
      server: { port: 0 },
      admin: { enabled: false },
      supergraph: { file, watch: false },
      overrideLabels: (label: string, { headers }: RequestContext) => {
        asked.push([label, headers['x-user']]);
        return true;
      },
    },
    {},
  );
  const atrium = createAtrium(config, { logger: silentLogger });
  onTestFinished(() => atrium.stop());
  const address = await atrium.start();
  await fetch(`${address?.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-user': 'ann' },
    body: '{"query":"{ a }"}',
  });
  expect(asked).toEqual([['beta', 'ann']]);
});

it('counts bad tokens by address, so that nobody can try any number of them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(
    join(folder, 'keys.json'),
    JSON.stringify({ keys: [await exportJWK((await generateKeyPair('ES256')).publicKey)] }),
  );
  const config = parseConfig(
    {
      server: { port: 0 },
      admin: { enabled: false },
      supergraph: { file: new URL('../schemas/supergraph.graphql', import.meta.url).pathname, watch: false },
      authentication: { issuers: [{ issuer: 'shop', jwks: join(folder, 'keys.json'), audiences: ['shop'] }] },
      rateLimit: { rules: [{ name: 'clients', key: 'principal', limit: 2, windowSeconds: 1_000 }] },
    },
    {},
  );
  const atrium = createAtrium(config, { logger: silentLogger });
  const address = await atrium.start();
  onTestFinished(() => atrium.stop());
  const statusOf = async (headers: Record<string, string>) => {
    const body = JSON.stringify({ query: '{ __typename }' });
    const init = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } };
    return (await fetch(`${address?.url}/graphql`, init)).status;
  };
  const statuses = [await statusOf({ authorization: 'Bearer a' }), await statusOf({ authorization: 'Bearer b' })];
  expect([...statuses, await statusOf({ authorization: 'Bearer c' }), await statusOf({})]).toEqual([
    401, 401, 429, 429,
  ]);
});
