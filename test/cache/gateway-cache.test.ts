import { describe, expect, it, vi } from 'vitest';
import { openCachedGateway } from './cached-gateway.ts';
import type { Call, CachedGateway, HttpAnswer } from './cached-gateway.ts';

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@external"])';
const sdls = {
  shop: `${link} type Query { products: [Product!] product(id: ID!): Product me: User }
    type Product @key(fields: "id") { id: ID! name: String } type User @key(fields: "id") { id: ID! }
    type Mutation { rename(id: ID!, name: String): Product rate(id: ID!): Product }`,
  stock: `${link} type Product @key(fields: "id") { id: ID! left: Int near: Product } type User @key(fields: "id") { id: ID! seen: Int }`,
};
const query = '{ products { left } }';
const products = [
  { __typename: 'Product', id: '1' },
  { __typename: 'Product', id: '2' },
];
const forAMinute = { 'cache-control': 'public, max-age=60' };

/** Products 1 and 2; how many are left is told by `count`, the id with it in front. */
function shopWith(count: () => number, headers: Record<string, string> = forAMinute) {
  return ({ subgraph, representations, query: asked }: Call): HttpAnswer => {
    if (subgraph === 'stock') {
      return {
        headers,
        body: { data: { _entities: representations.map(({ id }) => ({ left: Number(`${String(id)}${count()}`) })) } },
      };
    }
    const [first] = products;
    const answers = asked.includes('product(')
      ? { product: first }
      : /\bme\b/.test(asked)
        ? { me: { __typename: 'User', id: '1' } }
        : { products };
    return { headers, body: { data: answers } };
  };
}
const left = (count: number) => ({ data: { products: [{ left: 10 + count }, { left: 20 + count }] } });
const subgraphsOf = ({ calls }: CachedGateway) => calls.map(({ subgraph }) => subgraph);

