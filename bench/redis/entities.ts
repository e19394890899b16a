/**
 * What 20 entities from the cache in Redis cost this process: CPU per batch beside one bare MGET of the same bytes.
 * `node bench/redis/entities.ts [--rounds N]`
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { createRedisBackend } from '../../src/cache/cache-backend.ts';
import { createEntityCache } from '../../src/cache/create-entity-cache.ts';
import type { EntityCache, EntityLookup } from '../../src/cache/entity-cache.ts';
import { schemaFacts } from '../../src/cache/schema-facts.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createFetchContext, createRequestContext } from '../../src/core/request-context.ts';
import { createCacheLoader } from '../../src/execution/cached-fetches.ts';
import { connectRedis } from '../../src/redis/connect.ts';
import { createHeaderPolicy } from '../../src/subgraph/headers.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';
import { startRedisServer } from '../../test/support/redis-server.ts';
import { printTable } from '../report.ts';
import { median } from '../statistics.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const IN_FLIGHT = [1, 50];
const BATCHES = 4_000;
/** Rounds until everything is compiled. */
const WARM_UP = 3;
const ENTITIES = 20;
/** Of the JSON of one entity. */
const SIZES = [180, 500];
const keyPrefix = 'bench:';

type Contestant = readonly [name: string, batch: () => Promise<unknown>];

const sdl = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { product(id: ID!): Product }
  type Product @key(fields: "id") { id: ID! name: String price: Int weight: Float description: String }`;
const composition = await composeSubgraphs([{ name: 'products', url: 'http://products.test', sdl }]);
if (!composition.ok) throw new Error('expected a supergraph');
const facts = schemaFacts(composition.supergraphSdl);
const server = await startRedisServer();
if (server === undefined) throw new Error('expected a redis-server on the PATH, got none');
const connections = connectRedis({ url: server.url, keyPrefix }, silentLogger);
const backend = createRedisBackend(connections.caches, { keyPrefix, logger: silentLogger });
const bare = new Redis(server.url, { keyPrefix });
await new Promise<void>((resolve) => void bare.once('ready', resolve));
while (!backend.log.isLive()) await sleep(10);

const policy = createHeaderPolicy({ toSubgraphs: ['authorization'], toClients: [] });
const request = createRequestContext({ headers: { authorization: 'Bearer of-somebody' } });
const context = createFetchContext(request, { generation: 'bench', scopeOf: () => policy.scopeOf(request) });
const selection = '{...on Product{name price weight description}}';
const text = { variableDefinitions: [], selection, fragments: [], directives: '' };
/** Batches that Redis did not answer in time. */
let misses = 0;

for (const bytes of SIZES) {
  const lookup: EntityLookup = {
    subgraph: 'products',
    text,
    isRoot: false,
    variables: {},
    contexts: [],
    representations: Array.from(
      { length: ENTITIES },
      (_, at) => `{"__typename":"Product","id":"${bytes}${1000 + at}"}`,
    ),
  };
  const common = { facts, supergraphId: 'bench', forwardedHeaders: ['authorization'], logger: silentLogger };
  const cache = createEntityCache(backend, common);
  const nearby = createEntityCache(backend, { ...common, firstLevel: { maxBytes: 10_000_000, seconds: 3_600 } });
  for (const by of [cache, nearby]) await fill(by, lookup, bytes);
  const keys = (await bare.keys(`${keyPrefix}ec:*Product*"${bytes}*`)).map((key) => key.slice(keyPrefix.length));
  if (keys.length !== ENTITIES) throw new Error(`expected ${ENTITIES} entries, got ${keys.length}`);
  const contestants: Contestant[] = [
    ['one MGET', () => bare.mget(keys)],
    [
      'one MGET and 20 JSON.parse',
      async () => (await bare.mget(keys)).map((entry) => JSON.parse(entry?.slice(46) ?? '')),
    ],
    ['hits', () => hits(cache, lookup)],
    ['hits in the first level', () => hits(nearby, lookup)],
  ];
  const title = `${bytes} bytes each`;
  for (const inFlight of IN_FLIGHT) await compare(`${title}, ${inFlight} in flight`, contestants, inFlight);
  await backend.log.invalidate(['["subgraph","other"]']);
  await compare(`${title}, 50 in flight, after an invalidation of something else`, contestants, 50);
  await backend.log.invalidate(['["entity","Product",{"id":"0"}]', '["some","Product"]', '["some","Product","id"]']);
  await compare(`${title}, 50 in flight, after an invalidation of another product`, contestants, 50);
}
await backend.close();
connections.close();
bare.disconnect();
await server.stop();

async function hits(cache: EntityCache, lookup: EntityLookup): Promise<void> {
  // Every request has a budget of its own.
  context.record.redisMs = 0;
  const { values: found } = await createCacheLoader(cache, context).load(lookup);
  if (found.includes(undefined)) misses += 1;
}

async function fill(cache: EntityCache, lookup: EntityLookup, bytes: number): Promise<void> {
  const [reading] = await cache.read([lookup], context);
  const entities = lookup.representations.map((_, at) => entityOf(at, bytes));
  const headers = { 'cache-control': 'public, max-age=36000' };
  reading?.keep([...entities.keys()], { values: entities, headers, tags: () => undefined });
  await sleep(100);
}

function entityOf(at: number, bytes: number): object {
  const entity = { name: `Lamp number ${at}`, price: 1_999, weight: 1.25, description: '' };
  const words = 'a lamp of brass, "polished" ';
  return { ...entity, description: words.repeat(bytes).slice(0, bytes - JSON.stringify(entity).length - 8) };
}

async function compare(title: string, contestants: readonly Contestant[], inFlight: number): Promise<void> {
  const microseconds = new Map(contestants.map(([name]): [string, number[]] => [name, []]));
  for (let round = 0; round < WARM_UP + Number(values.rounds); round += 1) {
    for (const [name, batch] of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const cost = await measure(batch, inFlight);
      if (round >= WARM_UP) microseconds.get(name)?.push(cost);
    }
  }
  const base = microseconds.get('one MGET') ?? [];
  const rows = [...microseconds].map(([name, costs]) => {
    const ratio = median(costs.map((cost, round) => cost / (base[round] ?? Number.NaN)));
    return [name, median(costs).toFixed(1), ratio.toFixed(2)];
  });
  process.stdout.write(`### ${title}\n\n${printTable(['', 'CPU, µs', '× one MGET'], rows)}\n\n`);
}

/** CPU of this process for each of `BATCHES` batches, in microseconds; once more when Redis did not answer all in time. */
async function measure(batch: () => Promise<unknown>, inFlight: number): Promise<number> {
  let started = 0;
  const before = process.cpuUsage();
  const work = async () => {
    while (started < BATCHES) {
      started += 1;
      await batch();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  const { user, system } = process.cpuUsage(before);
  if (misses === 0) return (user + system) / BATCHES;
  misses = 0;
  await sleep(1_000);
  return measure(batch, inFlight);
}
