import { once } from 'node:events';
import { readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { root, runProcess, start } from '../cli/run.ts';
import { composeDemo } from './compose-demo.ts';
import { startDemoShop } from './demo-shop.ts';
import type { DemoShop } from './demo-shop.ts';
import { askAt, startGateway } from './gateway-process.ts';
import { installPackage } from './installed-package.ts';
import type { InstalledPackage } from './installed-package.ts';
import { readmeBlock } from './readme.ts';

const installMs = 300_000;
const mostBytes = 5_000_000;

let shop: DemoShop;
let installed: InstalledPackage;
beforeAll(async () => {
  [shop, installed] = await Promise.all([startDemoShop({ unsigned: true }), installPackage()]);
  await write('supergraph.graphql', await composeDemo({ origins: shop.origins }));
}, installMs);
afterAll(async () => {
  await shop?.close();
  await installed?.remove();
});

const write = (name: string, text: string) => writeFile(join(installed.project, name), text);
const textOf = (path: string) => readFile(join(installed.project, 'node_modules', path), 'utf8');

describe('the tarball', () => {
  it('holds what runs, and nothing of how it was made', async () => {
    const folder = join(installed.project, 'node_modules/atrium');
    const files = (await filesBelow(folder)).filter((path) => !path.startsWith('node_modules/'));
    const roomOf = (path: string) => path.replace(/^dist\/.*/, 'dist');
    console.log(`${(installed.bytes / 1_000_000).toFixed(1)} MB in ${files.length} files`);

    expect(installed.bytes).toBeLessThan(mostBytes);
    expect([...new Set(files.map(roomOf))].toSorted()).toEqual([
      'LICENSE',
      'NOTICE',
      'README.md',
      'bin/atrium',
      'bin/package.json',
      'dist',
      'package.json',
    ]);
    expect(files).toContain('dist/explorer/licences.txt');
    const kinds = new Set(files.map((path) => /(?:\.d)?\.\w+$/.exec(path)?.[0]));
    expect([...kinds].filter((kind) => kind === '.ts' || kind === '.tsx' || kind === '.map')).toEqual([]);
    const places = [root.replace(/\/$/, ''), await realpath(join(root, 'node_modules')), homedir(), tmpdir()];
    for (const file of files) {
      const text = await readFile(join(folder, file), 'utf8');
      expect({ file, names: places.filter((place) => text.includes(`${place}/`)) }).toEqual({ file, names: [] });
    }
  });

  it('has a manifest of its own', async () => {
    const ours: Record<string, unknown> = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    const { graphql: _, ...dependencies }: Record<string, string> = Object(ours['dependencies']);

    expect(JSON.parse(await textOf('atrium/package.json'))).toEqual({
      name: 'atrium',
      version: ours['version'],
      description: ours['description'],
      license: 'MIT',
      type: 'module',
      engines: ours['engines'],
      bin: { atrium: './bin/atrium' },
      exports: {
        '.': { types: './dist/index.d.ts', default: './dist/index.js' },
        './testing': { types: './dist/testing.d.ts', default: './dist/testing.js' },
        './verify': { types: './dist/core/verify-request.d.ts', default: './dist/core/verify-request.js' },
      },
      files: expect.any(Array),
      dependencies,
      peerDependencies: { graphql: '^16.11.0' },
    });
  });

  it('brings one graphql-js, one of each of Apollo’s planners, and no Node', async () => {
    const manifests = (await filesBelow(join(installed.project, 'node_modules'))).filter((path) =>
      /(?:^|node_modules\/)(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path),
    );
    const copiesOf = (name: string) => manifests.filter((path) => path.endsWith(`${name}/package.json`));

    for (const name of ['graphql', '@apollo/federation-internals', '@apollo/query-planner', '@apollo/query-graphs']) {
      expect(copiesOf(name)).toEqual([`${name}/package.json`]);
    }
    expect(manifests.filter((path) => /(?:^|\/)node-(?:bin|linux|darwin|win)/.test(path))).toEqual([]);
  });
});

describe('installed from the tarball', () => {
  it('serves a configuration of the project, with rules and with the explorer', async () => {
    await write('permissions.ts', permissions);
    await write('gateway.config.ts', config(shop.origins.identity));
    const { project: cwd, env } = installed;
    const gateway = await startGateway({ command: ['npx', 'atrium'], parameters: ['--mode', 'development'], cwd, env });
    onTestFinished(async () => void (await gateway.stop()));

    const query = '{ me { name email orders(first: 1) { edges { node { items { product { name } } } } } } }';
    const allowed = await gateway.ask({ query, token: await shop.token('ann') });
    expect(allowed.body.errors).toBeUndefined();
    expect(allowed.body.data).toMatchObject({
      me: { email: 'ann@shop.example', orders: { edges: [{ node: { items: expect.any(Array) } }] } },
    });
    const denied = await gateway.ask({ query: '{ me { name } users(first: 1) { edges { node { email } } } }' });
    expect(denied.body.errors?.map(({ message, path }) => `${path?.join('.')}: ${message}`)).toEqual([
      'me: Sign in first',
      'users.edges.0.node.email: Not yours',
    ]);

    const page = await fetch(`${gateway.origin}/explorer/`);
    expect(page.status).toBe(200);
    const [, script] = /<script[^>]* src="([^"]+)"/.exec(await page.text()) ?? [];
    expect((await fetch(new URL(script ?? '', page.url))).status).toBe(200);

    gateway.signal('SIGTERM');
    await gateway.ended;
    await expect(fetch(`${gateway.origin}/health/live`)).rejects.toThrow('fetch failed');
  });

  it('takes the place of ApolloGateway in an Apollo Server of the project', async () => {
    await write('server.mts', await readmeBlock('swap'));
    const { project: cwd, env } = installed;
    const server = start('node', ['server.mts'], { cwd, env: { ...env, PORT: '0' } });
    if (server.stdout === null) throw new Error('The server was started without a pipe');
    onTestFinished(async () => {
      server.kill('SIGKILL');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    });
    const [origin]: string[] = await once(createInterface(server.stdout), 'line');

    const answer = await askAt(origin ?? '', { query: '{ me { name } }', token: await shop.token('ann') });
    expect(answer.body).toEqual({ data: { me: { name: 'Ann Archer' } } });
  });

  it('has types for a strict project, libraries checked as well', async () => {
    await write('consumer.mts', consumer);
    await write('tsconfig.json', JSON.stringify(compilerOptions));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');

    expect(await runProcess(process.execPath, [tsc], { cwd: installed.project })).toEqual({
      code: 0,
      out: '',
      error: '',
    });
  });
});

