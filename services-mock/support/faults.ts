import type { FastifyInstance } from 'fastify';
import { setTimeout as sleep } from 'node:timers/promises';

/** What is wrong with a service at the moment. */
export interface Faults {
  /** Every answer waits so long. */
  readonly latencyMs: number;
  /** Share of the requests that fail, 0 to 1; which ones is not left to chance: at 0.25 every fourth does. */
  readonly failureRate: number;
  /** HTTP status of a failed request. */
  readonly status: number;
}

/** The members of {@link Faults}: what is allowed, and what holds when nothing is said. */
const table = {
  latencyMs: { least: 0, most: 600_000, whole: true, usual: 0, variable: 'FAULT_LATENCY_MS' },
  failureRate: { least: 0, most: 1, whole: false, usual: 0, variable: 'FAULT_RATE' },
  status: { least: 400, most: 599, whole: true, usual: 503, variable: 'FAULT_STATUS' },
} as const;

/**
 * Reads faults from JSON-like values; what is absent is as usual, except that a `status` alone fails every request.
 * @throws Error that names the member and what it may be.
 */
export function parseFaults(values: Readonly<Record<string, unknown>>): Faults {
  const unknown = Object.keys(values).find((key) => !Object.hasOwn(table, key));
  if (unknown !== undefined) {
    throw new Error(`Faults are ${Object.keys(table).join(', ')}, but got: ${JSON.stringify(unknown)}`);
  }
  const failsAlways = values['status'] !== undefined && values['failureRate'] === undefined;
  return {
    latencyMs: member('latencyMs', values),
    failureRate: failsAlways ? 1 : member('failureRate', values),
    status: member('status', values),
  };
}

/** The faults a service starts with: FAULT_LATENCY_MS, FAULT_RATE and FAULT_STATUS. */
export function faultsFromEnvironment(environment: NodeJS.ProcessEnv): Faults {
  const said = Object.entries(table).flatMap(([key, { variable }]) => {
    const text = environment[variable];
    return text === undefined || text === '' ? [] : [[key, Number(text)] as const];
  });
  return parseFaults(Object.fromEntries(said));
}

/** Makes `/graphql` slow or failing as `initial` says, and serves `GET /faults` and `PUT /faults` to change it. */
export function installFaults(app: FastifyInstance, initial: Faults = parseFaults({})): void {
  let faults = initial;
  let requests = 0;

  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url !== '/graphql') return undefined;
    requests += 1;
    const { latencyMs, failureRate, status } = faults;
    const fails = Math.floor(requests * failureRate) > Math.floor((requests - 1) * failureRate);
    if (latencyMs > 0) await sleep(latencyMs, undefined, { ref: false });
    return fails ? reply.code(status).send({ error: 'This failure was switched on' }) : undefined;
  });

  app.get('/faults', () => faults);
  app.put('/faults', async (request, reply) => {
    try {
      faults = parseFaults(Object(request.body));
      requests = 0;
      return faults;
    } catch (error) {
      return reply.code(400).send({ error: error instanceof Error ? error.message : String(error) });
    }
  });
}

function member(key: keyof Faults, values: Readonly<Record<string, unknown>>): number {
  const { least, most, whole, usual } = table[key];
  const value = values[key];
  if (value === undefined) return usual;
  if (typeof value !== 'number' || !(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
    const kind = whole ? 'a whole number' : 'a number';
    throw new Error(
      `${key} must be ${kind} from ${String(least)} to ${String(most)}, but got: ${JSON.stringify(value)}`,
    );
  }
  return value;
}
