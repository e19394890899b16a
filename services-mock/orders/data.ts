import { generateProducts } from '../products/data.ts';
import type { Product } from '../products/data.ts';
import { euros } from '../support/money.ts';
import type { Money } from '../support/money.ts';
import { createRandom } from '../support/random.ts';
import { userCount } from '../users/data.ts';

export interface Order {
  readonly id: string;
  readonly customerId: string;
  /** RFC 3339, UTC. */
  readonly placedAt: string;
  readonly status: 'PLACED' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED';
  readonly items: readonly OrderItem[];
  readonly total: Money;
}

export interface OrderItem {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPrice: Money;
}

export const orderCount = 5_000;

/** The orders "10001" to "15000", oldest first. */
export function generateOrders(): Order[] {
  const random = createRandom(4);
  const products = generateProducts();
  return Array.from({ length: orderCount }, (_, index) => {
    const goods = new Map<string, OrderItem>();
    const kinds = random.integer(1, 4);
    while (goods.size < kinds) {
      const product = products[random.integer(0, products.length - 1)];
      if (product !== undefined) goods.set(product.sku, orderItemOf(product, random.integer(1, 3)));
    }
    const items = [...goods.values()];
    return {
      id: orderIdOf(index),
      customerId: customersOfOrders.get(index) ?? String(random.integer(5, userCount)),
      placedAt: new Date(firstOrder + index * hundredMinutes).toISOString(),
      status: index >= 4_940 ? 'PLACED' : index >= 4_800 ? 'SHIPPED' : index % 29 === 0 ? 'CANCELLED' : 'DELIVERED',
      items,
      total: totalOf(items),
    };
  });
}

/** The id of the order that was the `index`th to be placed, counted from 0. */
export function orderIdOf(index: number): string {
  return String(10_001 + index);
}

export function orderItemOf({ sku, price }: Product, quantity: number): OrderItem {
  return { sku, quantity, unitPrice: price };
}

export function totalOf(items: readonly OrderItem[]): Money {
  return euros(items.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice.amount, 0));
}

const firstOrder = Date.parse('2025-01-01T07:40:00Z');
const hundredMinutes = 6_000_000;

/** The demo users' orders by their index; all others belong to somebody from the crowd. */
const customersOfOrders = new Map(
  Object.entries({
    '1': [4_990, 4_870, 4_110, 3_305, 2_604, 1_907, 1_113, 302],
    '2': [4_951, 2_508, 811],
    '3': [4_901, 3_602, 1_511, 420],
    '4': [4_001],
  }).flatMap(([customerId, indexes]) => indexes.map((index) => [index, customerId] as const)),
);
