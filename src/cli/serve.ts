import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import type { DestinationStream } from 'pino';
import type { AtriumConfig } from '../config/config.ts';
import { createAtrium } from '../create-atrium.ts';
import { numberOf } from '../config/environment.ts';
import type { Override } from '../config/problem.ts';
import type { Logger } from '../core/logger.ts';
import { createLogger, openLogStream } from '../telemetry/create-logger.ts';
import { describeGateway } from './describe-gateway.ts';
import { configFlags, configFlagsHelp, openConfig } from './open-config.ts';
import { serveAsWorker } from './serve-worker.ts';
import { superviseWorkers } from './supervise-workers.ts';
import type { Supervisor } from './supervise-workers.ts';
import { parseFlags } from './verb.ts';
import type { Io, Verb } from './verb.ts';

const help = `Runs the gateway until SIGINT or SIGTERM. Without a configuration: no authentication, no rules, safe limits.

Usage: atrium serve [flags]

${configFlagsHelp}
  --port N              0 takes any free port (default: 4000)
  --host HOST           the address to listen on (default: 127.0.0.1)
  --workers N           processes that share the port, or auto: one for each processor (default: 1)
  --mode MODE           production or development; development opens introspection, Sandbox and the explorer
                        (default: production)
  --introspection       let clients ask for the schema
Flags are stronger than the environment (PORT, REDIS_URL, ATRIUM_*), the environment than the configuration.

Example: atrium serve --supergraph supergraph.graphql --port 4000`;

const options = {
  ...configFlags,
  port: { type: 'string' },
  host: { type: 'string' },
  workers: { type: 'string' },
  mode: { type: 'string' },
  introspection: { type: 'boolean' },
} as const;

export const serve: Verb = {
  help,
  async run(parameters, io) {
    const { values } = parseFlags(parameters, options);
    const { config } = await openConfig(values, io, overridesOf(values));
    if (cluster.worker !== undefined) return serveInWorker(config, cluster.worker.id);
    const { workers } = config.server;
    const count = workers === 'auto' ? availableParallelism() : workers;
    const supervisor = count === 1 ? undefined : await supervise(config, count);
    const gateway = supervisor ?? createAtrium(config, isPretty(config) ? { logger: await prettyLogger(config) } : {});
    const stopped = stopOnSignal(() => gateway.stop(), io);
    const address = await gateway.start();
    if (address === undefined) {
      await stopped;
      return 0;
    }
    const processes = count === 1 ? '' : `, with ${count} workers`;
    io.error(`Atrium answers at ${address.url}/graphql in ${config.mode} mode${processes}`);
    if (address.adminUrl !== undefined) io.error(`The admin listener answers at ${address.adminUrl}`);
    if (!config.introspection) {
      io.error('Introspection is off: --introspection opens it, --mode development opens it with Sandbox and explorer');
    }
    if (address.facts !== undefined) io.error(`\n${describeGateway(config, address.facts)}\n`);
    await Promise.race([stopped, supervisor?.failed ?? stopped]);
    return 0;
  },
};

async function supervise(config: AtriumConfig, count: number): Promise<Supervisor> {
  const { admin, redis, logging } = config;
  const stream = isPretty(config) ? await openPrettyLog() : openLogStream();
  return superviseWorkers({ count, admin, sharesStores: redis !== undefined, logging, stream });
}

async function prettyLogger({ logging }: AtriumConfig): Promise<Logger> {
  return createLogger({ ...logging, destination: await openPrettyLog() });
}

async function openPrettyLog(): Promise<DestinationStream> {
  const { prettyLog } = await import('../telemetry/pretty-log.ts');
  return prettyLog();
}

function isPretty({ mode, logging }: AtriumConfig): boolean {
  return logging.pretty ?? (mode === 'development' && process.stdout.isTTY);
}

/** The primary has the admin listener. */
function serveInWorker(config: AtriumConfig, id: number): Promise<number> {
  const logger = createLogger({ ...config.logging, worker: id });
  return serveAsWorker(createAtrium({ ...config, admin: { ...config.admin, enabled: false } }, { logger }), logger);
}

function overridesOf(flags: {
  port?: string | undefined;
  host?: string | undefined;
  workers?: string | undefined;
  mode?: string | undefined;
  introspection?: boolean | undefined;
}): Override[] {
  const all = [
    { path: ['server', 'port'], value: flags.port && numberOf(flags.port), source: '--port' },
    { path: ['server', 'host'], value: flags.host, source: '--host' },
    { path: ['server', 'workers'], value: flags.workers && numberOf(flags.workers), source: '--workers' },
    { path: ['mode'], value: flags.mode, source: '--mode' },
    { path: ['introspection'], value: flags.introspection, source: '--introspection' },
  ];
  return all.filter(({ value }) => value !== undefined);
}

/** One Ctrl-C can arrive twice: from the terminal, which signals every process, and from a parent that hands it on. */
const sameSignalMs = 500;

/** Resolves when the first signal has led to a finished stop. A later one ends the process at once. */
function stopOnSignal(stop: () => Promise<void>, io: Io): Promise<void> {
  return new Promise((resolve, reject) => {
    let since: number | undefined;
    const onSignal = () => {
      const now = performance.now();
      if (since === undefined) {
        since = now;
        io.error('Atrium stops; once more ends it at once');
        stop().then(resolve, reject);
      } else if (now - since > sameSignalMs) {
        process.exit(1);
      }
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  });
}
