import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import type { Readable } from 'node:stream';
import type { DestinationStream } from 'pino';
import type { AtriumConfig } from '../config/config.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { StartedAt } from '../create-atrium.ts';
import { openAdmin } from '../server/admin.ts';
import type { AdminListener } from '../server/admin.ts';
import { createLogger } from '../telemetry/create-logger.ts';
import type { LoggerOptions } from '../telemetry/create-logger.ts';
import { askWorkers } from './ask-workers.ts';
import type { Message } from './serve-worker.ts';

export interface SupervisorOptions {
  readonly count: number;
  readonly admin: AtriumConfig['admin'];
  /** Whether workers share limits and caches, in Redis. */
  readonly sharesStores: boolean;
  readonly logging: Pick<LoggerOptions, 'level' | 'redact'>;
  /** Where all of them write their log. */
  readonly stream: DestinationStream;
}

export interface Supervisor {
  /** Resolves when all workers answer, with undefined when `stop` came first. Rejects as `failed` does. */
  start(): Promise<StartedAt | undefined>;
  /** Lets all workers finish what they have. Rejects with a ConfigurationError when one of them did not end well. */
  stop(): Promise<void>;
  /** Rejects with a ConfigurationError when workers cannot be kept running. */
  readonly failed: Promise<never>;
}

/** A worker that answered for less counts as one that could not start. */
const stableMs = 5_000;
const firstDelayMs = 100;
const longestDelayMs = 10_000;
/** So many failed starts per worker in a row, with none left that answers, and it is no use to go on. */
const maxFailures = 4;

/**
 * Runs this command line once more in each of `count` processes, which share its port. Speaks for them: one log, one admin
 * listener. Replaces those that die, and takes all of them along when it ends itself.
 */
export function superviseWorkers({ count, admin, sharesStores, logging, stream }: SupervisorOptions): Supervisor {
  const logger = createLogger({ ...logging, destination: stream, worker: 0 });
  const alive = new Set<Worker>();
  const ready = new Set<Worker>();
  const restarts = new Set<NodeJS.Timeout>();
  const badEnds: string[] = [];
  const opened = Promise.withResolvers<StartedAt | undefined>();
  const failed = Promise.withResolvers<never>();
  const allEnded = Promise.withResolvers<void>();
  let listener: Promise<AdminListener | undefined> | undefined;
  let stopping = false;
  let failures = 0;

  async function start(): Promise<StartedAt | undefined> {
    const health = () => ({ status: statusNow(), workers: { wanted: count, ready: ready.size } });
    const actions = askWorkers(ready, sharesStores);
    listener = admin.enabled ? openAdmin({ listener: admin, actions, health, logger }) : Promise.resolve(undefined);
    const adminUrl = (await listener)?.url;
    if (stopping) return undefined;
    if (!sharesStores) logger.warn({ workers: count }, 'Without Redis each worker has limits and caches of its own');
    // However this process ends, but for SIGKILL: Node ends them when the channel to them closes.
    process.once('exit', () => signalAll('SIGKILL'));
    cluster.setupPrimary({ stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    for (let index = 0; index < count; index += 1) fork();
    const at = await Promise.race([opened.promise, failed.promise]);
    return at && { ...at, adminUrl };
  }

  function fork(): void {
    const worker = cluster.fork();
    let readySince: number | undefined;
    let unstartable: string | undefined;
    alive.add(worker);
    closeWhatItNeverTook(worker);
    if (worker.process.stdout !== null) relayLines(worker.process.stdout, stream);
    worker.on('error', (err) => logger.warn({ err, id: worker.id }, 'a worker could not be told something'));
    worker.on('message', (message: Message) => {
      if (message.kind === 'unstartable') unstartable = message.reason;
      if (message.kind !== 'ready') return;
      readySince = performance.now();
      ready.add(worker);
      logger.info({ id: worker.id, pid: worker.process.pid, url: message.at.url }, 'a worker answers');
      if (ready.size === count) opened.resolve(message.at);
    });
    // Not before all that it wrote was read.
    worker.process.once('close', (code: number | null, signal: NodeJS.Signals | null) => {
      alive.delete(worker);
      ready.delete(worker);
      const end = signal ?? `exit code ${code}`;
      if (stopping) {
        // One that is still loading knows no better way to end.
        const isWell = code === 0 || (readySince === undefined && signal === 'SIGTERM');
        if (!isWell) badEnds.push(`${end} of worker ${worker.id}`);
        if (alive.size === 0) allEnded.resolve();
        return;
      }
      const wasStable = readySince !== undefined && performance.now() - readySince >= stableMs;
      failures = wasStable ? 0 : failures + 1;
      if (ready.size === 0 && (unstartable !== undefined || failures >= count * maxFailures)) {
        void giveUp(unstartable ?? `Expected workers to keep running, got ${end} again and again.`);
        return;
      }
      const restartMs = Math.min(firstDelayMs * 2 ** Math.floor(failures / count), longestDelayMs);
      logger.error({ id: worker.id, end, reason: unstartable, restartMs }, 'a worker ended and is replaced');
      const restart = setTimeout(() => {
        restarts.delete(restart);
        fork();
      }, restartMs);
      restarts.add(restart);
    });
  }

  function statusNow(): 'starting' | 'ready' | 'stopping' {
    if (stopping) return 'stopping';
    return ready.size > 0 ? 'ready' : 'starting';
  }

  function signalAll(signal: NodeJS.Signals): void {
    for (const worker of alive) worker.process.kill(signal);
  }

  async function giveUp(reason: string): Promise<void> {
    await end('SIGKILL');
    failed.reject(new ConfigurationError(reason));
  }

  async function stop(): Promise<void> {
    await end('SIGTERM');
    opened.resolve(undefined);
    if (badEnds.length > 0) throw new ConfigurationError(`Expected workers to stop well, got ${badEnds.join(', ')}.`);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    stopping = true;
    for (const restart of restarts) clearTimeout(restart);
    signalAll(signal);
    if (alive.size > 0) await allEnded.promise;
    await listener?.then(
      (opened) => opened?.close(),
      () => {},
    );
  }

  return { start, stop, failed: failed.promise };
}

/** Whole lines: other workers write between them. The rest of one that died writing is dropped. */
function relayLines(from: Readable, to: DestinationStream): void {
  let rest = '';
  from.setEncoding('utf8').on('data', (chunk: string) => {
    const end = chunk.lastIndexOf('\n') + 1;
    if (end > 0) to.write(rest + chunk.slice(0, end));
    rest = end > 0 ? chunk.slice(end) : rest + chunk;
  });
}

/**
 * Node hands a connection to a worker and closes its own end when the worker says that it took it. Of one that is killed
 * before it does, nobody closes the connection, and its client waits for ever (docs/decisions/workers.md).
 */
function closeWhatItNeverTook({ process }: Worker): void {
  const send = process.send.bind(process);
  let handedOver: { close(): void } | undefined;
  process.send = (message: { act?: string }, ...more: unknown[]) => {
    if (message.act === 'newconn') handedOver = more[0] as { close(): void };
    return Reflect.apply(send, undefined, [message, ...more]);
  };
  process.once('exit', () => handedOver?.close());
}
