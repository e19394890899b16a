import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import type { TestProject } from 'vitest/node';
import { freePort } from './free-port.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the Redis the suites may use under a key prefix of their own, null when this machine has none. */
    redisUrl: string | null;
  }
}

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** A server of the caller's own, to be hurt. */
export interface TestRedisServer extends TestRedis {
  readonly port: number;
  /** Where it looks for a dump when it starts. */
  readonly directory: string;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again at the same port after `kill`; resolves when it listens, though it may still be loading. */
  restart(...args: readonly string[]): Promise<void>;
}

/** Vitest's global setup: one Redis for all suites of the run, taken down when the run ends. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = (await fromEnvironment()) ?? (await startRedisServer()) ?? (await startRedisContainer());
  if (redis === undefined) {
    const advice =
      'No Redis: the Redis variants of the suites under test/redis, test/rate-limit and test/cache do not run. ' +
      'Install one with `apt-get install redis-server` (or `brew install redis`), or set REDIS_URL.';
    if (process.env['CI'] === 'true') throw new Error(advice);
    process.stdout.write(`${advice}\n`);
  }
  project.provide('redisUrl', redis?.url ?? null);
  return async () => redis?.stop();
}

/**
 * A Redis of the caller's own on a free port of 127.0.0.1 that keeps nothing on disk; undefined when there is no
 * `redis-server` on the PATH. `config` is the text of a configuration file, which a sentinel needs.
 */
export async function startRedisServer(
  args: readonly string[] = [],
  config?: string,
): Promise<TestRedisServer | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'atrium-redis-'));
  const port = await freePort();
  let server: ChildProcess | undefined;
  const killAtExit = () => void server?.kill('SIGKILL');
  process.once('exit', killAtExit);

  async function start(more: readonly string[]): Promise<Awaited<ReturnType<typeof startOutcome>>> {
    const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'no'];
    const file = config === undefined ? [] : [join(directory, 'redis.conf')];
    server = spawn('redis-server', [...file, ...own, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
    return startOutcome(server);
  }
  async function kill(): Promise<void> {
    if (server?.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  }
  async function stop(): Promise<void> {
    process.off('exit', killAtExit);
    await kill();
    await rm(directory, { recursive: true, force: true });
  }
  async function restart(...more: readonly string[]): Promise<void> {
    const outcome = await start(more);
    if (outcome !== 'ready') throw new Error(`redis-server did not start again: ${JSON.stringify(outcome)}`);
  }

  if (config !== undefined) await writeFile(join(directory, 'redis.conf'), config);
  const outcome = await start(args);
  if (outcome === 'ready') {
    const signal = (name: 'SIGSTOP' | 'SIGCONT') => void server?.kill(name);
    return { url: `redis://127.0.0.1:${port}`, port, directory, stop, kill, restart, signal };
  }
  await stop();
  if (outcome === 'not installed') return undefined;
  throw new Error(`redis-server on the PATH did not start:\n${outcome.log}`);
}

async function fromEnvironment(): Promise<TestRedis | undefined> {
  const url = process.env['REDIS_URL'];
  if (url === undefined || url === '') return undefined;
  await waitForPong(url, 1);
  return { url, stop: async () => {} };
}

async function startRedisContainer(): Promise<TestRedis | undefined> {
  const docker = async (...args: string[]) => (await promisify(execFile)('docker', args)).stdout.trim();
  try {
    await docker('info', '--format', '{{.ID}}');
  } catch {
    return undefined;
  }
  const container = await docker('run', '--detach', '--rm', '--publish', '127.0.0.1::6379', 'redis:7-alpine');
  const stop = async () => void (await docker('rm', '--force', container));
  try {
    const url = `redis://${await docker('port', container, '6379/tcp')}`;
    await waitForPong(url, 50);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function waitForPong(url: string, attempts: number): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: attempts - 1,
    retryStrategy: (attempt) => (attempt < attempts ? 100 : null),
  });
  redis.on('error', () => {});
  try {
    await redis.ping();
  } catch (error) {
    throw new Error(`Expected a Redis at ${new URL(url).host}, but it does not answer.`, { cause: error });
  } finally {
    redis.disconnect();
  }
}

async function startOutcome(server: ChildProcess): Promise<'ready' | 'not installed' | { log: string }> {
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? resolve('not installed') : reject(error),
    );
    server.once('exit', () => resolve({ log: lines.join('\n') }));
    if (server.stdout === null) return reject(new Error('redis-server was spawned without a pipe'));
    createInterface(server.stdout).on('line', (line) => {
      lines.push(line);
      if (/Ready to accept connections|Server initialized|\+monitor/.test(line)) resolve('ready');
    });
  });
}
