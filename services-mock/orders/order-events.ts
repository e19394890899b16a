import type { Order } from './data.ts';

/** An `OrderEvent` of the schema. */
export interface OrderEvent {
  readonly __typename: 'OrderPlaced' | 'OrderShipped' | 'OrderDelivered' | 'OrderCancelled';
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly message: string;
  readonly carrier?: string;
  readonly trackingCode?: string;
  readonly reason?: string;
}

/** What happened to an order, oldest first: it is shipped after a day and delivered after three. */
export function eventsOf({ id, placedAt, status }: Order): OrderEvent[] {
  const events: OrderEvent[] = [{ __typename: 'OrderPlaced', at: placedAt, message: 'We have your order' }];
  if (status === 'CANCELLED') {
    events.push({
      __typename: 'OrderCancelled',
      at: daysAfter(placedAt, 1),
      message: 'Your order was cancelled, your money is on its way back',
      reason: 'Cancelled by the customer',
    });
  }
  if (status === 'SHIPPED' || status === 'DELIVERED') {
    events.push({
      __typename: 'OrderShipped',
      at: daysAfter(placedAt, 1),
      message: 'Your parcel is on its way',
      carrier: 'Parcel post',
      trackingCode: `PP${id.padStart(9, '0')}`,
    });
  }
  if (status === 'DELIVERED') {
    events.push({ __typename: 'OrderDelivered', at: daysAfter(placedAt, 3), message: 'Your parcel has arrived' });
  }
  return events;
}

function daysAfter(time: string, days: number): string {
  return new Date(Date.parse(time) + days * 86_400_000).toISOString();
}
