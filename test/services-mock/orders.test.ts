import { describe, expect, it } from 'vitest';
import { createOrdersService } from '../../services-mock/orders/service.ts';
import { ask, codesOf, entities } from './support/ask.ts';

const now = () => new Date('2026-01-02T03:04:05Z');
const price = { amount: 4_000, currency: 'EUR' };

describe('the orders subgraph', () => {
  it('lists the orders of a customer, newest first', async () => {
    const result = await entities(
      createOrdersService(),
      '... on User { orders(first: 3) { totalCount edges { node { id status placedAt } } pageInfo { hasNextPage } } }',
      [{ __typename: 'User', id: '1' }],
    );
    expect(result).toEqual({
      data: {
        _entities: [
          {
            orders: {
              totalCount: 8,
              edges: [
                { node: { id: '14991', status: 'PLACED', placedAt: '2025-12-13T20:20:00.000Z' } },
                { node: { id: '14871', status: 'SHIPPED', placedAt: '2025-12-05T12:20:00.000Z' } },
                { node: { id: '14111', status: 'DELIVERED', placedAt: '2025-10-13T17:40:00.000Z' } },
              ],
              pageInfo: { hasNextPage: true },
            },
          },
        ],
      },
    });
  });

  it('tells what happened to an order through the interface', async () => {
    const history = async (id: string) =>
      (
        await ask(
          createOrdersService(),
          `{ order(id: "${id}") { events { __typename at ... on OrderShipped { trackingCode } } } }`,
        )
      ).data;
    expect(await history('14111')).toEqual({
      order: {
        events: [
          { __typename: 'OrderPlaced', at: '2025-10-13T17:40:00.000Z' },
          { __typename: 'OrderShipped', at: '2025-10-14T17:40:00.000Z', trackingCode: 'PP000014111' },
          { __typename: 'OrderDelivered', at: '2025-10-16T17:40:00.000Z' },
        ],
      },
    });
    expect(await history('10030')).toMatchObject({
      order: { events: [{ __typename: 'OrderPlaced' }, { __typename: 'OrderCancelled' }] },
    });
    expect(await history('1')).toEqual({ order: null });
  });

  it('provides the name of the goods with an order, which is all it needs the catalogue for', async () => {
    const result = await entities(
      createOrdersService(),
      '... on Order { customer { id } total { amount } items { quantity unitPrice { amount } product { sku name } } }',
      [{ __typename: 'Order', id: '14871' }],
    );
    expect(result).toEqual({
      data: {
        _entities: [
          {
            customer: { id: '1' },
            total: { amount: 3_299 + 2 * 5_399 + 3 * 3_299 },
            items: [
              {
                quantity: 1,
                unitPrice: { amount: 3_299 },
                product: { sku: 'OFF-0186', name: 'Cork desk pad, sky blue' },
              },
              {
                quantity: 2,
                unitPrice: { amount: 5_399 },
                product: { sku: 'OFF-0034', name: 'Cork monitor stand, white' },
              },
              {
                quantity: 3,
                unitPrice: { amount: 3_299 },
                product: { sku: 'KIT-0176', name: 'Ceramic teapot, sky blue' },
              },
            ],
          },
        ],
      },
    });
  });

  it.each([
    [{ price, weightGrams: 300, bulky: false }, 'STANDARD', 440],
    [{ price, weightGrams: 1_001, bulky: false }, 'STANDARD', 490],
    [{ price, weightGrams: 300, bulky: false }, 'EXPRESS', 990],
    [{ price: { amount: 10_000, currency: 'EUR' }, weightGrams: 300, bulky: false }, 'STANDARD', 0],
    [{ price: { amount: 10_000, currency: 'EUR' }, weightGrams: 20_000, bulky: true }, 'EXPRESS', 5_000],
  ])('estimates shipping of %j by %s as %i cents', async (required, speed, amount) => {
    const result = await entities(
      createOrdersService(),
      `... on Product { shippingEstimate(speed: ${speed}) { amount } }`,
      [{ __typename: 'Product', sku: 'KIT-0001', ...required }],
    );
    expect(result).toEqual({ data: { _entities: [{ shippingEstimate: { amount } }] } });
  });

  it('says so when a gateway did not bring what @requires asks for, and knows no other goods', async () => {
    const ask = (representation: object) =>
      entities(createOrdersService(), '... on Product { shippingEstimate { amount } }', [
        { __typename: 'Product', ...representation },
      ]);
    const { data, errors } = await ask({ sku: 'KIT-0001', price });
    expect(data).toEqual({ _entities: [{ shippingEstimate: null }] });
    expect(errors?.[0]?.message).toContain('needs price, weightGrams and bulky');
    expect(await ask({ sku: 'none', price, weightGrams: 1, bulky: false })).toEqual({ data: { _entities: [null] } });
  });

  it('places an order that then comes first', async () => {
    const service = createOrdersService(now);
    const place = `mutation {
      placeOrder(input: { items: [{ sku: "KIT-0001", quantity: 2 }, { sku: "GAR-0010" }] }) {
        id placedAt status customer { id } total { amount } items { quantity unitPrice { amount } }
      }
    }`;
    const { data, errors } = await ask(service, place, { as: '2' });
    expect(errors).toBeUndefined();
    const [kettle, bench] = [3_999, 32_199];
    expect(data).toEqual({
      placeOrder: {
        id: '15001',
        placedAt: '2026-01-02T03:04:05.000Z',
        status: 'PLACED',
        customer: { id: '2' },
        total: { amount: 2 * kettle + bench },
        items: [
          { quantity: 2, unitPrice: { amount: kettle } },
          { quantity: 1, unitPrice: { amount: bench } },
        ],
      },
    });
    expect(
      (
        await entities(service, '... on User { orders(first: 1) { totalCount edges { node { id } } } }', [
          { __typename: 'User', id: '2' },
        ])
      ).data,
    ).toEqual({ _entities: [{ orders: { totalCount: 4, edges: [{ node: { id: '15001' } }] } }] });
  });

  it.each([
    ['[]', 'BAD_USER_INPUT'],
    ['[{ sku: "KIT-0001", quantity: 0 }]', 'BAD_USER_INPUT'],
    ['[{ sku: "KIT-0001", quantity: 100 }]', 'BAD_USER_INPUT'],
    ['[{ sku: "KIT-0001" }, { sku: "KIT-0001" }]', 'BAD_USER_INPUT'],
    ['[{ sku: "none" }]', 'NOT_FOUND'],
  ])('refuses the items %s with %s', async (items, code) => {
    const result = await ask(createOrdersService(), `mutation { placeOrder(input: { items: ${items} }) { id } }`, {
      as: '1',
    });
    expect(codesOf(result)).toEqual([code]);
  });

  it('places nothing for an anonymous client', async () => {
    const place = 'mutation { placeOrder(input: { items: [{ sku: "KIT-0001" }] }) { id } }';
    const result = await ask(createOrdersService(), place);
    expect(result.data).toEqual({ placeOrder: null });
    expect(codesOf(result)).toEqual(['UNAUTHENTICATED']);
  });
});
