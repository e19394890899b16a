import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstAnswer, freePort, openArena, probe } from '../../bench/arena.ts';
import type { Arena, Measured } from '../../bench/arena.ts';
import { CannedAnswers } from '../../bench/canned-answers.ts';
import { contestants } from '../../bench/contestants.ts';
import { median } from '../../bench/statistics.ts';
import { Child } from '../../bench/support/child.ts';
import { aliveSchema } from '../../bench/support/schemas.ts';
import { workloads } from '../../bench/workloads.ts';
import { createCatalogue } from '../../bench/worlds/catalogue.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';

const atrium = contestants.find(({ name }) => name === 'atrium') ?? expect.fail('no contestant atrium');
const workloadOf = (name: string) => workloads.find((one) => one.name === name) ?? expect.fail(`no workload ${name}`);
const aliveIn = (child: Child) => child.ask('alive', null, aliveSchema);
const bytesAlive = async (child: Child) => {
  const { heapBytes, externalBytes } = await aliveIn(child);
  return heapBytes + externalBytes;
};

describe('memory over many requests', () => {
  const slice = 1_500;
  /** V8 lets go of several MB of code now and then: the median is of enough that one or two such lots do not count. */
  const lots = 7;
  /** The heap shrinks for the first few thousand requests, as code settles. */
  const warmUp = 4_500;
  /** Everyone has a token of its own: a request that is kept weighs more. */
  const bytesKeptPerRequest = 250;
  let arena: Arena;

  beforeAll(async () => {
    arena = await openArena();
  });

  afterAll(async () => {
    await arena.close();
  });

  /** Equal numbers of requests one after the other, and by how much each lot makes the heap grow. */
  async function soak(nodeArgs: readonly string[] = []) {
    const running = await arena.start(atrium, workloadOf('deep'), ['--expose-gc', ...nodeArgs]);
    try {
      const load = (maxRequests: number, from: number) => running.load({ seconds: 600, maxRequests, from });
      let { next } = await load(warmUp, 1_000);
      let { heapBytes } = await aliveIn(running.process);
      const loads: Measured[] = [];
      const growth: number[] = [];
      for (let lot = 0; lot < lots; lot += 1) {
        const measured = await load(slice, next);
        const alive = await aliveIn(running.process);
        growth.push(alive.heapBytes - heapBytes);
        loads.push(measured);
        ({ next } = measured);
        ({ heapBytes } = alive);
      }
      return { loads, keptPerRequest: median(growth) / slice };
    } finally {
      await running.stop();
    }
  }

  it('keeps nothing of requests that are over, and collects no more often', { timeout: 300_000 }, async () => {
    const { loads, keptPerRequest } = await soak();
    expect(keptPerRequest).toBeLessThan(bytesKeptPerRequest);
    const [first, last] = [loads[0], loads.at(-1)];
    if (first === undefined || last === undefined) throw new Error('expected lots');
    expect(last.minorGcs).toBeLessThan(1.3 * first.minorGcs);
    // There are so few that some more or less are no drift.
    expect(last.majorGcs).toBeLessThan(2 * first.majorGcs + 4);
  });

  it('would notice if requests were kept', { timeout: 300_000 }, async () => {
    const leak = `import { Server } from 'node:http';
      const kept = (globalThis.kept = []);
      const { emit } = Server.prototype;
      Server.prototype.emit = function (event, request, ...rest) {
        if (event === 'request') kept.push(request);
        return emit.call(this, event, request, ...rest);
      };`;
    const { keptPerRequest } = await soak(['--import', `data:text/javascript,${encodeURIComponent(leak)}`]);
    expect(keptPerRequest).toBeGreaterThan(bytesKeptPerRequest);
  });
});

describe('memory of requests in flight', () => {
  const requests = 40;
  /** Of the subgraph's answer, which is at hand while the next subgraph is asked: parsed, and what is asked with it. */
  const most = 6;

  it('is bounded by what the subgraphs have answered', { timeout: 120_000 }, async () => {
    const held: (() => void)[] = [];
    let holds = false;
    let whenAllAreHeld = () => {};
    let answered = 0;
    const subgraphs = createCatalogue().subgraphs.map((subgraph) => {
      const answers = new CannedAnswers(subgraph);
      const server = createServer((request, response) => {
        void text(request).then(async (body) => {
          const answer = answers.find(body) ?? (await answers.execute(body));
          const send = () => response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
          if (subgraph.name === 'products') answered += answer.length;
          if (holds && subgraph.name === 'inventory') held.push(send);
          else send();
          if (held.length === requests) whenAllAreHeld();
        });
      });
      return { ...subgraph, server };
    });
    const folder = await mkdtemp(join(tmpdir(), 'atrium-memory-test-'));
    let gateway: Child | undefined;
    try {
      const sources = [];
      for (const { name, sdl, server } of subgraphs) {
        const port = await freePort();
        await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
        sources.push({ name, sdl, url: `http://127.0.0.1:${port}/` });
      }
      const composition = await composeSubgraphs(sources);
      if (!composition.ok) throw new Error('expected the catalogue to compose');
      const supergraph = join(folder, 'supergraph.graphql');
      await writeFile(supergraph, composition.supergraphSdl);
      const port = await freePort();
      const args = atrium.args({ port, workload: '', supergraph, subgraphs: [] });
      gateway = new Child(atrium.title, ['--expose-gc', '--import', probe, ...args], folder);
      const url = `http://127.0.0.1:${port}/graphql`;
      await firstAnswer(gateway, url);

      const ask = async () => {
        const body = workloadOf('list-1000').body(0);
        const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        expect(response.status).toBe(200);
        return response.text();
      };
      const askAll = () => Promise.all(Array.from({ length: requests }, ask));
      // Connections, compiled code and caches are not what a request holds.
      for (let round = 0; round < 5; round += 1) await askAll();
      const idle = await bytesAlive(gateway);
      [holds, answered] = [true, 0];
      const allAreHeld = new Promise<void>((resolve) => (whenAllAreHeld = resolve));
      const asked = askAll();
      await allAreHeld;
      const busy = await bytesAlive(gateway);
      for (const send of held) send();
      for (const answer of await asked) expect(answer.length).toBeGreaterThan(50_000);
      expect((busy - idle) / answered).toBeLessThan(most);
      expect((await bytesAlive(gateway)) - idle).toBeLessThan(answered);
    } finally {
      await gateway?.stop();
      for (const { server } of subgraphs) server.close();
      await rm(folder, { recursive: true });
    }
  });
});
