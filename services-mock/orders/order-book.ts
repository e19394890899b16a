import { generateProducts } from '../products/data.ts';
import type { Product } from '../products/data.ts';
import { generateOrders, orderIdOf } from './data.ts';
import type { Order } from './data.ts';

/** The tables of the service with their indexes. */
export interface OrderBook {
  order(id: string): Order | undefined;
  /** Newest first. */
  ordersOf(customerId: string): readonly Order[];
  addOrder(order: Omit<Order, 'id'>): Order;
  /** From the price list the service started with: price changes do not reach it. */
  goods(sku: string): Product | undefined;
}

export function createOrderBook(): OrderBook {
  const orders = new Map<string, Order>();
  const ordersByCustomer = new Map<string, Order[]>();
  const priceList = new Map(generateProducts().map((product) => [product.sku, product]));
  for (const order of generateOrders()) insert(order);

  function insert(order: Order): void {
    orders.set(order.id, order);
    ordersByCustomer.set(order.customerId, [order, ...(ordersByCustomer.get(order.customerId) ?? [])]);
  }

  return {
    order: (id) => orders.get(id),
    ordersOf: (customerId) => ordersByCustomer.get(customerId) ?? [],
    addOrder: (order) => {
      const added = { ...order, id: orderIdOf(orders.size) };
      insert(added);
      return added;
    },
    goods: (sku) => priceList.get(sku),
  };
}
