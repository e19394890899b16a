import '../src/core/quiet-apollo.ts';
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { composeSubgraphs } from '../src/supergraph/compose.ts';
import type { Contestant } from './contestants.ts';
import { Child } from './support/child.ts';
import { countsSchema, loadResultSchema, subgraphsSchema, usageSchema } from './support/schemas.ts';
import type { Fault, LoadJob, LoadResult, Subgraphs, Usage } from './support/schemas.ts';
import type { Workload } from './workloads.ts';

/** Where contestants meet: the subgraphs, the clients and a supergraph file for each world. */
export interface Arena {
  /** Resolves when the contestant has answered for the first time. `nodeArgs` come before the contestant's own. */
  start(contestant: Contestant, workload: Workload, nodeArgs?: readonly string[]): Promise<RunningContestant>;
  /** How many requests the subgraphs have had. */
  calls(): Promise<number>;
  /** Where a subgraph of the shop is. */
  addressOf(subgraph: string): Promise<string>;
  /** Has a subgraph of the shop misbehave, or behave again. */
  hurt(subgraph: string, fault: Fault): Promise<void>;
  close(): Promise<void>;
}

export interface RunningContestant {
  readonly contestant: Contestant;
  /** From the start of the process to its first answer. */
  readonly readyMs: number;
  /** The text of one answer. */
  ask(body: string, token: string | undefined): Promise<string>;
  load(job: Omit<LoadJob, 'url' | 'workload'>): Promise<Measured>;
  usage(): Promise<Usage>;
  readonly process: Child;
  stop(): Promise<void>;
}

/** One load on one contestant. */
export interface Measured extends LoadResult {
  /** CPU of the gateway process, user and system. */
  readonly cpuMsPerRequest: number;
  readonly callsPerRequest: number;
  /** Requests to subgraphs whose answer was not canned yet, of all calls. */
  readonly executedShare: number;
  readonly majorGcs: number;
  readonly minorGcs: number;
  readonly gcMsPerRequest: number;
  readonly usage: Usage;
}

export const probe = new URL('gc-probe.ts', import.meta.url).href;
const readyWithinMs = 90_000;

export async function openArena(): Promise<Arena> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-bench-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  const subgraphProcess = new Child('the subgraphs', [fileOf('subgraphs.ts')], folder);
  const clients = new Child('the clients', [fileOf('load.ts')], folder);
  const started = new Set<Child>();
  const close = async () => {
    await Promise.all([...started, subgraphProcess, clients].map((child) => child.stop()));
    process.off('exit', removeFolder);
    removeFolder();
  };
  try {
    const subgraphs = await subgraphProcess.ask('subgraphs', null, subgraphsSchema);
    const supergraphs = new Map<string, string>();
    for (const world of new Set(subgraphs.map(({ world }) => world))) {
      const file = join(folder, `${world}.graphql`);
      await writeFile(file, await composeWorld(subgraphs.filter((subgraph) => subgraph.world === world)));
      supergraphs.set(world, file);
    }
    const counts = () => subgraphProcess.ask('counts', null, countsSchema);

    return {
      async start(contestant, workload, nodeArgs = []) {
        const port = await freePort();
        const url = `http://127.0.0.1:${port}/graphql`;
        const since = performance.now();
        const args = contestant.args({
          port,
          workload: workload.name,
          supergraph: supergraphs.get(workload.world) ?? '',
          subgraphs: subgraphs.filter(({ world }) => world === workload.world),
        });
        const { title, cwd = folder, env } = contestant;
        const child = new Child(title, ['--import', probe, ...nodeArgs, ...args], cwd, env);
        started.add(child);
        await firstAnswer(child, url, workload.varies ? workload.body(0) : undefined);
        const readyMs = performance.now() - since;

        const usage = () => child.ask('usage', null, usageSchema);
        return {
          contestant,
          readyMs,
          process: child,
          usage,
          ask: (body, token) => post(url, body, token),
          async load(job) {
            const [usageBefore, countsBefore] = [await usage(), await counts()];
            const result = await clients
              .ask('load', { ...job, url, workload: workload.name }, loadResultSchema)
              .catch((error: unknown) => {
                throw new Error(`${contestant.title}, ${workload.name}: ${String(error)}`, { cause: error });
              });
            const [usageAfter, countsAfter] = [await usage(), await counts()];
            const calls = countsAfter.calls - countsBefore.calls;
            return {
              ...result,
              cpuMsPerRequest: (usageAfter.cpuMicros - usageBefore.cpuMicros) / 1000 / result.requests,
              callsPerRequest: calls / result.requests,
              executedShare: (countsAfter.executed - countsBefore.executed) / Math.max(1, calls),
              majorGcs: usageAfter.majorGcs - usageBefore.majorGcs,
              minorGcs: usageAfter.minorGcs - usageBefore.minorGcs,
              gcMsPerRequest: (usageAfter.gcMs - usageBefore.gcMs) / result.requests,
              usage: usageAfter,
            };
          },
          async stop() {
            await child.stop();
            started.delete(child);
          },
        };
      },
      calls: async () => (await counts()).calls,
      async addressOf(subgraph) {
        const found = subgraphs.find(({ world, name }) => world === 'shop' && name === subgraph);
        if (found === undefined) throw new Error(`the shop has no ${subgraph}`);
        return new URL(found.url).origin;
      },
      async hurt(subgraph, fault) {
        await subgraphProcess.ask('fault', { subgraph, fault }, z.null());
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function composeWorld(subgraphs: Subgraphs): Promise<string> {
  const composition = await composeSubgraphs(subgraphs);
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));
  return composition.supergraphSdl;
}

/** Resolves when the child answers the body at the URL. */
export async function firstAnswer(child: Child, url: string, body = '{"query":"{__typename}"}'): Promise<void> {
  const end = performance.now() + readyWithinMs;
  while (performance.now() < end) {
    child.assertRunning();
    const answered = await post(url, body, undefined).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(20);
  }
  throw new Error(`${child.name} did not answer within ${readyWithinMs / 1000} s`);
}

async function post(url: string, body: string, token: string | undefined): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body,
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 1_000)}`);
  return text;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('expected an address with a port'));
        else resolve(address.port);
      });
    });
  });
}

function fileOf(name: string): string {
  return new URL(name, import.meta.url).pathname;
}
