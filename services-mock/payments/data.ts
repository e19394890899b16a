import { generateOrders } from '../orders/data.ts';
import type { Order } from '../orders/data.ts';
import type { Money } from '../support/money.ts';
import { createRandom } from '../support/random.ts';
import type { Random } from '../support/random.ts';

export interface Payment {
  readonly id: string;
  readonly orderId: string;
  readonly customerId: string;
  readonly amount: Money;
  readonly status: 'PENDING' | 'PAID' | 'REFUNDED';
  readonly method: PaymentMethod;
  /** RFC 3339, UTC. */
  readonly paidAt: string | null;
}

/** The schema's union. */
export type PaymentMethod =
  | { readonly __typename: 'Card'; readonly brand: string; readonly last4: string }
  | { readonly __typename: 'Transfer'; readonly bank: string }
  | { readonly __typename: 'GiftCard'; readonly code: string };

/** One payment for each of the first orders, "50001" and up: every customer takes card, transfer, gift card in turn. */
export function generatePayments(): Payment[] {
  const random = createRandom(5);
  const ordersSoFar = new Map<string, number>();
  return generateOrders().map((order, index) => {
    const turn = ordersSoFar.get(order.customerId) ?? 0;
    ordersSoFar.set(order.customerId, turn + 1);
    const method = methodOf(turn, random);
    const status = statusOf(order, method);
    return {
      id: paymentIdOf(index),
      orderId: order.id,
      customerId: order.customerId,
      amount: order.total,
      status,
      method,
      paidAt: status === 'PENDING' ? null : order.placedAt,
    };
  });
}

/** The id of the `index`th payment, counted from 0. */
export function paymentIdOf(index: number): string {
  return String(50_001 + index);
}

function methodOf(turn: number, random: Random): PaymentMethod {
  switch (turn % 3) {
    case 0:
      return { __typename: 'Card', brand: random.pick(brands), last4: String(random.integer(1_000, 9_999)) };
    case 1:
      return { __typename: 'Transfer', bank: random.pick(banks) };
    default:
      return { __typename: 'GiftCard', code: `GIFT-2025-${String(random.integer(1_000, 9_999))}` };
  }
}

function statusOf({ status }: Order, method: PaymentMethod): Payment['status'] {
  if (status === 'CANCELLED') return 'REFUNDED';
  return status === 'PLACED' && method.__typename === 'Transfer' ? 'PENDING' : 'PAID';
}

const brands = ['Visa', 'Mastercard', 'Amex'] as const;
const banks = ['Savings Bank', 'Postal Bank', 'Cooperative Bank'] as const;
