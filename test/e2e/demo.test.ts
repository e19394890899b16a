import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse, print } from 'graphql';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRequestSigner } from '../../src/core/sign-request.ts';
import { root, runProcess, start, temporaryFolder } from '../cli/run.ts';
import type { Outcome, ProcessOptions } from '../cli/run.ts';
import { composeDemo } from './compose-demo.ts';
import { startDemoShop } from './demo-shop.ts';
import type { DemoShop } from './demo-shop.ts';
import { askAt, bin, startGateway } from './gateway-process.ts';
import type { GatewayProcess, RequestLine } from './gateway-process.ts';
import { readmeBlock, untruePart } from './readme.ts';
import { freePort } from '../support/free-port.ts';

const orderHistoryFile = join(root, 'src/server/explorer/client/demo/order-history.graphql');

describe("the README's ten minutes", () => {
  let shop: DemoShop;
  let gateway: GatewayProcess;
  let orderHistory: string;

  beforeAll(async () => {
    orderHistory = await readmeBlock('order history');
    shop = await startDemoShop();
    gateway = await startGateway({ env: shop.env });
  });

  afterAll(async () => {
    await gateway?.stop();
    await shop?.close();
  });

  it('asks four services in five calls, and what is public only once', async () => {
    const token = await shop.token('ann');
    const first = await gateway.ask({ query: orderHistory, token });
    const second = await gateway.ask({ query: orderHistory, token });

    expect(first.body.errors).toBeUndefined();
    expect(untruePart(await readmeBlock('ann'), first.text)).toBeUndefined();
    const firstLine = await gateway.lineOf(first);
    expect(subgraphsOf(firstLine)).toEqual(['users', 'orders', 'payments', 'products', 'orders']);
    expect(untruePart(await readmeBlock('first line'), textOf(firstLine))).toBeUndefined();
    expect(second.text).toBe(first.text);
    const secondLine = await gateway.lineOf(second);
    expect(subgraphsOf(secondLine)).toEqual(['users', 'orders', 'payments']);
    expect(untruePart(await readmeBlock('second line'), textOf(secondLine))).toBeUndefined();
  });

  it('shows the same query in the README, in the explorer and in the file', async () => {
    expect(print(parse(orderHistory))).toBe(print(parse(await readFile(orderHistoryFile, 'utf8'))));
  });

  it('prints the plan of the query', async () => {
    const { code, out, error } = await atrium(['plan', orderHistoryFile], { env: shop.env });

    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(untruePart(await readmeBlock('plan'), out)).toBeUndefined();
  });

  it('explains the query', async () => {
    const env = { ...shop.env, ATRIUM_EXPLAIN_SECRET: 'a secret that is long enough to be one' };
    const explaining = await startGateway({ env });
    const url = `${explaining.origin}/graphql`;
    const who = ['--as', await shop.token('ann')];
    const { code, out, error } = await atrium(['explain', '--url', url, ...who, orderHistoryFile], { env });
    const refused = await atrium(['explain', '--url', `${gateway.origin}/graphql`, ...who, orderHistoryFile], {
      env: shop.env,
    });
    await explaining.stop();

    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(untruePart(await readmeBlock('explain'), out)).toBeUndefined();
    expect([refused.code, refused.error]).toEqual([1, expect.stringContaining('explain.secret')]);
  });

  it('answers a GET as the README sends it', async () => {
    const headers = { 'apollo-require-preflight': '1', authorization: `Bearer ${await shop.token('ann')}` };
    const response = await fetch(`${gateway.origin}/graphql?query=${encodeURIComponent(orderHistory)}`, {
      headers,
    });

    expect(untruePart(await readmeBlock('ann'), await response.text())).toBeUndefined();
  });

  it('gives carol null and FORBIDDEN, and asks neither orders nor payments', async () => {
    const answer = await gateway.ask({ query: orderHistory, token: await shop.token('carol') });

    expect(answer.status).toBe(200);
    expect(untruePart(await readmeBlock('carol'), answer.text)).toBeUndefined();
    const line = await gateway.lineOf(answer);
    expect(subgraphsOf(line)).toEqual(['users']);
    expect(untruePart(await readmeBlock("carol's line"), textOf(line))).toBeUndefined();
  });

  it('sends the rest when payments fails, with an error at each place, and all of it afterwards', async () => {
    const token = await shop.token('ann');
    await shop.putFaults('payments', { status: 503 });
    const failing = await gateway.ask({ query: orderHistory, token });
    await shop.putFaults('payments', {});
    const mended = await gateway.ask({ query: orderHistory, token });

    expect(failing.status).toBe(200);
    expect(untruePart(await readmeBlock('payments down'), failing.text)).toBeUndefined();
    expect(failing.body.errors?.map(({ path }) => path?.join('.'))).toEqual(
      [0, 1, 2].map((index) => `me.orders.edges.${index}.node.payment`),
    );
    expect(withoutPayments(failing.body.data)).toEqual(withoutPayments(mended.body.data));
    expect(mended.body.errors).toBeUndefined();
    expect(untruePart(await readmeBlock('ann'), mended.text)).toBeUndefined();
  });

  it('refuses an anonymous client after a burst of 50, and goes on answering others', async () => {
    const query = '{ __typename }';
    const answers = await Promise.all(Array.from({ length: 150 }, () => gateway.ask({ query })));

    const refused = answers.filter(({ status }) => status === 429);
    const [answer] = refused;
    if (answer === undefined) throw new Error('Expected a refusal among 150 requests, got none');
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(50);
    expect(refused.length + answers.filter(({ status }) => status === 200).length).toBe(150);
    const shown = ['ratelimit-policy', 'ratelimit', 'retry-after'].map(
      (name) => `${name}: ${answer.headers.get(name)}`,
    );
    const head = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`, ...shown].join('\n');
    expect(untruePart(await readmeBlock('too fast'), `${head}\n\n${answer.text}`)).toBeUndefined();
    expect((await gateway.ask({ query, token: await shop.token('bob') })).status).toBe(200);
  });

  it('follows another rule', async () => {
    const [before = '', after = ''] = (await readmeBlock('another rule')).split('\n').map((line) => line.slice(1));
    const config = await readFile(join(root, 'gateway.config.ts'), 'utf8');
    const changed = config.replace(before, after);
    expect(changed).not.toBe(config);
    const cwd = await temporaryFolder({ 'gateway.config.ts': changed });
    const gateway = await startGateway({ cwd, env: shop.env });
    onTestFinished(async () => void (await gateway.stop()));

    const { body } = await gateway.ask({ query: orderHistory, token: await shop.token('carol') });

    expect(body.data).toMatchObject({
      me: { name: 'Carol Clay', orders: { edges: Array.from({ length: 3 }, () => ({ node: { payment: null } })) } },
    });
    expect(body.errors?.map(({ path, extensions }) => [path?.join('.'), extensions?.['code']])).toEqual(
      [0, 1, 2].map((index) => [`me.orders.edges.${index}.node.payment`, 'FORBIDDEN']),
    );
  });

  it('lets nobody ask a service around the gateway', async () => {
    const response = await fetch(`${shop.origins.users}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await shop.token('admin')}` },
      body: JSON.stringify({ query: '{ users { edges { node { email } } } }' }),
    });

    expect(response.status).toBe(401);
    expect(untruePart(await readmeBlock('around the gateway'), await response.text())).toBeUndefined();
  });

  it('serves a supergraph composed from one schema, from any folder and without a configuration', async () => {
    const shop = await unsignedShop();
    const cwd = await temporaryFolder();
    const users = `users=${join(root, 'schemas/users.graphql')}@${shop.origins.users}/graphql`;
    expect(await atrium(['compose', '--out', 'my.graphql', users], { cwd })).toEqual({
      code: 0,
      out: 'wrote my.graphql\n',
      error: '',
    });
    // As in the README: the repository's own folder holds a configuration that would not fit.
    const supergraph = join(cwd, 'my.graphql');
    const gateway = await startGateway({ cwd: root, parameters: ['--no-config', '--supergraph', supergraph] });
    onTestFinished(async () => void (await gateway.stop()));

    const { body } = await gateway.ask({ query: '{ me { name email } }', token: await shop.token('ann') });

    expect(body).toEqual({ data: { me: { name: 'Ann Archer', email: expect.stringContaining('@') } } });
  });

  it('refuses a supergraph with a protection it does not know by name', async () => {
    const supergraph = await composeDemo({
      only: 'users',
      edit: (sdl) => sdl.replace('"@key"', '"@key", "@authenticated"').replace('me: User', 'me: User @authenticated'),
    });
    const unknown = supergraph.replace('authenticated/v0.1', 'authenticated/v0.9');
    const cwd = await temporaryFolder({ 'my.graphql': unknown });

    const { code, out, error } = await atrium(['serve', '--supergraph', 'my.graphql', '--port', '0'], { cwd });

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toContain('@authenticated');
    expect(error).not.toContain('    at ');
  });

  it("puts AtriumGateway into somebody's Apollo Server", async () => {
    const shop = await unsignedShop();
    const supergraph = await composeDemo({ origins: shop.origins });
    const cwd = await temporaryFolder({ 'server.ts': await readmeBlock('swap'), 'supergraph.graphql': supergraph });
    await linkPackages(cwd);
    const server = start(process.execPath, ['server.ts'], { cwd, env: { PORT: '0' } });
    if (server.stdout === null) throw new Error('The server was started without a pipe');
    onTestFinished(async () => {
      server.kill('SIGKILL');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    });
    const [origin]: string[] = await once(createInterface(server.stdout), 'line');

    const answer = await askAt(origin ?? '', { query: orderHistory, token: await shop.token('ann') });

    expect(answer.body.errors).toBeUndefined();
    expect(untruePart(await readmeBlock('ann'), answer.text)).toBeUndefined();
  });

  it('verifies what a gateway signed, as the service of the README does', async () => {
    const cwd = await temporaryFolder({
      'service.ts': await readmeBlock('verify'),
      'package.json': '{"type":"module"}',
    });
    await linkPackages(cwd);
    const secret = 's'.repeat(40);
    const port = await freePort();
    const service = start(process.execPath, ['service.ts'], {
      cwd,
      env: { PORT: String(port), ATRIUM_SIGNING_SECRET: `${secret},${'o'.repeat(40)}` },
    });
    onTestFinished(() => void service.kill('SIGKILL'));
    const body = '{"query":"{ me { name } }"}';
    const principal = { issuer: 'i', subject: 'ann', roles: [], scopes: [], claims: {} };
    const request = { subgraph: 'users', method: 'POST', path: '/graphql', headers: {}, body, principal };
    const ask = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${port}/graphql`, { method: 'POST', headers, body });

    const unsigned = await vi.waitUntil(() => ask({}).catch(() => undefined), { timeout: 20_000, interval: 20 });
    const signed = await ask(createRequestSigner([secret])(request));

    expect(unsigned.status).toBe(401);
    expect(await signed.json()).toEqual({ data: { asks: { issuer: 'i', subject: 'ann' } } });
  });

  it("accepts the README's configuration", async () => {
    const supergraph = await readFile(join(root, 'schemas/supergraph.graphql'), 'utf8');
    const cwd = await temporaryFolder({
      'gateway.config.ts': await readmeBlock('configuration'),
      'supergraph.graphql': supergraph,
    });

    const { code, out, error } = await atrium(['validate', '--supergraph', 'supergraph.graphql'], { cwd });

    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toContain('The configuration and the supergraph are valid.');
  });
});