describe('a gateway with a cache', () => {
  it('asks for root fields and entities once', async () => {
    const gateway = await openCachedGateway(
      sdls,
      shopWith(() => 1),
    );
    expect(await gateway.ask(query)).toEqual(left(1));
    await gateway.written();
    expect(await gateway.ask(query)).toEqual(left(1));
    expect(await gateway.ask('{ all: products { rest: left } }')).toEqual({
      data: { all: [{ rest: 11 }, { rest: 21 }] },
    });
    expect(subgraphsOf(gateway)).toEqual(['shop', 'stock']);
  });

  it('asks only for what it lacks, in order', async () => {
    const gateway = await openCachedGateway(
      sdls,
      shopWith(() => 1),
    );
    await gateway.ask('{ product(id: 1) { left } }');
    await gateway.written();
    expect(await gateway.ask(query)).toEqual(left(1));
    expect(gateway.calls.at(-1)?.representations).toEqual([products[1]]);
  });

  it('reads the store once for all that starts together', async () => {
    const gateway = await openCachedGateway(
      sdls,
      shopWith(() => 1),
    );
    const getMany = vi.spyOn(gateway.backend.store, 'getMany');
    await gateway.ask('{ products { left near { id } } me { seen } }');
    // The root fields, then all entities.
    expect(getMany).toHaveBeenCalledTimes(2);
  });

  it('answers before anything is written, and whether it can be or not', async () => {
    const gateway = await openCachedGateway(
      sdls,
      shopWith(() => 1),
    );
    const setMany = vi.spyOn(gateway.backend.store, 'setMany').mockReturnValue(new Promise(() => {}));
    expect(await gateway.ask(query)).toEqual(left(1));
    await gateway.written();
    expect(setMany).toHaveBeenCalled();
    expect(await gateway.ask(query)).toEqual(left(1));
  });

  it('keeps nothing of what failed, and the rest of it', async () => {
    const errors = [{ message: 'broken', path: ['_entities', 1, 'left'] }];
    const gateway = await openCachedGateway(sdls, ({ subgraph }) =>
      subgraph === 'shop'
        ? { headers: forAMinute, body: { data: { products } } }
        : { headers: forAMinute, body: { data: { _entities: [{ left: 1 }, { left: null }] }, errors } },
    );
    await gateway.ask(query);
    await gateway.written();
    await gateway.ask(query);
    expect(gateway.calls.map(({ representations }) => representations.length)).toEqual([0, 2, 1]);
  });

  it.each<[string, object]>([
    ['no path', {}],
    ['a path elsewhere', { path: ['other'] }],
    ['a path to all entities', { path: ['_entities'] }],
    ['a path to an entity that was not asked for', { path: ['_entities', 2, 'left'] }],
  ])('keeps nothing of an answer with an error with %s', async (_, place) => {
    const errors = [{ message: 'broken', ...place }];
    const gateway = await openCachedGateway(sdls, ({ subgraph }) =>
      subgraph === 'shop'
        ? { headers: forAMinute, body: { data: { products }, errors: [{ message: 'm', path: ['products', 0] }] } }
        : { headers: forAMinute, body: { data: { _entities: [{ left: 1 }, null] }, errors } },
    );
    const { errors: told } = await gateway.ask(query);
    expect(told).toContainEqual(expect.objectContaining({ message: 'broken' }));
    await gateway.written();
    await gateway.ask(query);
    expect(subgraphsOf(gateway)).toEqual(['shop', 'stock', 'shop', 'stock']);
    expect(gateway.calls.map(({ representations }) => representations.length)).toEqual([0, 2, 0, 2]);
  });

  it('keeps each answer for its own time, whatever it is given together with', async () => {
    let headers = { 'cache-control': 'public, max-age=1000' };
    const gateway = await openCachedGateway(sdls, (call) => shopWith(() => 1, headers)(call));
    await gateway.ask('{ product(id: 1) { left } }');
    await gateway.written();
    headers = { 'cache-control': 'public, max-age=10' };
    await gateway.ask(query);
    await gateway.written();
    gateway.pass(20_000);
    await gateway.ask(query);
    expect(gateway.calls.at(-1)?.representations).toEqual([products[1]]);
  });

  it('serves what is aging and fetches it anew, once and with nothing of the client but its scope', async () => {
    let count = 1;
    const headers = { 'cache-control': 'public, max-age=60, stale-while-revalidate=600' };
    const gateway = await openCachedGateway(
      sdls,
      shopWith(() => count, headers),
    );
    await gateway.ask(query);
    await gateway.written();
    gateway.pass(61_000);
    count = 2;
    const context = { headers: { authorization: 'a', traceparent: 't' }, requestId: 'of the client' };
    const left1 = await Promise.all([gateway.ask(query, context), gateway.ask(query)]);
    expect(left1).toEqual([left(1), left(1)]);
    await vi.waitFor(() => expect(subgraphsOf(gateway).slice(2).toSorted()).toEqual(['shop', 'stock']));
    for (const { headers: sent } of gateway.calls.slice(2)) {
      expect(sent['x-request-id']).not.toBe('of the client');
      expect([sent['authorization'], sent['traceparent']]).toEqual(['a', undefined]);
    }
    await vi.waitFor(async () => expect(await gateway.ask(query)).toEqual(left(2)));
    expect(gateway.calls).toHaveLength(4);
  });

  it.each<[string, HttpAnswer]>([
    ['answers 503', { status: 503, body: { error: 'down' } }],
    ['answers 500 with HTML', { status: 500, headers: { 'content-type': 'text/html' }, body: '<html>' }],
    ['hangs', { hang: true }],
  ])('serves what is stale when a subgraph %s', async (_, failure) => {
    const headers = { 'cache-control': 'public, max-age=60, stale-if-error=600' };
    const gateway = await openCachedGateway(
      sdls,
      shopWith(() => 1, headers),
    );
    await gateway.ask(query);
    await gateway.written();
    gateway.pass(61_000);
    gateway.answer = () => failure;
    expect(await gateway.ask(query)).toEqual(left(1));
    // They were tried.
    expect(new Set(subgraphsOf(gateway).slice(2))).toEqual(new Set(['shop', 'stock']));
    gateway.pass(600_000);
    expect((await gateway.ask(query)).data).toEqual({ products: null });
  });

  it.each<[string, HttpAnswer]>([
    ['answers 404', { status: 404, body: { error: 'gone' } }],
    ['answers errors', { body: { errors: [{ message: 'no' }] } }],
    ['answers 503 with errors', { status: 503, body: { errors: [{ message: 'no' }] } }],
    ['answers something else', { body: 'nothing' }],
    ['redirects', { status: 302, headers: { location: '/' } }],
  ])('does not when it %s', async (_, failure) => {
    const headers = { 'cache-control': 'public, max-age=60, stale-if-error=600' };
    const gateway = await openCachedGateway(
      sdls,
      shopWith(() => 1, headers),
    );
    await gateway.ask(query);
    await gateway.written();
    gateway.pass(61_000);
    gateway.answer = () => failure;
    const { data, errors } = await gateway.ask(query);
    expect(data).toEqual({ products: null });
    expect(errors).toHaveLength(1);
  });

  it('asks once for many clients at once, and asks for the others when the one it asks for leaves', async () => {
    const asked = vi.fn<() => void>();
    const { promise: mayAnswer, resolve: letAnswer } = Promise.withResolvers<undefined>();
    const gateway = await openCachedGateway(sdls, async (call) => {
      asked();
      if (asked.mock.calls.length === 1) await mayAnswer;
      return shopWith(() => 1)(call);
    });
    const client = new AbortController();
    const leader = gateway.ask(query, { signal: client.signal });
    await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(1));
    const followers = Promise.all([gateway.ask(query), gateway.ask(query), gateway.ask(query)]);
    client.abort();
    await leader;
    expect(await followers).toEqual([left(1), left(1), left(1)]);
    letAnswer(undefined);
  });

  it('goes by tags in the extensions of responses', async () => {
    const gateway = await openCachedGateway(sdls, (call) => {
      const { body, ...answer } = shopWith(() => 1)(call);
      const extensions =
        call.subgraph === 'shop' ? { apolloCacheTags: ['all'] } : { apolloEntityCacheTags: [['one'], ['two']] };
      return { ...answer, body: { ...Object(body), extensions } };
    });
    const ask = async () => {
      await gateway.ask(query);
      await gateway.written();
      return gateway.calls
        .splice(0)
        .map(({ subgraph, representations }) => [subgraph, ...representations.map(({ id }) => id)]);
    };
    expect(await ask()).toEqual([['shop'], ['stock', '1', '2']]);
    expect(await ask()).toEqual([]);
    await gateway.backend.log.invalidate(['["tag","two"]', '["some-tag"]']);
    expect(await ask()).toEqual([['stock', '2']]);
    await gateway.backend.log.invalidate(['["tag","all"]', '["some-tag"]']);
    expect(await ask()).toEqual([['shop']]);
  });

  describe('invalidates what is declared', () => {
    const invalidate = {
      'Mutation.rename': [{ type: 'Product', key: { id: '$args.id' } }, { tags: ['renamed-{$args.name}'] }],
    };
    const open = async (mutation: () => HttpAnswer) => {
      let count = 1;
      const gateway = await openCachedGateway(
        sdls,
        (call) => (call.query.startsWith('mutation') ? mutation() : shopWith(() => count)(call)),
        { invalidate },
      );
      await gateway.ask(query);
      await gateway.written();
      count = 2;
      return gateway;
    };
    const mutation = 'mutation { a: rename(id: "1", name: "x") { name } }';
    const renamed = { body: { data: { rename: { __typename: 'Product', id: '1', name: 'x' } } } };

    it.each<[string, HttpAnswer, string]>([
      ['when the field was answered', renamed, mutation],
      ['when it was answered with null', { body: { data: { rename: null } } }, mutation],
      [
        'when something below it failed',
        { body: { data: { rename: { name: null } }, errors: [{ message: 'm', path: ['rename', 'name'] }] } },
        mutation,
      ],
      ['when nobody knows whether it has run', { hang: true }, mutation],
      ['when a proxy on the way has given up', { status: 504, body: 'late' }, mutation],
      ['with an argument by variable', renamed, 'mutation ($id: ID = 1) { rename(id: $id, name: "x") { name } }'],
    ])('%s, before the client hears of it', async (_, answer, document) => {
      const gateway = await open(() => answer);
      await gateway.ask(document);
      expect(await gateway.ask(query)).toEqual({ data: { products: [{ left: 12 }, { left: 21 }] } });
    });

    it.each<[string, HttpAnswer, string]>([
      [
        'when the field was refused',
        { body: { data: { rename: null }, errors: [{ message: 'no', path: ['rename'] }] } },
        mutation,
      ],
      ['when it is another field', { body: { data: { rate: null } } }, 'mutation { rate(id: "1") { name } }'],
      ['when an argument is missing', renamed, 'mutation { rename(id: "2") { name } }'],
    ])('not %s', async (_, answer, document) => {
      const gateway = await open(() => answer);
      await gateway.ask(document);
      expect(await gateway.ask('{ product(id: "1") { left } }')).toEqual({ data: { product: { left: 11 } } });
    });
  });
});
