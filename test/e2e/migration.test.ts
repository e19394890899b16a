import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IntrospectAndCompose, RemoteGraphQLDataSource } from '@apollo/gateway';
import type { GatewayConfig } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { rule, shield } from '../../src/authorization/shield.ts';
import { AtriumGateway } from '../../src/gateway.ts';
import type { AtriumGatewayOptions } from '../../src/gateway-options.ts';
import { root } from '../cli/run.ts';
import { composeDemo } from './compose-demo.ts';
import { startDemoShop } from './demo-shop.ts';
import type { DemoShop } from './demo-shop.ts';
import { askAt } from './gateway-process.ts';
import type { Answer, Ask } from './gateway-process.ts';

let shop: DemoShop;
let supergraphSdl: string;
beforeAll(async () => {
  shop = await startDemoShop({ unsigned: true });
  supergraphSdl = await composeDemo({ origins: shop.origins });
});
afterAll(async () => {
  await shop?.close();
});

const names = ['users', 'products', 'orders', 'payments'] as const;
const subgraphs = () => names.map((name) => ({ name, url: `${shop.origins[name]}/graphql` }));
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** What `docs/migrate.md` promises to who had `ApolloGateway` in an Apollo Server of their own. */
describe('in place of ApolloGateway', () => {
  const twoServices = '{ users(first: 1) { edges { node { name } } } product(id: 1) { name } }';
  const product = '{ product(id: 1) { name } }';

  it.each<[string, () => GatewayConfig]>([
    ['a text', () => ({ supergraphSdl })],
    ['a function', () => ({ supergraphSdl: async () => ({ supergraphSdl }) })],
    ['IntrospectAndCompose', () => ({ supergraphSdl: new IntrospectAndCompose({ subgraphs: subgraphs() }) })],
    ['serviceList', () => ({ serviceList: subgraphs(), logger: silent })],
    ['localServiceList', () => ({ localServiceList: subgraphs().map(withTypes), logger: silent })],
  ])('loads the supergraph from %s', async (_, options) => {
    const ask = await serve(options());

    expect((await ask({ query: twoServices })).body).toMatchObject({
      data: { users: { edges: [{}] }, product: { name: 'Enamel kettle, white' } },
    });
  });

  it('asks data sources with their hooks, and tells of supergraphs, but not of plans', async () => {
    const called: string[] = [];
    const ask = await serve({
      supergraphSdl,
      buildService: ({ name, url = '' }) =>
        new (class extends RemoteGraphQLDataSource {
          override willSendRequest: NonNullable<RemoteGraphQLDataSource['willSendRequest']> = ({ context }) =>
            void called.push(`${name}: ${JSON.stringify(context)}`);
          override didReceiveResponse: NonNullable<RemoteGraphQLDataSource['didReceiveResponse']> = ({ response }) => {
            called.push(`${name}: ${String(response.http?.status)}`);
            return response;
          };
        })({ url }),
      experimental_didUpdateSupergraph: () => void called.push('a supergraph'),
      experimental_didResolveQueryPlan: () => void called.push('a plan'),
    });
    await ask({ query: product });

    expect(called).toEqual(['a supergraph', 'products: {"user":null}', 'products: 200']);
  });

  it('sends the authorization header along, without a data source', async () => {
    const ask = await serve({ supergraphSdl });

    expect((await ask({ query: '{ me { name } }', token: await shop.token('ann') })).body).toEqual({
      data: { me: { name: 'Ann Archer' } },
    });
    expect((await ask({ query: '{ me { name } }' })).body).toMatchObject({ data: { me: null } });
  });

  it('gives rules the context of the server', async () => {
    const isRoot = rule('root', { cache: 'contextual' })((_parent, _args, { user }) => user === 'root' || 'Not you');
    const ask = await serve({ supergraphSdl, rules: shield({ Query: { product: isRoot } }) });

    expect((await ask({ query: product, headers: { user: 'root' } })).body.errors).toBeUndefined();
    expect((await ask({ query: product })).body).toMatchObject({
      data: { product: null },
      errors: [{ message: 'Not you', path: ['product'], extensions: { code: 'FORBIDDEN' } }],
    });
  });

  it('answers what there is when a subgraph is away, without its address', async () => {
    const ask = await serve({ supergraphSdl: supergraphSdl.replace(shop.origins.users, 'http://127.0.0.1:1') });

    expect((await ask({ query: twoServices })).body).toEqual({
      data: { users: null, product: { name: 'Enamel kettle, white' } },
      errors: [
        { message: 'A subgraph cannot be reached.', path: ['users'], extensions: { code: 'SUBGRAPH_UNREACHABLE' } },
      ],
    });
  });

  it('leaves cache-control to data sources', async () => {
    const header = async (options: GatewayConfig) => (await (await serve(options))({ query: product })).headers.get('cache-control'); // prettier-ignore

    expect(await header({ supergraphSdl })).toBe('no-store');
    const buildService: GatewayConfig['buildService'] = ({ url = '' }) => new RemoteGraphQLDataSource({ url });
    expect(await header({ supergraphSdl, buildService })).toBe('max-age=60, public');
  });
});

function withTypes({ name, url }: { readonly name: string; readonly url: string }) {
  return { name, url, typeDefs: parse(readFileSync(join(root, `schemas/${name}.graphql`), 'utf8')) };
}

async function serve(options: GatewayConfig & AtriumGatewayOptions): Promise<(ask: Ask) => Promise<Answer>> {
  const server = new ApolloServer<{ user: string | null }>({
    gateway: new AtriumGateway(options),
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
  });
  onTestFinished(() => server.stop());
  const { url } = await startStandaloneServer(server, {
    listen: { host: '127.0.0.1', port: 0 },
    context: async ({ req }) => ({ user: req.headers['user']?.toString() ?? null }),
  });
  return (ask) => askAt(url, ask);
}
