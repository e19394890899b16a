import { expect, it, vi } from 'vitest';
import { createRequestRecord } from '../../src/core/request-context.ts';
import { openCachedGateway } from './cached-gateway.ts';

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';
const sdls = {
  shop: `${link} type Query { one: [Product] both: [Product] other: [Product] } type Product @key(fields: "id") { id: ID! }`,
  stock: `${link} type Product @key(fields: "id") { id: ID! left: Int }`,
};

it('what turned out not to be kept is let go at once, by who waits for others still', async () => {
  const gates = { slow: Promise.withResolvers<void>(), quick: Promise.withResolvers<void>() };
  const gateway = await openCachedGateway(
    sdls,
    async ({ subgraph, representations, query }) => {
      const headers = { 'cache-control': 'no-store' };
      if (subgraph === 'shop') {
        const [name = ''] = /one|both|other/.exec(query) ?? [];
        const ids = name === 'both' ? ['quick', 'slow'] : [name === 'one' ? 'slow' : 'quick'];
        return { headers, body: { data: { [name]: ids.map((id) => ({ __typename: 'Product', id })) } } };
      }
      await gates[representations[0]?.['id'] === 'slow' ? 'slow' : 'quick'].promise;
      return { headers, body: { data: { _entities: representations.map(() => ({ left: 1 })) } } };
    },
    { timeoutMs: 2_500 },
  );
  const asked = (id: string) =>
    gateway.calls.filter(({ representations }) => representations.some((one) => one['id'] === id)).length;
  const ends: string[] = [];
  const ask = async (name: string, record = createRequestRecord()) => {
    const answer = await gateway.ask(`{ ${name} { left } }`, { record });
    ends.push(name);
    return answer;
  };

  const one = ask('one');
  await vi.waitUntil(() => asked('slow') === 1);
  const both = ask('both');
  await vi.waitUntil(() => asked('quick') === 1);
  const record = createRequestRecord();
  const other = ask('other', record);
  // Its root field and its entity; it waits for `both` from the next turn on.
  await vi.waitUntil(() => record.cacheMisses === 2);
  await new Promise((resolve) => setImmediate(resolve));
  gates.quick.resolve();
  expect(await other).toEqual({ data: { other: [{ left: 1 }] } });
  expect(ends).toEqual(['other']);
  expect(asked('quick')).toBe(2);
  gates.slow.resolve();
  expect(await both).toEqual({ data: { both: [{ left: 1 }, { left: 1 }] } });
  expect(await one).toEqual({ data: { one: [{ left: 1 }] } });
});
