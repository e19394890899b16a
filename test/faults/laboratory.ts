import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { AtriumUserConfig } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import type { Logger } from '../../src/core/logger.ts';
import { createAtrium } from '../../src/create-atrium.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';
import { ask } from './ask.ts';
import type { Answer, Asking } from './ask.ts';
import { startFaultProxy } from './fault-proxy.ts';
import type { FaultProxy } from './fault-proxy.ts';
import { shop } from './shop.ts';
import type { SubgraphName } from './shop.ts';
import { startSubgraphServer } from './subgraph-server.ts';
import type { SubgraphServer } from './subgraph-server.ts';

/** How long a client of the laboratory's gateway waits, in milliseconds. */
export const deadlineMs = 5_000;
/** How long the gateway waits for `reviews`. */
export const reviewsTimeoutMs = 1_000;
export const maxResponseBytes = 20_000;

export interface LogLine {
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface SubgraphCall {
  readonly subgraph: string;
  readonly status: number;
  readonly code?: string;
}

/** A gateway with its HTTP server, three subgraphs over HTTP, and a fault proxy before each. */
export interface Laboratory {
  readonly origin: string;
  /** `spare` is a second one before `reviews`, for who tells the gateway of it. */
  readonly proxies: Readonly<Record<SubgraphName | 'spare', FaultProxy>>;
  readonly subgraphs: Readonly<Record<SubgraphName, SubgraphServer>>;
  readonly supergraphFile: string;
  readonly log: readonly LogLine[];
  /** Fails when the answer is not there 200 ms after the deadline. */
  ask(body: object, more?: Asking): Promise<Answer>;
  /** The tries at subgraphs that an answer took, in the order they ended. */
  callsOf(answer: Answer): Promise<readonly SubgraphCall[]>;
  /** Requests at subgraphs whose client waits, and connections that were hurt and are still held. */
  inFlight(): number;
  /** Ends all faults. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

export async function openLaboratory(
  config: (
    lab: Pick<Laboratory, 'proxies' | 'subgraphs'> & { readonly folder: string },
  ) => Partial<AtriumUserConfig> = () => ({}),
) {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-'));
  const subgraphs = await mapShop((name) => startSubgraphServer(shop[name]));
  const proxies = {
    ...(await mapShop((name) => startFaultProxy(new URL(subgraphs[name].url)))),
    spare: await startFaultProxy(new URL(subgraphs.reviews.url)),
  };
  const sources = names.map((name) => ({ name, url: proxies[name].url, sdl: shop[name].sdl }));
  const composition = await composeSubgraphs(sources);
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));
  const supergraphFile = join(folder, 'supergraph.graphql');
  await writeFile(supergraphFile, composition.supergraphSdl);

  const log: LogLine[] = [];
  const write = (fields: object, message: string): void => void log.push({ message, fields: { ...fields } });
  const logger: Logger = { debug: write, info: write, warn: write, error: write };
  const { server, subgraphs: settings, subgraphDefaults, ...rest } = config({ folder, proxies, subgraphs });
  const input = {
    // A machine that is busy with other suites must not decide either.
    server: {
      port: 0,
      requestTimeoutMs: deadlineMs,
      ...server,
      overload: { maxEventLoopDelayMs: 60_000, ...server?.overload },
    },
    admin: { enabled: false },
    supergraph: { file: supergraphFile, watch: false },
    subgraphDefaults: {
      maxResponseBytes,
      retry: { budgetPerSecond: 1_000 },
      // What one case leaves behind must not decide the next; suites of the breaker have one of their own.
      breaker: { minRequests: 1_000_000 },
      ...subgraphDefaults,
    },
    subgraphs: { reviews: { timeoutMs: reviewsTimeoutMs }, ...settings },
    ...rest,
  };
  const atrium = createAtrium(parseConfig(input, {}, { directory: folder }), { logger });
  const close = async (): Promise<void> => {
    await atrium.stop();
    await Promise.all([...Object.values(proxies), ...Object.values(subgraphs)].map((one) => one.close()));
    await rm(folder, { recursive: true });
  };
  const address = await atrium.start().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const origin = address?.url ?? '';
  const laboratory: Laboratory = {
    origin,
    proxies,
    subgraphs,
    supergraphFile,
    log,
    ask: (body, more) => ask(`${origin}/graphql`, JSON.stringify(body), { deadlineMs, ...more }),
    async callsOf({ requestId }) {
      const line = await vi.waitUntil(
        () => log.find(({ message, fields }) => message === 'request' && fields['requestId'] === requestId),
        { timeout: 5_000, interval: 5 },
      );
      return line.fields['calls'] as readonly SubgraphCall[];
    },
    inFlight: () =>
      Object.values(subgraphs).reduce((sum, { inFlight }) => sum + inFlight, 0) +
      Object.values(proxies).reduce((sum, { hurt }) => sum + hurt, 0),
    async heal() {
      for (const subgraph of Object.values(subgraphs)) subgraph.answerWith(undefined);
      for (const proxy of Object.values(proxies)) await proxy.become({ kind: 'none' });
    },
    close,
  };
  return laboratory;
}

const names = Object.keys(shop) as SubgraphName[];

async function mapShop<T>(make: (name: SubgraphName) => Promise<T>): Promise<Record<SubgraphName, T>> {
  const [users, products, reviews] = await Promise.all([make('users'), make('products'), make('reviews')]);
  return { users, products, reviews };
}
