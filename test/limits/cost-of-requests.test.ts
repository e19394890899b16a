import { expect, describe, it, onTestFinished } from 'vitest';
import { rule, shield } from '../../src/authorization/shield.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createRequestContext } from '../../src/core/request-context.ts';
import { createAtrium } from '../../src/create-atrium.ts';
import type { AtriumGatewayOptions } from '../../src/gateway-options.ts';
import { createTestGateway } from '../../src/testing.ts';
import { startDemoShop } from '../e2e/demo-shop.ts';

const users = {
  sdl: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@cost", "@listSize"])
    type Query { users(first: Int): [User!] @listSize(slicingArguments: ["first"]) }
    type Mutation { add(first: Int): [User!] @listSize(slicingArguments: ["first"]) }
    type User { id: ID secret: Int @cost(weight: 100) own: Int @cost(weight: 10) }`,
  resolvers: {
    Query: { users: (_: unknown, { first }: { first: number }) => [{ id: '1', own: 1 }, { id: '2' }].slice(0, first) },
    Mutation: { add: () => [] },
  },
};

async function open(options: AtriumGatewayOptions) {
  const gateway = await createTestGateway({ users }, options);
  onTestFinished(() => gateway.stop());
  return gateway;
}

describe('the cost of a request', () => {
  const wantsCost = { headers: { 'x-atrium-cost': '1' } };

  it('refuses what may cost too much before anything is planned or fetched', async () => {
    const gateway = await open({ cost: { maxCost: 5 } });
    const query = 'query ($n: Int) { users(first: $n) { id } }';
    expect((await gateway.ask(query, { n: 4 })).errors).toBeUndefined();
    expect(await gateway.ask(query, { n: 5 })).toEqual({
      errors: [
        {
          message: 'Expected an operation that costs at most 5, got one that may cost 6.',
          extensions: { code: 'MAX_COST_LIMIT', cost: { estimated: 6, max: 5 } },
        },
      ],
    });
    expect((await gateway.ask(query)).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(gateway.calls).toHaveLength(1);
  });

  it('leaves out what rules deny before anything is fetched, and is anew for everybody', async () => {
    const isAdmin = rule('admin', { cache: 'contextual' })((_, __, { role }: { role?: string }) => role === 'admin');
    const isFirst = rule('first', { fragment: 'fragment Own on User { id }' })(({ id }: { id: string }) => id === '1');
    const gateway = await open({
      cost: { showCost: true },
      rules: shield({ User: { secret: isAdmin, own: isFirst } }),
    });
    const query = '{ users(first: 2) { secret own } }';
    const costFor = async (role: string) =>
      (await gateway.ask(query, {}, { ...createRequestContext(wantsCost), role })).extensions?.['cost'];
    const denied = { estimated: 1 + 2 * 10, actual: 1 + 2 * 10, max: null };
    const allowed = { estimated: 1 + 2 * 110, actual: 1 + 2 * 110, max: null };
    expect([await costFor('guest'), await costFor('admin'), await costFor('guest')]).toEqual([denied, allowed, denied]);
  });

  it('is asked for before a mutation runs, so that one whose cost cannot be told does not run', async () => {
    const gateway = await open({ cost: { showCost: true } });
    const { errors } = await gateway.ask('mutation { add { id } }', {}, createRequestContext(wantsCost));
    expect(errors).toMatchObject([{ message: 'Expected exactly one of the arguments first at Mutation.add, got 0.' }]);
    expect(gateway.calls).toEqual([]);
    expect(await gateway.ask('mutation { add { id } }')).toEqual({ data: { add: [] } });
  });
});

describe('the cost of a request over HTTP', () => {
  const origin = 'https://shop.example';
  const query = 'query ($n: Int = 3) { product(id: 1) { reviews(first: $n) { edges { node { id } } } } }';

  async function serve(config: object, query: string) {
    const shop = await startDemoShop({ unsigned: true });
    onTestFinished(() => shop.close());
    const { ATRIUM_JWKS: _, ...addresses } = shop.env;
    const file = new URL('../../schemas/supergraph.graphql', import.meta.url).pathname;
    const server = { port: 0, cors: { origins: [origin] } };
    const atrium = createAtrium(parseConfig({ server, supergraph: { file, watch: false }, ...config }, addresses), {
      logger: silentLogger,
    });
    onTestFinished(() => atrium.stop());
    const address = await atrium.start();
    return (headers: Record<string, string>, variables: object = {}) =>
      fetch(`${address?.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin, ...headers },
        body: JSON.stringify({ query, variables }),
      });
  }
  const shown = async (response: Response) => {
    const { extensions, errors } = (await response.json()) as { extensions?: object; errors?: object[] };
    return { status: response.status, extensions, errors };
  };

  it('is limited in production, and not shown', async () => {
    const ask = await serve({ limits: { maxCost: 8 } }, query);
    expect(await shown(await ask({ 'x-atrium-cost': '1' }, { n: 1 }))).toEqual({ status: 200 });
    expect(await shown(await ask({}))).toMatchObject({
      status: 400,
      errors: [{ extensions: { code: 'MAX_COST_LIMIT' } }],
    });
  });

  it('is shown in development to who asks, also from another origin, and to no cache', async () => {
    const ask = await serve({ mode: 'development', limits: { maxCost: 100 } }, query);
    const response = await ask({ 'x-atrium-cost': '1' });
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(response.headers.get('cache-control')).toBe('private, no-store');
    expect(await shown(response)).toEqual({ status: 200, extensions: { cost: { estimated: 9, actual: 9, max: 100 } } });
    expect(await shown(await ask({}))).toEqual({ status: 200 });
  });
});
