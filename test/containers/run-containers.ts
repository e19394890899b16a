import { execFile, spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Image } from './build-image.ts';
import { containerPort } from './compose-file.ts';
import type { ComposeService } from './compose-file.ts';
import { healthCheck, milliseconds } from './health.ts';
import type { HealthCheck } from './health.ts';

export interface Containers {
  /** Where a service answers on this machine, for example `127.0.0.1:40123`. */
  addressOf(service: string): string;
  /** Tells all of them to stop, those others depend on last. Resolves with exit code or signal and what they wrote. */
  stop(): Promise<ReadonlyMap<string, Ending>>;
}

export interface Ending {
  /** `SIGKILL` for a container that did not stop within its grace period. */
  readonly end: number | NodeJS.Signals | null;
  readonly output: string;
}

interface Container {
  readonly process: ChildProcess;
  readonly ended: Promise<Ending>;
  readonly graceMs: number;
}

const nobody = 65_534;
const probePauseMs = 200;

/**
 * Starts services of a compose file as plain processes: on loopback, with free ports in the place of the containers',
 * with no variable that image and file do not set, and, when this process is root's, as a user without rights. Each
 * starts when what it depends on is healthy. Those that are not built here are looked for on the PATH.
 */
export async function startContainers(
  services: ReadonlyMap<string, ComposeService>,
  image: Image,
): Promise<Containers> {
  const ports = await freePorts([...services.values()].map(containerPort));
  const onLoopback = loopbackText([...services.keys()], ports);

  const running = new Map<string, Container>();
  const killAll = () => running.forEach(({ process }) => process.kill('SIGKILL'));
  process.once('exit', killAll);

  const starts = new Map<string, Promise<void>>();
  const start = (name: string): Promise<void> => {
    const starting = starts.get(name) ?? startOne(name);
    starts.set(name, starting);
    return starting;
  };

  async function startOne(name: string): Promise<void> {
    const service = serviceOf(services, name);
    await Promise.all(Object.keys(service.depends_on).map(start));
    const { command, health, options } = containerOf(service, image, onLoopback);
    const child = spawnCommand(command, options);
    const ended = endingOf(child);
    running.set(name, { process: child, ended, graceMs: milliseconds(service.stop_grace_period) });
    if (await becomesHealthy(child, health, options)) return;
    child.kill('SIGKILL');
    const { end, output } = await ended;
    throw new Error(`The container ${name} did not become healthy (${end}):\n${output.slice(-4_000)}`);
  }

  async function stop(): Promise<ReadonlyMap<string, Ending>> {
    const endings = new Map<string, Ending>();
    // A map keeps the order of insertion: the last to start is the first to stop, as compose does it.
    for (const [name, container] of [...running].toReversed()) endings.set(name, await stopOne(container));
    process.off('exit', killAll);
    return endings;
  }

  const settled = await Promise.allSettled([...services.keys()].map(start));
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return { addressOf: (name) => `127.0.0.1:${ports.get(containerPort(serviceOf(services, name)))}`, stop };
}

function serviceOf(services: ReadonlyMap<string, ComposeService>, name: string): ComposeService {
  const service = services.get(name);
  if (service === undefined) throw new Error(`docker-compose.yml: expected a service ${name}, got none`);
  return service;
}

function containerOf(service: ComposeService, image: Image, onLoopback: (text: string) => string) {
  const { build, command, entrypoint, environment, healthcheck } = service;
  const built = build !== undefined;
  const health =
    healthcheck === undefined
      ? image.health
      : healthCheck(healthcheck.test.slice(1), { ...healthcheck, startPeriod: healthcheck.start_period });
  if (health === undefined) throw new Error('docker-compose.yml: expected a health check, got none');
  const variables = Object.entries({ ...(built ? image.env : {}), ...environment });
  const line = built
    ? [...(entrypoint ?? image.entrypoint), ...(command ?? image.command)]
    : [...(command ?? []), '--bind', '127.0.0.1'];
  return {
    command: line.map(onLoopback),
    health: { ...health, command: health.command.map(onLoopback) },
    options: {
      cwd: join(image.root, image.workdir),
      env: {
        ...Object.fromEntries(variables.map(([name, value]) => [name, onLoopback(value)])),
        // Each container has a loopback of its own.
        ATRIUM_ADMIN_PORT: '0',
        PATH: `${join(image.root, 'usr/local/bin')}:/usr/local/bin:/usr/bin:/bin`,
      },
      ...(process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}),
    },
  };
}

/** Rewrites what stands for an address between containers: ports, `0.0.0.0` and the names of services in URLs. */
function loopbackText(names: readonly string[], ports: ReadonlyMap<number, number>): (text: string) => string {
  const address = new RegExp(`//(?:${names.join('|')}):(\\d+)`, 'g');
  return (text) => {
    if (text === '0.0.0.0') return '127.0.0.1';
    if (/^\d+$/.test(text)) return String(ports.get(Number(text)) ?? text);
    return text.replaceAll(address, (_, port: string) => `//127.0.0.1:${ports.get(Number(port)) ?? port}`);
  };
}

function spawnCommand([executable = '', ...parameters]: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn(executable, parameters, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function endingOf(child: ChildProcess): Promise<Ending> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('A container was started without pipes');
  const failure = once(child, 'exit').then(() => '', String);
  const output = [...(await Promise.all([text(stdout), text(stderr)])), await failure].join('');
  return { end: child.signalCode ?? child.exitCode, output };
}

async function becomesHealthy(child: ChildProcess, health: HealthCheck, options: SpawnOptions): Promise<boolean> {
  const [executable = '', ...parameters] = health.command;
  const deadline = performance.now() + health.patienceMs;
  while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
    const healthy = await new Promise<boolean>((resolve) => {
      execFile(executable, parameters, { ...options, timeout: health.patienceMs }, (error) => resolve(error === null));
    });
    if (healthy) return true;
    await sleep(probePauseMs);
  }
  return false;
}

async function stopOne({ process, ended, graceMs }: Container): Promise<Ending> {
  process.kill('SIGTERM');
  const impatience = setTimeout(() => process.kill('SIGKILL'), graceMs);
  return ended.finally(() => clearTimeout(impatience));
}

/** A free port of loopback for each of `ports`. */
async function freePorts(ports: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const probes = ports.map((port) => ({ port, server: createServer().listen(0, '127.0.0.1') }));
  const free = new Map<number, number>();
  for (const { port, server } of probes) {
    if (!server.listening) await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
    free.set(port, address.port);
  }
  for (const { server } of probes) server.close();
  return free;
}
