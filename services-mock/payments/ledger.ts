import { generatePayments, paymentIdOf } from './data.ts';
import type { Payment } from './data.ts';

/** The table of the service with its indexes. */
export interface Ledger {
  payment(id: string): Payment | undefined;
  paymentOf(orderId: string): Payment | undefined;
  /** Adds the payment of an order, or replaces it under its old id. */
  record(payment: Omit<Payment, 'id'>): Payment;
}

export function createLedger(): Ledger {
  const payments = new Map<string, Payment>();
  const idOfOrder = new Map<string, string>();
  for (const payment of generatePayments()) insert(payment);

  function insert(payment: Payment): void {
    payments.set(payment.id, payment);
    idOfOrder.set(payment.orderId, payment.id);
  }

  return {
    payment: (id) => payments.get(id),
    paymentOf: (orderId) => payments.get(idOfOrder.get(orderId) ?? ''),
    record: (payment) => {
      const recorded = { ...payment, id: idOfOrder.get(payment.orderId) ?? paymentIdOf(payments.size) };
      insert(recorded);
      return recorded;
    },
  };
}
