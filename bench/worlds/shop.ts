import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createOrdersService } from '../../services-mock/orders/service.ts';
import { createPaymentsService } from '../../services-mock/payments/service.ts';
import { createProductsService } from '../../services-mock/products/service.ts';
import type { SubgraphService } from '../../services-mock/support/subgraph-service.ts';
import { createUsersService } from '../../services-mock/users/service.ts';
import { executeSchema } from './execute-schema.ts';
import type { BenchSubgraph, World } from './world.ts';

/** The demo's shop, its schemas and its data. Whatever token a request has, ann asks. */
export function createShop(): World {
  const now = () => new Date('2026-01-01T00:00:00.000Z');
  return {
    subgraphs: [
      subgraphOf(createUsersService()),
      subgraphOf(createProductsService()),
      subgraphOf(createOrdersService(now)),
      subgraphOf(createPaymentsService(now)),
    ],
  };
}

function subgraphOf<Context extends object>(service: SubgraphService<Context>): BenchSubgraph {
  const { name, schema } = service;
  return {
    name,
    sdl: readFileSync(new URL(`../../schemas/${name}.graphql`, import.meta.url), 'utf8'),
    execute: executeSchema(schema, () => service.createContext(asAnn)),
  };
}

const asAnn: IncomingHttpHeaders = { authorization: `Bearer ${unsignedToken({ sub: '1', roles: ['admin'] })}` };

/** The mock services read tokens without verifying them. */
function unsignedToken(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}
