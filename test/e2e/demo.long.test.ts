import { once } from 'node:events';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { root, runProcess, start, temporaryFolder } from '../cli/run.ts';
import { askAt, bin, startGateway } from './gateway-process.ts';
import { readmeBlock, untruePart } from './readme.ts';

it('`npm start` opens the whole shop on its usual ports, and Ctrl-C closes it', async () => {
  const port = await freePort();
  const demo = start(process.execPath, [join(root, 'services-mock/demo.ts')], { env: { PORT: String(port) } });
  onTestFinished(() => void demo.kill('SIGTERM'));
  await lineOf(demo, /Ctrl-C stops everything/);

  const token = await runProcess(process.execPath, [bin, 'token', 'ann']);
  const query = await readmeBlock('order history');
  const answer = await askAt(`http://127.0.0.1:${port}/graphql`, { query, token: token.out.trim() });
  const explorer = await fetch(`http://127.0.0.1:${port}/explorer`);
  const page = await explorer.text();
  demo.kill('SIGINT');
  await once(demo, 'close');

  expect(untruePart(await readmeBlock('ann'), answer.text)).toBeUndefined();
  expect(page).toContain('<!doctype html>');
  expect(demo.exitCode).toBe(0);
  for (const closed of [port, 4001, 4002, 4003, 4004, 4005]) {
    await expect(fetch(`http://127.0.0.1:${closed}/`)).rejects.toThrow('fetch failed');
  }
});

it('a fifth service joins the shop as the README says', async () => {
  const copy = await temporaryFolder({
    'gateway.config.ts': await withStock(),
  });
  for (const name of ['bin', 'src', 'services-mock', 'schemas', 'package.json']) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const [name, block] of [
    ['schemas/stock.graphql', 'stock schema'],
    ['services-mock/stock/main.ts', 'stock server'],
  ] as const) {
    await mkdir(dirname(join(copy, name)), { recursive: true });
    await writeFile(join(copy, name), await readmeBlock(block));
  }
  const composed = await runProcess(process.execPath, [join(copy, 'bin/atrium'), 'compose'], { cwd: copy });
  expect(composed).toEqual({ code: 0, out: 'wrote schemas/supergraph.graphql\n', error: '' });

  const stock = await startService(copy, 'stock');
  const products = await startService(copy, 'products');
  const gateway = await startGateway({
    cwd: join(copy, 'schemas'),
    parameters: ['--supergraph', 'supergraph.graphql'],
    env: { ATRIUM_SUBGRAPH_STOCK_URL: stock, ATRIUM_SUBGRAPH_PRODUCTS_URL: products },
  });
  onTestFinished(async () => void (await gateway.stop()));

  const answer = await gateway.ask({ query: '{ product(id: 1) { name inStock } }' });

  expect(answer.body).toEqual({ data: { product: { name: 'Enamel kettle, white', inStock: 1 } } });
  expect((await gateway.lineOf(answer)).calls.map(({ subgraph }) => subgraph)).toEqual(['products', 'stock']);
});

/** The demo's configuration with the service of the README beside payments. */
async function withStock(): Promise<string> {
  const config = await readFile(join(root, 'gateway.config.ts'), 'utf8');
  const changed = config.replace(/^ *payments: \{ url.*$/m, `$&\n${await readmeBlock('stock address')}`);
  expect(changed).not.toBe(config);
  return changed;
}

/** A service of the copy on a free port, until the test ends; its address. */
async function startService(folder: string, name: string): Promise<string> {
  const service = start(process.execPath, [join(folder, `services-mock/${name}/main.ts`)], { env: { PORT: '0' } });
  onTestFinished(async () => {
    service.kill('SIGTERM');
    if (service.exitCode === null && service.signalCode === null) await once(service, 'exit');
  });
  return (await lineOf(service, /(http:\S+)/))[1] ?? '';
}

/** The first line on stdout that matches. Rejects when the process ends without one. */
async function lineOf({ stdout }: ReturnType<typeof start>, pattern: RegExp): Promise<RegExpExecArray> {
  if (stdout === null) throw new Error('expected a process with a pipe');
  const lines: string[] = [];
  for await (const line of createInterface(stdout)) {
    const match = pattern.exec(line);
    if (match !== null) {
      stdout.resume();
      return match;
    }
    lines.push(line);
  }
  throw new Error(`expected a line like ${String(pattern)}, got:\n${lines.join('\n')}`);
}
