import DataLoader from 'dataloader';
import { customerIdOf } from '../support/caller.ts';
import type { Caller } from '../support/caller.ts';
import { badUserInput, notFound } from '../support/errors.ts';
import { euros } from '../support/money.ts';
import type { Resolvers } from '../support/subgraph-service.ts';
import type { Payment } from './data.ts';
import type { Ledger } from './ledger.ts';
import { parsePaymentMethod } from './payment-method.ts';
import type { PaymentMethodInput } from './payment-method.ts';

interface PaymentLoaders {
  readonly paymentById: DataLoader<string, Payment | undefined>;
  readonly paymentByOrder: DataLoader<string, Payment | undefined>;
}

export type PaymentsContext = Caller & PaymentLoaders;

export function createPaymentLoaders(ledger: Ledger): PaymentLoaders {
  return {
    paymentById: new DataLoader(async (ids) => ids.map((id) => ledger.payment(id))),
    paymentByOrder: new DataLoader(async (ids) => ids.map((id) => ledger.paymentOf(id))),
  };
}

interface PayInput {
  readonly orderId: string;
  readonly amount: number;
  readonly method: PaymentMethodInput;
}

export function createPaymentResolvers(ledger: Ledger, now: () => Date): Resolvers {
  return {
    Query: {
      payment: (_: unknown, { id }: { id: string }, { paymentById }: PaymentsContext) => paymentById.load(id),
    },
    Mutation: {
      pay: (_: unknown, { input }: { input: PayInput }, context: PaymentsContext): Payment => {
        const customerId = customerIdOf(context);
        const method = parsePaymentMethod(input.method);
        checkPayable(input, customerId, ledger.paymentOf(input.orderId));
        const waits = method.__typename === 'Transfer';
        const payment = ledger.record({
          orderId: input.orderId,
          customerId,
          amount: euros(input.amount),
          status: waits ? 'PENDING' : 'PAID',
          method,
          paidAt: waits ? null : now().toISOString(),
        });
        context.paymentById.clear(payment.id);
        context.paymentByOrder.clear(payment.orderId);
        return payment;
      },
    },
    Payment: {
      __resolveReference: ({ id, order }: { id?: string; order?: { id: string } }, loaders: PaymentsContext) => {
        if (id !== undefined) return loaders.paymentById.load(id);
        if (order !== undefined) return loaders.paymentByOrder.load(order.id);
        throw badUserInput('A representation of Payment must have "id" or "order { id }"');
      },
      order: ({ orderId }: Payment) => ({ id: orderId }),
    },
    Order: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      payment: ({ id }: { id: string }, _: unknown, { paymentByOrder }: PaymentsContext) => paymentByOrder.load(id),
    },
  };
}

/** An order placed since the start is unknown here: the service believes the customer that it exists and is theirs. */
function checkPayable({ orderId, amount }: PayInput, customerId: string, earlier: Payment | undefined): void {
  if (!/^[1-9]\d{0,9}$/.test(orderId) || (earlier !== undefined && earlier.customerId !== customerId)) {
    throw notFound(`The signed-in customer has no order with the id ${JSON.stringify(orderId)}`);
  }
  if (earlier !== undefined && earlier.status !== 'PENDING') {
    throw badUserInput(`The order must be unpaid, but its payment is ${earlier.status}`);
  }
  const expected = earlier?.amount.amount;
  if (amount < 1 || (expected !== undefined && amount !== expected)) {
    throw badUserInput(
      `"amount" must be ${expected === undefined ? 'at least 1' : String(expected)}, but got: ${String(amount)}`,
    );
  }
}
