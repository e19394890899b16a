import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import type { Logger } from '../../src/core/logger.ts';
import { createRequestRecord } from '../../src/core/request-context.ts';
import type { RequestContext } from '../../src/core/request-context.ts';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

const old: TestSubgraph = {
  sdl: `type Query { product: Product } type Product @key(fields: "id") { id: ID! price: Int name: String }`,
  resolvers: {
    Query: { product: () => ({ id: '1' }) },
    Product: { price: () => 1, name: ({ id }: { id: string }) => `old ${id}` },
  },
};

function pricing(override: string): TestSubgraph {
  return {
    sdl: `type Product @key(fields: "id") { id: ID! price: Int ${override} }`,
    resolvers: { Product: { price: () => 2 } },
  };
}

describe('@override', () => {
  it('takes a field from the subgraph that had it', async () => {
    const shop = await openFeature({ old, pricing: pricing('@override(from: "old")') });
    const { plan, answer, calls } = await shop.ask('{ product { name price } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. old: {product{__typename id name}}
      2. pricing, after 1: product {...on Product{price}}"
    `);
    expect(answer).toEqual({ data: { product: { name: 'old 1', price: 2 } } });
    expect(calls).toEqual(['old', 'pricing']);
  });

  it('of a field that others require hands the new value over', async () => {
    const shop = await openFeature({
      old,
      pricing: pricing('@override(from: "old")'),
      taxes: {
        sdl: `type Product @key(fields: "id") { id: ID! price: Int @external tax: Int @requires(fields: "price") }`,
        resolvers: { Product: { tax: ({ price }: { price: number }) => price * 10 } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ product { tax } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. old: {product{__typename id}}
      2. pricing, after 1: product {...on Product{price}}
      3. taxes, after 1 and 2: product {...on Product{tax}}"
    `);
    expect(answer).toEqual({ data: { product: { tax: 20 } } });
    expect(calls).toEqual(['old', 'pricing', 'taxes']);
  });

  it('of a root field moves the call', async () => {
    const shop = await openFeature({
      old,
      fresh: {
        sdl: `type Query { product: Product @override(from: "old") } type Product @key(fields: "id") { id: ID! }`,
        resolvers: { Query: { product: () => ({ id: '9' }) } },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ product { id name } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. fresh: {product{__typename id}}
      2. old, after 1: product {...on Product{name}}"
    `);
    expect(answer).toEqual({ data: { product: { id: '9', name: 'old 9' } } });
    expect(calls).toEqual(['fresh', 'old']);
  });
});

describe('@override with a label', () => {
  const labelled = (label: string): Readonly<Record<string, TestSubgraph>> => ({
    old,
    pricing: pricing(`@override(from: "old", label: "${label}")`),
  });

  it('leaves the field where it was while the label is inactive', async () => {
    const shop = await openFeature(labelled('percent(50)'), { random: () => 0.5 });
    const { plan, answer, calls } = await shop.ask('{ product { price } }');
    expect(plan).toMatchInlineSnapshot(`"1. old: {product{price}}"`);
    expect(answer).toEqual({ data: { product: { price: 1 } } });
    expect(calls).toEqual(['old']);
  });

  it('moves the field while the label is active', async () => {
    const shop = await openFeature(labelled('percent(50)'), {
      random: () => 0.499,
      activeLabels: ['percent(50)'],
    });
    const { plan, answer, calls } = await shop.ask('{ product { price } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. old: {product{__typename id}}
      2. pricing, after 1: product {...on Product{price}}"
    `);
    expect(answer).toEqual({ data: { product: { price: 2 } } });
    expect(calls).toEqual(['old', 'pricing']);
  });

  it.each([
    ['percent(0)', 0, 1],
    ['percent(100)', 0.999_999, 2],
    ['percent(12.5)', 0.124, 2],
    ['percent(12.5)', 0.125, 1],
  ])('%s with the lot %d', async (label, lot, price) => {
    const shop = await openFeature(labelled(label), { random: () => lot });
    expect((await shop.ask('{ product { price } }')).answer).toEqual({ data: { product: { price } } });
  });

  it('draws one lot for each percentage and request, whatever moves with it', async () => {
    const lots = [0.3, 0.7, 0.1];
    const shop = await openFeature(
      {
        old,
        pricing: {
          sdl: `type Product @key(fields: "id") { id: ID!
            price: Int @override(from: "old", label: "percent(50)") name: String @override(from: "old", label: "percent(50)") }`,
          resolvers: { Product: { price: () => 2, name: () => 'new' } },
        },
      },
      { random: () => lots.shift() ?? Number.NaN },
    );
    const ask = async (): Promise<unknown> => (await shop.ask('{ product { price name } }')).answer.data;
    expect([await ask(), await ask(), await ask()]).toEqual([
      { product: { price: 2, name: 'new' } },
      { product: { price: 1, name: 'old 1' } },
      { product: { price: 2, name: 'new' } },
    ]);
    expect(lots).toEqual([]);
  });

  it('asks the function about a custom label, once for each request', async () => {
    const asked: [string, string | undefined][] = [];
    const shop = await openFeature(labelled('beta'), {
      overrideLabels: async (label, { headers }) => {
        const value = headers['x-user'];
        asked.push([label, value]);
        return Promise.resolve(value === 'tester');
      },
    });
    const ask = async (user: string): Promise<unknown> =>
      (await shop.ask('{ product { price } again: product { price } }', {}, contextOf(user))).answer.data;
    expect(await ask('tester')).toEqual({ product: { price: 2 }, again: { price: 2 } });
    expect(await ask('customer')).toEqual({ product: { price: 1 }, again: { price: 1 } });
    expect(asked).toEqual([
      ['beta', 'tester'],
      ['beta', 'customer'],
    ]);
  });

  it('is inactive when the function throws, and the log says why', async () => {
    const lines: unknown[] = [];
    const log: Logger = { ...silentLogger, error: (fields, message) => void lines.push([fields, message]) };
    const shop = await openFeature(labelled('beta'), {
      overrideLabels: () => {
        throw new Error('flags are down');
      },
      log,
    });
    expect((await shop.ask('{ product { price } }')).answer).toEqual({ data: { product: { price: 1 } } });
    expect(lines).toEqual([
      [
        { err: new Error('flags are down'), label: 'beta' },
        'an override label could not be decided, so it is inactive',
      ],
    ]);
  });

  it('is inactive without a function', async () => {
    const shop = await openFeature(labelled('beta'));
    expect((await shop.ask('{ product { price } }')).answer).toEqual({ data: { product: { price: 1 } } });
  });
});

function contextOf(user: string): RequestContext {
  return {
    requestId: '1',
    headers: { 'x-user': user },
    principal: null,
    clientAddress: '',
    signal: new AbortController().signal,
    deadline: performance.now() + 10_000,
    responseHeaders: new Map(),
    record: createRequestRecord(),
  };
}
