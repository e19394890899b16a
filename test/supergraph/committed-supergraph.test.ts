import { readFile } from 'node:fs/promises';
import { parse } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { composeSupergraph } from '../../src/supergraph/compose-sources.ts';
import { buildSupergraph, planOperation } from '../../src/supergraph/supergraph.ts';

const schemas = new URL('../../schemas/', import.meta.url);
const pathOf = (name: string) => new URL(`${name}.graphql`, schemas).pathname;

let committed: string;
beforeAll(async () => {
  committed = await readFile(pathOf('supergraph'), 'utf8');
});

describe('schemas/supergraph.graphql', () => {
  it('is what the subgraphs compose to', async () => {
    const file = new URL('../../gateway.config.ts', import.meta.url).pathname;
    const { config } = await loadConfig({ file, env: {} });
    if (!('services' in config.supergraph)) throw new Error('the demo introspects its services');
    const services = Object.entries(config.supergraph.services);
    const composed = await composeSupergraph({
      subgraphs: Object.fromEntries(services.map(([name, { url }]) => [name, { file: pathOf(name), url }])),
    });
    if (!composed.ok) throw new Error(composed.error);
    expect(
      composed.supergraphSdl === committed,
      'schemas/supergraph.graphql is stale; write it again with: npm run atrium -- compose',
    ).toBe(true);
  });

  it('plans order history over all four services', () => {
    const orderHistory = parse(`query OrderHistory {
      me {
        name
        orders(first: 3) {
          edges {
            node {
              total { amount currency }
              items { quantity product { name price { amount currency } shippingEstimate { amount currency } } }
              payment { status method { __typename ... on Card { brand last4 } } }
            }
          }
        }
      }
    }`);
    const plan = JSON.stringify(planOperation(buildSupergraph(committed), orderHistory, 'OrderHistory'));
    const asked = new Set([...plan.matchAll(/"serviceName":"(\w+)"/g)].map(([, name]) => name));
    expect(asked).toEqual(new Set(['users', 'orders', 'products', 'payments']));
  });
});
