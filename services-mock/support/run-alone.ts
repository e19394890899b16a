import { faultsFromEnvironment } from './faults.ts';
import type { RunningService } from './listen.ts';
import { secretsFromEnvironment } from './signed-only.ts';
import type { SubgraphOptions } from './start-subgraph.ts';

/** Runs one service until SIGINT or SIGTERM; HOST, PORT, ATRIUM_SIGNING_SECRET, ATRIUM_OTLP_URL and the FAULT_ variables come from the environment. */
export async function runAlone(
  defaultPort: number,
  start: (options: SubgraphOptions) => Promise<RunningService>,
): Promise<void> {
  const { HOST, PORT, ATRIUM_OTLP_URL } = process.env;
  try {
    const port = parsePort(PORT, defaultPort);
    const faults = faultsFromEnvironment(process.env);
    const secrets = secretsFromEnvironment(process.env);
    const collector = ATRIUM_OTLP_URL || undefined;
    runUntilStopped([await start({ port, host: HOST || '127.0.0.1', faults, signingSecrets: secrets, collector })]);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

/** Says where each service answers, and closes all of them at SIGINT or SIGTERM. */
export function runUntilStopped(services: readonly RunningService[]): void {
  for (const { name, url } of services) console.log(`${name.padEnd(8)} ${url}`);
  const stop = (): void => void Promise.all(services.map((service) => service.close()));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function parsePort(text: string | undefined, defaultPort: number): number {
  if (text === undefined || text === '') return defaultPort;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`PORT must be a whole number from 0 to 65535, but got: ${text}`);
  }
  return port;
}
