import DataLoader from 'dataloader';
import { GraphQLError } from 'graphql';
import type { Product } from '../products/data.ts';
import { customerIdOf } from '../support/caller.ts';
import type { Caller } from '../support/caller.ts';
import { connectionOf } from '../support/connection.ts';
import type { PageArguments } from '../support/connection.ts';
import { badUserInput, notFound } from '../support/errors.ts';
import type { Money } from '../support/money.ts';
import type { Resolvers } from '../support/subgraph-service.ts';
import { orderItemOf, totalOf } from './data.ts';
import type { Order, OrderItem } from './data.ts';
import type { OrderBook } from './order-book.ts';
import { eventsOf } from './order-events.ts';
import { shippingEstimate } from './shipping.ts';
import type { Shippable, ShippingSpeed } from './shipping.ts';

interface OrderLoaders {
  readonly orderById: DataLoader<string, Order | undefined>;
  readonly ordersByCustomer: DataLoader<string, readonly Order[]>;
  readonly goodsBySku: DataLoader<string, Product | undefined>;
}

export type OrdersContext = Caller & OrderLoaders;

export function createOrderLoaders(book: OrderBook): OrderLoaders {
  return {
    orderById: new DataLoader(async (ids) => ids.map((id) => book.order(id))),
    ordersByCustomer: new DataLoader(async (ids) => ids.map((id) => book.ordersOf(id))),
    goodsBySku: new DataLoader(async (skus) => skus.map((sku) => book.goods(sku))),
  };
}

/** `Product` in this subgraph: the rest is there when a gateway has brought it for `shippingEstimate`. */
interface Goods {
  readonly sku: string;
  readonly name?: string;
  readonly price?: Money | null;
  readonly weightGrams?: number | null;
  readonly bulky?: boolean | null;
}

interface PlaceOrderInput {
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
}

export function createOrderResolvers(book: OrderBook, now: () => Date): Resolvers {
  return {
    Query: {
      order: (_: unknown, { id }: { id: string }, { orderById }: OrdersContext) => orderById.load(id),
    },
    Mutation: {
      placeOrder: (_: unknown, { input }: { input: PlaceOrderInput }, context: OrdersContext): Order => {
        const customerId = customerIdOf(context);
        const items = checkedItems(input, book);
        context.ordersByCustomer.clear(customerId);
        const placedAt = now().toISOString();
        return book.addOrder({ customerId, placedAt, status: 'PLACED', items, total: totalOf(items) });
      },
    },
    Order: {
      __resolveReference: ({ id }: { id: string }, { orderById }: OrdersContext) => orderById.load(id),
      customer: ({ customerId }: Order) => ({ id: customerId }),
      events: eventsOf,
    },
    OrderItem: {
      product: async ({ sku }: OrderItem, _: unknown, { goodsBySku }: OrdersContext): Promise<Goods | null> => {
        const goods = await goodsBySku.load(sku);
        return goods === undefined ? null : { sku, name: goods.name };
      },
    },
    User: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      orders: async ({ id }: { id: string }, page: PageArguments, { ordersByCustomer }: OrdersContext) =>
        connectionOf('Order', await ordersByCustomer.load(id), page),
    },
    Product: {
      __resolveReference: async (goods: Goods, { goodsBySku }: OrdersContext): Promise<Goods | null> =>
        (await goodsBySku.load(goods.sku)) === undefined ? null : { ...goods },
      shippingEstimate: (goods: Goods, { speed }: { speed: ShippingSpeed }) =>
        shippingEstimate(requiredFieldsOf(goods), speed),
    },
  };
}

function checkedItems({ items }: PlaceOrderInput, book: OrderBook): OrderItem[] {
  if (items.length < 1 || items.length > 20) {
    throw badUserInput(`"items" must have 1 to 20 entries, but got: ${String(items.length)}`);
  }
  if (new Set(items.map(({ sku }) => sku)).size < items.length) {
    throw badUserInput('"items" must name every "sku" once: use "quantity" for several pieces');
  }
  return items.map(({ sku, quantity }) => {
    if (quantity < 1 || quantity > 99) {
      throw badUserInput(`"quantity" must be from 1 to 99, but got: ${String(quantity)}`);
    }
    const goods = book.goods(sku);
    if (goods === undefined) throw notFound(`There is no product with the sku ${JSON.stringify(sku)}`);
    return orderItemOf(goods, quantity);
  });
}

function requiredFieldsOf({ price, weightGrams, bulky }: Goods): Shippable {
  if (typeof price?.amount !== 'number' || typeof weightGrams !== 'number' || typeof bulky !== 'boolean') {
    throw new GraphQLError('Product.shippingEstimate needs price, weightGrams and bulky in the representation');
  }
  return { price, weightGrams, bulky };
}