const permissions = `
import { allow, rule, shield } from 'graphql-shield';

const signedIn = rule('signed in', { cache: 'contextual' })((_parent, _args, ctx) => ctx.user !== null || 'Sign in first');
const isOwner = rule('owner', { fragment: 'fragment Owner on User { id }' })(
  ({ id }, _args, ctx) => ctx.user?.id === id || 'Not yours',
);

export const permissions = shield({ Query: { me: signedIn }, User: { email: isOwner } }, { fallbackRule: allow });
`;

const config = (identity: string) => `
import { defineConfig } from 'atrium';
import { permissions } from './permissions.ts';

export default defineConfig({
  supergraph: { file: 'supergraph.graphql' },
  headers: { toSubgraphs: ['authorization'] },
  authentication: { issuers: [{ issuer: 'http://127.0.0.1:4005', jwks: '${identity}/.well-known/jwks.json', audiences: ['atrium-shop'] }] },
  authorization: { rules: permissions },
  context: ({ principal }) => ({ user: principal && { id: principal.subject } }),
});
`;

const compilerOptions = {
  compilerOptions: { module: 'nodenext', target: 'es2024', strict: true, skipLibCheck: false, noEmit: true },
  files: ['consumer.mts'],
};

/** What has no error here is typed: the unused directives are errors where a type is \`any\`. */
const consumer = `
import { IntrospectAndCompose, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { and, AtriumGateway, createAtrium, defineConfig, listRule, parseConfig, rule, shield } from 'atrium';
import type { AtriumUserConfig, RequestContext } from 'atrium';
import { createTestGateway } from 'atrium/testing';
import { createRequestVerifier } from 'atrium/verify';

const signedIn = rule('signed in', { cache: 'contextual' })(
  (_parent, _args, { principal }: RequestContext) => principal !== null || 'Sign in first',
);
const mayRead = listRule('may read', { fragment: '... on User { id }' })((users: readonly { id: string }[]) =>
  users.map(({ id }) => id !== ''),
);
const rules = shield({ User: { email: and(signedIn, mayRead) } });

export const server = new ApolloServer({ gateway: new AtriumGateway({ supergraphSdl: '', rules }) });
export const composed = new AtriumGateway({
  supergraphSdl: new IntrospectAndCompose({ subgraphs: [{ name: 'users', url: 'http://127.0.0.1:4001' }] }),
  buildService: ({ url }) => new RemoteGraphQLDataSource({ url }),
});

const config: AtriumUserConfig = defineConfig({ supergraph: { file: 'supergraph.graphql' }, authorization: { rules } });
export const atrium = createAtrium(parseConfig(config, {}));
// @ts-expect-error
defineConfig({ supergraph: { file: 'supergraph.graphql' }, sever: {} });
// @ts-expect-error
export const port: string = parseConfig(config, {}).server.port;

const verify = createRequestVerifier({ subgraph: 'users', secrets: [] });
export const asks: string | undefined = verify({ method: '', url: '', headers: {}, body: '' })?.subject;

const test = await createTestGateway({ users: { sdl: 'type Query { me: Int }' } }, { rules });
// @ts-expect-error
export const calls: string = test.calls;
`;

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
