import catalogue from './catalogue.graphql';
import oneOrder from './one-order.graphql';
import orderHistory from './order-history.graphql';
import placeOrder from './place-order.graphql';

/** The tabs of a first visit to the demo, in their order. */
export const demoQueries: readonly string[] = [orderHistory, catalogue, oneOrder, placeOrder];
