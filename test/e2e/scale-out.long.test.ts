import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';
import { temporaryFolder } from '../cli/run.ts';
import { startGateway } from './gateway-process.ts';
import type { Answer, GatewayProcess } from './gateway-process.ts';

const redisUrl = inject('redisUrl');
const patient = { timeout: 60_000, interval: 10 };
const noVerdict = 'Redis did not answer in time';
const burst = 10;
const query = '{ item { name } }';
const close = { connection: 'close' };
/** Over a connection of its own, which any worker may get. */
const question = { query, headers: close };

/** No subgraph answers before it is settled. */
let gate: Promise<void> | undefined;
let asked = 0;
let supergraph: string;
const closers: (() => void)[] = [];

beforeAll(async () => {
  const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';
  const items = `${link} type Query { item: Item } type Item @key(fields: "id") { id: ID! }`;
  const names = `${link} type Item @key(fields: "id") { id: ID! name: String }`;
  const composition = await composeSubgraphs([
    { name: 'items', sdl: items, url: await serve('items', items, { Query: { item: () => ({ id: '1' }) } }) },
    { name: 'names', sdl: names, url: await serve('names', names, { Item: { name: () => 'lamp' } }) },
  ]);
  if (!composition.ok) throw new Error('the supergraph of the test does not compose');
  supergraph = composition.supergraphSdl;
});
afterAll(() => closers.forEach((close) => close()));

const retry = { count: 4, condition: new RegExp(noVerdict) };

describe.skipIf(redisUrl === null)('gateways that share a Redis', { timeout: 240_000, retry }, () => {
  it.each([
    ['three processes', [1, 1, 1]],
    ['three workers of one', [3]],
  ])('find what another fetched, and let ten requests pass in all: %s', async (_, workers) => {
    const gateways = await startSharing(workers);
    const askAt = async (index: number) => {
      const gateway = at(gateways, index);
      const answer = await gateway.ask(question);
      const { calls, cacheHits, worker } = await gateway.lineOf(answer);
      return { cacheHits, calls: calls.map(({ subgraph }) => subgraph), by: `${gateway.origin} ${worker}` };
    };
    const miss = await askAt(0);
    const others = [await askAt(1)];
    const isHit = ({ cacheHits, by } = miss) => cacheHits > 0 && by !== miss.by;
    // It is kept after the answer was sent.
    while (others.length < 6 && !isHit(others.at(-1))) others.push(await askAt(others.length + 1));
    const answers: Answer[] = [];
    while (answers.length < 200) {
      const wave = Array.from({ length: 20 }, (_, index) => at(gateways, index).ask(question));
      answers.push(...(await Promise.all(wave)));
    }
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    // A machine too busy for Redis to be asked in time: each process then counts by itself, as it should.
    if (gateways.some(({ log }) => log.some((line) => line.includes('going on without it'))))
      throw new Error(noVerdict);

    expect(miss).toMatchObject({ cacheHits: 0, calls: ['items', 'names'] });
    expect(others.find(isHit)).toMatchObject({ cacheHits: 1, calls: ['items'] });
    const passed = 1 + others.length;
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(burst - passed);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(200 - burst + passed);
  });
});

it('lose with a worker that is killed what it had in flight, replace it, and finish what they have when told to stop', async () => {
  const gateway = await start(3, {});
  const workers = () =>
    gateway.log.map((line): WorkerLine => JSON.parse(line)).filter(({ msg }) => msg === 'a worker answers');
  const load = startLoad(gateway);
  for (const [index, { pid }] of workers().entries()) {
    await load.answered(100);
    const inFlight = load.inFlight();
    const before = load.failures.length;
    process.kill(pid, 'SIGKILL');
    await vi.waitUntil(() => workers().length === 4 + index, patient);
    await load.answered(100);
    expect(load.failures.length - before).toBeLessThanOrEqual(inFlight);
  }
  await load.stop();
  expect(load.failures.filter((failure) => failure.includes('timeout') || failure.includes('status'))).toEqual([]);

  const { promise, resolve: open } = Promise.withResolvers<void>();
  onTestFinished(() => open());
  gate = promise;
  const askedBefore = asked;
  const held = Array.from({ length: 12 }, () => gateway.ask(question));
  await vi.waitUntil(() => asked === askedBefore + held.length, patient);
  gateway.signal('SIGTERM');
  await vi.waitUntil(() => gateway.messages.some((line) => line.startsWith('Atrium stops')), patient);
  open();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual(held.map(() => 200));
  expect(await gateway.ended).toBe(0);
}, 240_000);

interface WorkerLine {
  readonly msg: string;
  readonly pid: number;
}

function at(gateways: readonly GatewayProcess[], index: number): GatewayProcess {
  const gateway = gateways[index % gateways.length];
  if (gateway === undefined) throw new Error('expected a gateway');
  return gateway;
}

/** A gateway for each number of workers. */
async function startSharing(workers: readonly number[]): Promise<GatewayProcess[]> {
  const keyPrefix = `atrium-test:${randomUUID()}:`;
  onTestFinished(async () => {
    const redis = new Redis(redisUrl ?? '');
    for (const key of await redis.keys(`${keyPrefix}*`)) await redis.del(key);
    await redis.quit();
  });
  const config = {
    redis: { url: redisUrl, keyPrefix },
    cache: { entities: {} },
    rateLimit: { rules: [{ name: 'all', key: 'global', limit: burst, windowSeconds: 86_400 }] },
  };
  return Promise.all(workers.map((count) => start(count, config)));
}

async function start(workers: number, config: object): Promise<GatewayProcess> {
  const cwd = await temporaryFolder({
    'supergraph.graphql': supergraph,
    'gateway.config.ts': `export default ${JSON.stringify({ ...config, supergraph: { file: 'supergraph.graphql' } })}`,
  });
  const gateway = await startGateway({ cwd, parameters: ['--workers', String(workers)] });
  onTestFinished(async () => void (await gateway.stop()));
  return gateway;
}

/** Twelve clients that ask again as soon as they are answered, four of them over a new connection each time. */
function startLoad(gateway: GatewayProcess) {
  const failures: string[] = [];
  let inFlight = 0;
  let answers = 0;
  const over = new AbortController();
  const clients = Array.from({ length: 12 }, async (_, index) => {
    const headers = index < 4 ? close : {};
    while (!over.signal.aborted) {
      inFlight += 1;
      // A connection that nobody serves would make it wait for ever.
      const late = new Promise<never>((_, reject) => setTimeout(reject, 15_000, new Error('timeout')).unref());
      try {
        const { status } = await Promise.race([gateway.ask({ query, headers }), late]);
        if (status === 200) answers += 1;
        else failures.push(`status ${status}`);
      } catch (error) {
        failures.push(String(Object(error).cause ?? error));
      }
      inFlight -= 1;
    }
  });
  return {
    failures,
    inFlight: () => inFlight,
    async answered(more: number) {
      const enough = answers + more;
      await vi.waitUntil(() => answers >= enough, patient);
    },
    async stop() {
      over.abort();
      await Promise.all(clients);
    },
  };
}

/** A subgraph whose answers may be kept for a minute, if it says so; its address. */
async function serve(name: string, sdl: string, resolvers: object): Promise<string> {
  const schema = buildSubgraphSchema({ typeDefs: parse(sdl), resolvers: Object(resolvers) });
  const server = createServer((request, response) => {
    void (async () => {
      asked += 1;
      const { query: source, variables: variableValues } = Object(await json(request));
      await gate;
      const answer = await graphql({ schema, source, variableValues });
      if (name === 'names') response.setHeader('cache-control', 'public, max-age=60');
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}
