import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './arena.ts';
import type { Arena, RunningContestant } from './arena.ts';
import { contestants } from './contestants.ts';
import type { Contestant } from './contestants.ts';
import { printTable } from './report.ts';
import type { Fault } from './support/schemas.ts';
import { workloads } from './workloads.ts';

const MAX_REQUESTS = 200_000;
const warmUpSeconds = 4;
const outageSeconds = 3;

interface Case {
  readonly title: string;
  readonly fault: Fault;
  readonly seconds: number;
  /** Atrium knows of a second address, where nobody is. */
  readonly hasDeadAddress?: boolean;
}

/**
 * What clients and subgraphs notice of faults of one subgraph of the shop, beside the stock gateway: order history, each
 * request with a token of its own. Atrium waits a second for a subgraph; the stock gateway waits for ever, its clients five
 * seconds.
 */
export async function measureFaults(arena: Arena, seconds: number, say: (text: string) => void): Promise<string> {
  const cases: Case[] = [
    { title: 'nothing', fault: 'none', seconds },
    { title: 'one address of two is dead', fault: 'none', seconds, hasDeadAddress: true },
    { title: '10 % of answers are 503', fault: { unavailable: 0.1 }, seconds },
    { title: 'the subgraph hangs', fault: 'hangs', seconds },
    { title: `the subgraph is down for ${outageSeconds} s`, fault: 'down', seconds: outageSeconds },
    { title: 'the seconds after that', fault: 'none', seconds },
  ];
  const workload = workloads.find(({ name }) => name === 'order-history');
  const [atrium, stock] = ['atrium', 'stock'].map((wanted) => contestants.find(({ name }) => name === wanted));
  if (workload === undefined || atrium === undefined || stock === undefined)
    throw new Error('expected the workload, Atrium and the stock gateway');
  const folder = await mkdtemp(join(tmpdir(), 'atrium-bench-faults-'));
  try {
    const config = async (name: string, settings: object): Promise<Contestant> => {
      const file = join(folder, `${name}.config.ts`);
      const content = { ...settings, subgraphDefaults: { timeoutMs: 1_000 }, logging: { level: 'silent' } };
      await writeFile(file, `export default ${JSON.stringify(content)};`);
      return { ...atrium, title: name, args: (start) => [...atrium.args(start), '--config', file] };
    };
    const addresses = [await arena.addressOf('payments'), `http://127.0.0.1:${await freePort()}`];
    const running = {
      atrium: await arena.start(await config('atrium', {}), workload),
      twoAddresses: await arena.start(
        await config('two-addresses', { subgraphs: { payments: { addresses } } }),
        workload,
      ),
      stock: await arena.start(stock, workload),
    };
    let from = 1_000;
    const load = async (one: RunningContestant, span: number): Promise<string[]> => {
      const result = await one.load({ seconds: span, maxRequests: MAX_REQUESTS, from, toleratesFailures: true });
      from = result.next;
      const { requests, failed, p99, callsPerRequest } = result;
      return [`${((100 * failed) / requests).toFixed(1)} %`, p99.toFixed(0), callsPerRequest.toFixed(2)];
    };
    for (const one of Object.values(running)) await load(one, warmUpSeconds);
    const rows: string[][] = [];
    for (const { title, fault, seconds: span, hasDeadAddress } of cases) {
      say(title);
      await arena.hurt('payments', fault);
      const own = await load(hasDeadAddress === true ? running.twoAddresses : running.atrium, span);
      // Whoever is asked second finds the subgraph as the first one did.
      await arena.hurt('payments', fault);
      rows.push([title, ...own, ...(hasDeadAddress === true ? ['', '', ''] : await load(running.stock, span))]);
    }
    const heads = ['errors in', 'p99 ms', 'calls', '@apollo/gateway: errors in', 'p99 ms', 'calls'];
    return printTable(['', ...heads], rows);
  } finally {
    await rm(folder, { recursive: true });
  }
}
