import { demoPorts, freePorts, startShop } from '../../services-mock/start-shop.ts';
import { startGateway, type GatewayProcess, type GatewayProcessOptions } from './gateway-process.ts';

export interface Demo {
  readonly gateway: GatewayProcess;
  /** What leads a gateway to this shop instead of the one at the usual ports. */
  readonly env: Record<string, string>;
  /** Origins by service. */
  readonly origins: Readonly<Record<keyof typeof demoPorts, string>>;
  token(user: 'ann' | 'bob' | 'carol' | 'admin'): Promise<string>;
  /** What `curl -X PUT …/faults` of the README does. */
  putFaults(service: 'users' | 'products' | 'orders' | 'payments', faults: object): Promise<void>;
  stop(): Promise<void>;
}

/** The shop on free ports, and the gateway of `gateway.config.ts` in a process of its own before it. */
export async function startDemo(options: GatewayProcessOptions = {}): Promise<Demo> {
  const shop = await startShop({ ports: freePorts });
  const { users, products, orders, payments, identity } = shop.services;
  const env = {
    ATRIUM_SUBGRAPH_USERS_URL: users.url,
    ATRIUM_SUBGRAPH_PRODUCTS_URL: products.url,
    ATRIUM_SUBGRAPH_ORDERS_URL: orders.url,
    ATRIUM_SUBGRAPH_PAYMENTS_URL: payments.url,
    ATRIUM_JWKS: new URL('/.well-known/jwks.json', identity.url).href,
  };
  const gateway = await startGateway({ ...options, env: { ...env, ...options.env } }).catch(async (error: unknown) => {
    await shop.close();
    throw error;
  });
  const send = async (url: URL, method: string, body: object): Promise<unknown> => {
    const response = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${url.href}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const originOf = ({ url }: { url: string }) => new URL(url).origin;
  return {
    gateway,
    env,
    origins: {
      users: originOf(users),
      products: originOf(products),
      orders: originOf(orders),
      payments: originOf(payments),
      identity: originOf(identity),
    },
    async token(user) {
      const answer: unknown = await send(new URL('/token', identity.url), 'POST', { user });
      return String(Object(answer).access_token);
    },
    async putFaults(service, faults) {
      await send(new URL('/faults', shop.services[service].url), 'PUT', faults);
    },
    async stop() {
      await gateway.stop();
      await shop.close();
    },
  };
}
