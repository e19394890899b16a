import { randomUUID } from 'node:crypto';
import { createEntityCache } from '../../src/cache/create-entity-cache.ts';
import type { EntityCacheOptions } from '../../src/cache/create-entity-cache.ts';
import type { CacheBackend } from '../../src/cache/cache-backend.ts';
import type { CacheReading, EntityCache, EntityLookup, FetchedValues } from '../../src/cache/entity-cache.ts';
import { schemaFacts } from '../../src/cache/schema-facts.ts';
import { canonicalJson } from '../../src/core/json.ts';
import { silentLogger } from '../../src/core/logger.ts';
import type { Principal } from '../../src/core/principal.ts';
import { createFetchContext, createRequestContext } from '../../src/core/request-context.ts';
import type { FetchContext, RequestContext } from '../../src/core/request-context.ts';
import { createHeaderPolicy } from '../../src/subgraph/headers.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12",
  import: ["@key", "@shareable", "@external", "@requires", "@cacheTag"])`;

const composition = await composeSubgraphs([
  {
    name: 'products',
    url: 'http://products.test',
    sdl: `${link} type Query {
        product(id: ID!): Product @cacheTag(format: "asked-{$args.id}") products: [Product!]! shown: [Shown!]!
        search(text: String = "all", page: Page): [Product!]! @cacheTag(format: "search-{$args.text}") }
      input Page { first: Int }
      interface Shown { name: String }
      type Product implements Shown @key(fields: "id") @key(fields: "sku maker { id }") {
        id: ID! sku: ID! maker: Maker name: String related: [Product!] }
      type Maker @key(fields: "id") { id: ID! name: String }
      type Mutation { rename(id: ID!, name: String, by: By): Product } input By { id: ID }`,
  },
  {
    name: 'stock',
    url: 'http://stock.test',
    sdl: `${link} type Product @key(fields: "id") @cacheTag(format: "stock-{$key.id}") { id: ID! left: Int }`,
  },
]);
if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));

/** Of a supergraph with two subgraphs. */
export const facts = schemaFacts(composition.supergraphSdl);

const forwarded = ['authorization', 'accept-language'];
const fromPrincipal = { 'x-tenant': 'claims.tenant' };

export function createCacheUnderTest(backend: CacheBackend, options: Partial<EntityCacheOptions> = {}): EntityCache {
  return createEntityCache(backend, {
    facts,
    supergraphId: 'one',
    forwardedHeaders: forwarded,
    fromPrincipal,
    logger: silentLogger,
    random: () => 0,
    ...options,
  });
}

/** A request as the gateway under test would make it; `toldPrincipal`: subgraphs are told of it. */
export function contextOf(given: Partial<RequestContext> & { readonly toldPrincipal?: boolean } = {}): FetchContext {
  const { toldPrincipal = false, ...request } = given;
  const context = createRequestContext({ deadline: performance.now() + 10_000, ...request });
  const policy = createHeaderPolicy({
    toSubgraphs: forwarded,
    toClients: [],
    ...(toldPrincipal ? { fromPrincipal } : {}),
  });
  return createFetchContext(context, { generation: 'one', scopeOf: () => policy.scopeOf(context) });
}

export function principalOf(subject: string, more: Partial<Principal> = {}): Principal {
  return { subject, issuer: 'https://issuer.test', roles: [], scopes: [], claims: {}, ...more };
}

export const anonymous = () => contextOf();
/** Sends a token that the gateway has not looked at. */
export const stranger = (token = 'some') => contextOf({ headers: { authorization: `Bearer ${token}` } });
export const signedIn = (subject: string) =>
  contextOf({ headers: { authorization: `Bearer ${subject}` }, principal: principalOf(subject) });

export function productOf(id: string | number): string {
  return canonicalJson({ __typename: 'Product', id });
}

const nameText = textOf('{...on Product{name}}');

export function textOf(selection: string, more: Partial<EntityLookup['text']> = {}): EntityLookup['text'] {
  return { variableDefinitions: [], selection, fragments: [], directives: '', ...more };
}

/** The name of a product, if nothing else is asked. */
export function lookupOf(more: Partial<EntityLookup> = {}): EntityLookup {
  return {
    subgraph: 'products',
    text: nameText,
    isRoot: false,
    variables: {},
    contexts: [],
    representations: [productOf('1')],
    ...more,
  };
}

export const forAMinute = { 'cache-control': 'public, max-age=60' };

export type Answer = Pick<FetchedValues, 'values'> & Partial<FetchedValues>;

export async function readOne(
  cache: EntityCache,
  lookup: EntityLookup,
  context: FetchContext = anonymous(),
): Promise<CacheReading> {
  const [reading] = await cache.read([lookup], context);
  if (reading === undefined) throw new Error('Expected a reading, got none');
  return reading;
}

/** Reads and, as execution does, keeps what `load` answers for what is missing; the values. */
export async function readThrough(
  cache: EntityCache,
  lookup: EntityLookup,
  context: FetchContext,
  load: (indexes: readonly number[]) => Answer | Promise<Answer>,
): Promise<unknown[]> {
  const reading = await readOne(cache, lookup, context);
  const values = [...reading.values];
  const missing = [...values.keys()].filter((index) => values[index] === undefined);
  if (missing.length === 0) return values;
  const { ours, others } = await reading.claim(missing);
  const loadAll = async (indexes: readonly number[]) => {
    if (indexes.length === 0) return;
    const answer = await load(indexes);
    reading.keep(indexes, { headers: forAMinute, tags: () => undefined, ...answer });
    for (const [at, index] of indexes.entries()) values[index] = answer.values[at];
  };
  try {
    await loadAll(ours);
    const brought = await others;
    for (const [index, value] of brought ?? []) values[index] = value;
    await loadAll(missing.filter((index) => !ours.includes(index) && brought?.has(index) !== true));
  } finally {
    reading.release(missing);
  }
  return values;
}

/** Has the cache keep an answer to one look-up. */
export async function keep(
  cache: EntityCache,
  lookup: EntityLookup,
  answer: Answer,
  context: FetchContext = anonymous(),
): Promise<void> {
  const reading = await readOne(cache, lookup, context);
  reading.keep([...lookup.representations.keys()], { headers: forAMinute, tags: () => undefined, ...answer });
  await written();
  // Over the same connection, for nothing has it here: then it has been written for the others too.
  await readOne(cache, { ...lookup, representations: [productOf(randomUUID())] }, context);
}

/** What is kept is written after everything else of this turn of the event loop. */
export async function written(): Promise<void> {
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
