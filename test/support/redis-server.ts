import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
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
 * `redis-server` on the PATH.
 */
export async function startRedisServer(): Promise<TestRedis | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'atrium-redis-'));
  const port = await freePort();
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'no'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const killServer = () => server.kill('SIGKILL');
  process.once('exit', killServer);
  const stop = async () => {
    process.off('exit', killServer);
    if (server.pid !== undefined && server.exitCode === null && server.signalCode === null) {
      const exited = once(server, 'exit');
      killServer();
      await exited;
    }
    await rm(directory, { recursive: true, force: true });
  };
  const outcome = await startOutcome(server);
  if (outcome === 'ready') return { url: `redis://127.0.0.1:${port}`, stop };
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
      if (line.includes('Ready to accept connections')) resolve('ready');
    });
  });
}