/** What `npm run services` starts, until the test ends. */
async function unsignedShop(): Promise<DemoShop> {
  const shop = await startDemoShop({ unsigned: true });
  onTestFinished(() => shop.close());
  return shop;
}

/** Calls at the same time are logged as they end; in the order of their size they are the same every time. */
function textOf(line: RequestLine): string {
  return JSON.stringify({ ...line, calls: sorted(line) });
}

function subgraphsOf(line: RequestLine): string[] {
  return sorted(line).map(({ subgraph }) => subgraph);
}

function sorted({ calls }: RequestLine): RequestLine['calls'] {
  return calls.toSorted((a, b) => a.entities - b.entities);
}

function withoutPayments(data: unknown): unknown {
  return JSON.parse(JSON.stringify(data, (key, value: unknown) => (key === 'payment' ? undefined : value)));
}

/** What `npm install @apollo/server@5 ../atrium ../atrium/node_modules/graphql` leaves behind. */
async function linkPackages(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules/@apollo'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const links = { atrium: root, graphql: join(root, 'node_modules/graphql') };
  for (const [name, target] of Object.entries(links)) await symlink(target, join(folder, 'node_modules', name));
  await symlink(join(root, 'node_modules/@apollo/server'), join(folder, 'node_modules/@apollo/server'));
}

function atrium(parameters: readonly string[], options: ProcessOptions = {}): Promise<Outcome> {
  return runProcess(process.execPath, [bin, ...parameters], options);
}
