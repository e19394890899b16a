import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { mainFile, root, runMain, start, temporaryFolder } from './run.ts';

const supergraph = join(root, 'schemas/supergraph.graphql');

describe('atrium serve', () => {
  it('serves a supergraph without a configuration, in production mode, and stops when told', async () => {
    const { gateway, url, messages } = await serve(['--supergraph', supergraph]);

    expect(await ask(url, '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    expect(await ask(url, '{ __schema { queryType { name } } }')).toHaveProperty('errors');

    gateway.kill('SIGTERM');
    await once(gateway, 'close');
    expect(gateway.exitCode).toBe(0);
    const told = messages.map((message) => message.replace(/http:\/\/[\d.:]+/, 'ORIGIN'));
    expect([...told.slice(0, 4), ...told.slice(-2)]).toEqual([
      'Atrium answers at ORIGIN/graphql in production mode',
      'The admin listener answers at ORIGIN',
      'Introspection is off: --introspection opens it, --mode development opens it with Sandbox and explorer',
      '',
      '',
      'Atrium stops; once more ends it at once',
    ]);
    // What `atrium validate` says, on one screen.
    expect(told.length).toBeLessThan(40);
    expect(told).toContain('authentication  none: every client is anonymous');
    expect(told).toContain('authorization   no rules');
  });

  it('opens introspection with its flag', async () => {
    const { url } = await serve(['--supergraph', supergraph, '--introspection']);

    expect(await ask(url, '{ __schema { queryType { name } } }')).toEqual({
      data: { __schema: { queryType: { name: 'Query' } } },
    });
  });

  it('takes two signals of one Ctrl-C for one, and ends at once when asked again', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    onTestFinished(() => silent.close().closeAllConnections());
    await once(silent, 'listening');
    const users = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/graphql`;
    const { gateway, url } = await serve(['--supergraph', supergraph], { ATRIUM_SUBGRAPH_USERS_URL: users });
    const answer = ask(url, '{ me { name } }').catch(() => 'cut off');
    await once(silent, 'request');

    const asked = performance.now();
    gateway.kill('SIGINT');
    gateway.kill('SIGTERM');
    const again = setInterval(() => gateway.kill('SIGINT'), 50);
    await once(gateway, 'exit');
    clearInterval(again);

    expect(gateway.exitCode).toBe(1);
    expect(performance.now() - asked).toBeGreaterThan(400);
    expect(await answer).toBe('cut off');
  });

  it('says which port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;

    const { code, error } = await runMain(['serve', '--supergraph', supergraph, '--port', String(port)], quiet);
    expect({ code, error }).toEqual({
      code: 1,
      error: `atrium: port ${port} is taken: server.port, --port or PORT chooses another\n`,
    });
  });

  it('names the flag with a wrong value', async () => {
    const { code, error } = await runMain(
      ['serve', '--supergraph', supergraph, '--port', 'x', '--mode', 'fast', '--workers', '0'],
      {
        cwd: await temporaryFolder(),
      },
    );

    expect(code).toBe(1);
    expect(error).toMatchInlineSnapshot(`
      "atrium: --mode: expected one of "production", "development", got "fast"
      --port: expected an integer from 0 to 65535, got "x"
      --workers: expected an integer from 1 to 256 or "auto", got 0
      "
    `);
  });
});

const quiet = { env: { ATRIUM_LOG_LEVEL: 'silent', ATRIUM_ADMIN_PORT: '0' } };

/** A gateway of its own process in an empty folder; it ends with the test. */
async function serve(
  parameters: readonly string[],
  env: Record<string, string> = {},
): Promise<{ gateway: ChildProcess; url: string; messages: readonly string[] }> {
  const cwd = await temporaryFolder();
  const gateway = start(process.execPath, [mainFile, 'serve', '--port', '0', ...parameters], {
    cwd,
    env: { ...quiet.env, ...env },
  });
  onTestFinished(() => void gateway.kill('SIGKILL'));
  const messages: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    gateway.once('exit', () => reject(new Error(`the gateway ended: ${messages.join('\n')}`)));
    if (gateway.stderr === null) return;
    createInterface(gateway.stderr).on('line', (line) => {
      messages.push(line);
      const [, address] = /^Atrium answers at (\S+)/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
  });
  return { gateway, url, messages };
}

async function ask(url: string, query: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ query }),
  });
  return response.json();
}
