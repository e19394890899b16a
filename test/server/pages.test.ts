import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFront } from './start-front.ts';
import type { TestFront } from './start-front.ts';

const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

let root: string;
let directory: string;
let front: TestFront;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'atrium-pages-'));
  directory = join(root, 'files');
  await mkdir(join(directory, 'folder'), { recursive: true });
  await writeFile(join(root, 'secret.txt'), 'secret');
  await writeFile(join(directory, 'index.html'), '<h1>explorer</h1>');
  await writeFile(join(directory, 'main.js'), 'console.log(1)');
  await writeFile(join(directory, 'folder', 'inner.js'), 'console.log(2)');
  await symlink(join(root, 'secret.txt'), join(directory, 'link.js'));
  front = await startFront({ mode: 'development', explorerDirectory: directory });
});
afterAll(async () => {
  await front.close();
  await rm(root, { recursive: true });
});

describe('/explorer/', () => {
  it('serves the files of its folder, locked to this origin', async () => {
    const page = await front.get('/explorer/');
    expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      '<h1>explorer</h1>',
    ]);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/https?:|unsafe-eval|script-src[^;]*unsafe-inline/);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');

    const script = await front.get('/explorer/main.js');
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  });

  it('is found without its last slash', async () => {
    const response = await front.get('/explorer');
    expect([response.status, response.headers.get('location')]).toEqual([308, '/explorer/']);
  });

  it('sends a file again only when it changed', async () => {
    const first = await front.get('/explorer/main.js');
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toBe('no-cache');
    const again = await front.get('/explorer/main.js', { 'if-none-match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    await writeFile(join(directory, 'main.js'), 'console.log("changed")');
    expect((await front.get('/explorer/main.js', { 'if-none-match': etag })).status).toBe(200);
  });

  it.each([
    '/explorer/../secret.txt',
    '/explorer/%2e%2e/secret.txt',
    '/explorer/..%2fsecret.txt',
    '/explorer/..%5csecret.txt',
    '/explorer//etc/hostname',
    '/explorer/%2fetc%2fhostname',
    '/explorer/link.js',
    '/explorer/folder',
    '/explorer/folder/inner.js',
    '/explorer/main.js%00.html',
    '/explorer/nope.js',
  ])('has no %s', async (path) => {
    const socket = front.socket();
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    const answer = await socket.received(/\}\]\}$/);
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1.1 404 .*"code":"NOT_FOUND"/s);
  });

  it('does not exist in production mode', async () => {
    await using production = await startFront({ mode: 'production', explorerDirectory: directory });
    for (const path of ['/explorer', '/explorer/', '/explorer/main.js']) {
      expect((await production.get(path)).status).toBe(404);
    }
  });
});

describe('a browser at /graphql', () => {
  it('gets Apollo Sandbox in development mode', async () => {
    const response = await front.get('/graphql', browser);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await response.text()).toContain('EmbeddedSandbox');
  });

  it('gets no operation executed by asking for a page', async () => {
    const response = await front.get('/graphql?query={me{id}}', { ...browser, 'apollo-require-preflight': '1' });
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(front.executions).toEqual([]);
  });
});
