import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openArena } from '../../bench/arena.ts';
import type { Arena, RunningContestant } from '../../bench/arena.ts';
import { contestants } from '../../bench/contestants.ts';
import { aliveSchema } from '../../bench/support/schemas.ts';
import type { Fault } from '../../bench/support/schemas.ts';
import { workloads } from '../../bench/workloads.ts';
import { freePort } from '../support/free-port.ts';

/** `npm run soak` sets half an hour. */
const seconds = Number(process.env['ATRIUM_SOAK_SECONDS'] ?? 30);
const clients = 200;
const reloadEveryMs = 1_000;
const faultEveryMs = 2_000;
const faults: readonly Fault[] = ['none', { unavailable: 0.3 }, 'hangs', 'down'];
/** Beyond what a single generation takes: one that is kept is seen after a few reloads. */
const mostGrowthBytes = 20_000_000;

const atrium = contestants.find(({ name }) => name === 'atrium') ?? expect.fail('no contestant atrium');
const workload = workloads.find(({ name }) => name === 'order-history') ?? expect.fail('no such workload');

let arena: Arena;
let gateway: RunningContestant;
let supergraph = '';
let adminPort = 0;
beforeAll(async () => {
  [arena, adminPort] = await Promise.all([openArena(), freePort()]);
  const contestant: typeof atrium = {
    ...atrium,
    env: { ATRIUM_ADMIN_PORT: String(adminPort) },
    args(start) {
      ({ supergraph } = start);
      return atrium.args(start);
    },
  };
  gateway = await arena.start(contestant, workload, ['--expose-gc']);
}, 120_000);
afterAll(() => arena.close());

let from = 1_000;
async function load(span: number) {
  const job = { seconds: span, maxRequests: 10_000_000, from, toleratesFailures: true, connections: clients };
  const result = await gateway.load(job);
  from = result.next;
  return result;
}

/** What is left once nobody asks anything, and the connections of clients are gone. */
async function atRest() {
  return gateway.process.ask('alive', null, aliveSchema);
}

const socketsIn = ({ resources }: { readonly resources: readonly string[] }): number =>
  resources.filter((name) => name === 'TCPSocketWrap').length;

it(
  'reloads, faults and two hundred clients leave nothing behind',
  async () => {
    const sdl = await readFile(supergraph, 'utf8');
    let reloads = 0;
    const disturb = async (span: number): Promise<void> => {
      const until = performance.now() + span * 1_000;
      const reloading = async (): Promise<void> => {
        while (performance.now() < until) {
          reloads += 1;
          await writeFile(supergraph, `${sdl}\n# ${reloads}\n`);
          await sleep(reloadEveryMs);
        }
      };
      const failing = async (): Promise<void> => {
        for (let at = 0; performance.now() < until; at += 1) {
          await arena.hurt('payments', faults[at % faults.length] ?? 'none');
          await sleep(faultEveryMs);
        }
        await arena.hurt('payments', 'none');
      };
      await Promise.all([reloading(), failing(), load(span)]);
      // What is left of an outage.
      await load(8);
    };

    await disturb(10);
    const before = await atRest();
    reloads = 0;
    await disturb(seconds);
    const after = await atRest();
    const { requests, failed } = await load(2);
    const inUse = await (await fetch(`http://127.0.0.1:${adminPort}/supergraph`)).text();
    expect(inUse.trimEnd().endsWith(`\n# ${reloads}`)).toBe(true);
    const growth = after.heapBytes + after.externalBytes - before.heapBytes - before.externalBytes;
    process.stdout.write(
      `soak of ${seconds} s: ${from} requests, ${reloads} reloads, ${(growth / 1e6).toFixed(1)} MB grown, ` +
        `${socketsIn(before)} and ${socketsIn(after)} sockets, ${before.resources.length} and ${after.resources.length} resources\n`,
    );
    expect([requests > 0, failed]).toEqual([true, 0]);
    expect(reloads).toBeGreaterThan(seconds / 3);
    expect(growth).toBeLessThan(mostGrowthBytes);
    // Connections to subgraphs that are kept alive; those of clients are gone.
    expect(socketsIn(after)).toBeLessThanOrEqual(socketsIn(before) + clients / 2);
    expect(after.resources.length).toBeLessThanOrEqual(before.resources.length + clients / 2);
  },
  (seconds + 120) * 1_000,
);
