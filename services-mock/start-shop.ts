import { startIdentity } from './identity/service.ts';
import { startOrders } from './orders/service.ts';
import { startPayments } from './payments/service.ts';
import { startProducts } from './products/service.ts';
import type { Faults } from './support/faults.ts';
import type { RunningService } from './support/listen.ts';
import { startUsers } from './users/service.ts';

export interface ShopOptions {
  /** 127.0.0.1 when absent. */
  readonly host?: string;
  /** The ports of the demo where absent; 0 for any free one. */
  readonly ports?: Partial<ShopPorts>;
  /** The tokens' `iss`. */
  readonly issuer?: string | undefined;
  /** What is wrong with the four subgraphs from the start. */
  readonly faults?: Faults | undefined;
  /** With them the subgraphs answer signed requests only. */
  readonly signingSecrets?: readonly string[] | undefined;
  /** Where the OTLP/HTTP collector is that gets the subgraphs' spans. */
  readonly collector?: string | undefined;
}

export type ShopPorts = Record<keyof Shop['services'], number>;

export interface Shop {
  /** Each can be closed by itself. */
  readonly services: Readonly<Record<'users' | 'products' | 'orders' | 'payments' | 'identity', RunningService>>;
  close(): Promise<void>;
}

export const demoPorts: ShopPorts = { users: 4001, products: 4002, orders: 4003, payments: 4004, identity: 4005 };

/** Any free port for everything, as tests want it. */
export const freePorts: ShopPorts = { users: 0, products: 0, orders: 0, payments: 0, identity: 0 };

/** Starts all five services in this process, or none: the error names the first that could not. */
export async function startShop(options: ShopOptions = {}): Promise<Shop> {
  const { host, ports, issuer, faults, signingSecrets, collector } = options;
  const of = (service: keyof ShopPorts) => ({
    host,
    port: ports?.[service] ?? demoPorts[service],
    faults,
    signingSecrets,
    collector,
  });
  const running: RunningService[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(running.map((service) => service.close()));
  };
  const started = async (starting: Promise<RunningService>): Promise<RunningService> => {
    const service = await starting;
    running.push(service);
    return service;
  };
  try {
    const services = {
      users: await started(startUsers(of('users'))),
      products: await started(startProducts(of('products'))),
      orders: await started(startOrders(of('orders'))),
      payments: await started(startPayments(of('payments'))),
      identity: await started(startIdentity({ ...of('identity'), issuer })),
    };
    return { services, close };
  } catch (error) {
    await close();
    throw error;
  }
}
