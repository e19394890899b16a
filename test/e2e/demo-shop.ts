import { freePorts, startShop } from '../../services-mock/start-shop.ts';
import type { Shop } from '../../services-mock/start-shop.ts';

export interface DemoShop {
  /** What leads a gateway to this shop instead of the one at the usual ports. */
  readonly env: Record<string, string>;
  /** Origins by service. */
  readonly origins: Readonly<Record<keyof Shop['services'], string>>;
  token(user: 'ann' | 'bob' | 'carol' | 'admin'): Promise<string>;
  /** What `curl -X PUT …/faults` of the README does. */
  putFaults(service: 'users' | 'products' | 'orders' | 'payments', faults: object): Promise<void>;
  close(): Promise<void>;
}

export interface DemoShopOptions {
  readonly unsigned?: boolean;
  /** Where an OTLP collector is. */
  readonly collector?: string | undefined;
}

const secret = 'only-for-the-tests-of-the-demo-shop';

/** The shop of `npm start`, on free ports; `unsigned` is that of `npm run services`, which answers everybody. */
export async function startDemoShop({ unsigned = false, collector }: DemoShopOptions = {}): Promise<DemoShop> {
  const shop = await startShop({ ports: freePorts, signingSecrets: unsigned ? undefined : [secret], collector });
  const { users, products, orders, payments, identity } = shop.services;
  const origins = {
    users: originOf(users),
    products: originOf(products),
    orders: originOf(orders),
    payments: originOf(payments),
    identity: originOf(identity),
  };
  return {
    env: {
      ...(unsigned ? {} : { ATRIUM_SIGNING_SECRET: secret }),
      ATRIUM_SUBGRAPH_USERS_URL: users.url,
      ATRIUM_SUBGRAPH_PRODUCTS_URL: products.url,
      ATRIUM_SUBGRAPH_ORDERS_URL: orders.url,
      ATRIUM_SUBGRAPH_PAYMENTS_URL: payments.url,
      ...(collector !== undefined && { ATRIUM_OTLP_URL: collector }),
      ATRIUM_JWKS: `${origins.identity}/.well-known/jwks.json`,
    },
    origins,
    async token(user) {
      const answer = await send('POST', `${origins.identity}/token`, { user });
      return String(Object(answer).access_token);
    },
    async putFaults(service, faults) {
      await send('PUT', `${origins[service]}/faults`, faults);
    },
    close: () => shop.close(),
  };
}

function originOf({ url }: { readonly url: string }): string {
  return new URL(url).origin;
}

async function send(method: string, url: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response.json();
}
