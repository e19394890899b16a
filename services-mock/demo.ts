/** `npm start`: the shop's services, the identity service and the gateway, until Ctrl-C. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const services = { users: 4001, products: 4002, orders: 4003, payments: 4004, identity: 4005 };
const gatewayPort = Number(process.env['PORT'] || 4000);
const gateway = `http://127.0.0.1:${gatewayPort}`;

/** The services answer this gateway alone. */
const signingSecret = process.env['ATRIUM_SIGNING_SECRET'] || randomBytes(32).toString('base64url');

const startMs = 60_000;
const stopMs = 12_000;

const stopping = new AbortController();
const children: { readonly process: ChildProcess; readonly ended: Promise<void> }[] = [];

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(0));

await main();

async function main(): Promise<void> {
  if (!Number.isInteger(gatewayPort) || gatewayPort < 1 || gatewayPort > 65_535) {
    return stop(1, `PORT: expected an integer from 1 to 65535, got "${process.env['PORT']}".`);
  }
  const taken = await takenPorts({ ...services, gateway: gatewayPort });
  if (taken.length > 0) {
    return stop(1, `These ports are taken: ${taken.join(', ')}. Another demo may be running; PORT moves the gateway.`);
  }
  start('services', ['services-mock/main.ts']);
  const addresses = Object.values(services).map((port) => `http://127.0.0.1:${port}/health`);
  if (!(await Promise.all(addresses.map(answers))).every(Boolean)) {
    return stop(1, `The services did not come up within ${startMs / 1000} s.`);
  }
  start('gateway', ['src/cli/main.ts', 'serve', '--mode', 'development', ...process.argv.slice(2)]);
  if (!(await answers(`${gateway}/health/ready`))) {
    return stop(1, `The gateway did not come up within ${startMs / 1000} s.`);
  }
  process.stdout.write(banner());
}

function start(name: string, parameters: readonly string[]): void {
  if (stopping.signal.aborted) return;
  const env = { ...process.env, ATRIUM_SIGNING_SECRET: signingSecret };
  const child = spawn(process.execPath, parameters, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      resolve();
      stop(1, `The ${name} process cannot be started: ${error.message}`);
    });
    child.on('exit', (code, signal) => {
      resolve();
      stop(1, `The ${name} process ended (${signal ?? `exit code ${code}`}), so everything stops.`);
    });
  });
  children.push({ process: child, ended });
}

/** Ends the children, and with them this process. The first call counts. */
function stop(exitCode: number, message?: string): void {
  if (stopping.signal.aborted) return;
  if (message !== undefined) process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
  stopping.abort();
  const endAll = (signal: NodeJS.Signals) => {
    for (const child of children) child.process.kill(signal);
  };
  endAll('SIGTERM');
  const impatience = setTimeout(endAll, stopMs, 'SIGKILL');
  void Promise.all(children.map(({ ended }) => ended)).then(() => clearTimeout(impatience));
}

/** Names with ports that something listens on already. */
async function takenPorts(ports: Readonly<Record<string, number>>): Promise<string[]> {
  const taken: string[] = [];
  for (const [name, port] of Object.entries(ports)) {
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (!free) taken.push(`${port} (${name})`);
  }
  return taken;
}

/** Whether the address answers with success in time, asked again and again. */
async function answers(url: string): Promise<boolean> {
  const end = performance.now() + startMs;
  while (!stopping.signal.aborted && performance.now() < end) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok === true) return true;
    await sleep(100);
  }
  return false;
}

function banner(): string {
  return `
  The shop is open: four services answer at one address.

  endpoint   ${gateway}/graphql
  explorer   ${gateway}/explorer
  Sandbox    ${gateway}/graphql, in a browser (needs the internet)
  token      bin/atrium token ann    (also bob, carol, admin)
  secret     export ATRIUM_SIGNING_SECRET=${signingSecret}    (for commands that ask the services)

  Ask in another terminal, in this folder:

  curl ${gateway}/graphql -H "authorization: Bearer $(bin/atrium token ann)" \\
    -H 'content-type: application/json' -d '{"query":"{ me { name orders(first: 3) { edges { node { placedAt total { amount currency } items { quantity product { name shippingEstimate { amount } } } payment { status } } } } } }"}'

  Ctrl-C stops everything.

`;
}
