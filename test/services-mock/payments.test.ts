import { describe, expect, it } from 'vitest';
import { createPaymentsService } from '../../services-mock/payments/service.ts';
import { ask, codesOf, entities } from './support/ask.ts';

const now = () => new Date('2026-01-02T03:04:05Z');
const methodFields =
  'method { __typename ... on Card { brand last4 } ... on Transfer { bank } ... on GiftCard { code } }';
const card = '{ card: { brand: "Visa", last4: "4242" } }';

const pay = (orderId: string, amount: number, method: string) =>
  `mutation { pay(input: { orderId: "${orderId}", amount: ${amount}, method: ${method} }) { id status paidAt order { id } ${methodFields} } }`;

describe('the payments subgraph', () => {
  it('pays the demo orders in three ways, which the union tells apart', async () => {
    const result = await entities(
      createPaymentsService(),
      `... on Order { payment { status ${methodFields} } }`,
      ['14991', '14871', '14111', '15001'].map((id) => ({ __typename: 'Order', id })),
    );
    expect(result).toEqual({
      data: {
        _entities: [
          { payment: { status: 'PENDING', method: { __typename: 'Transfer', bank: expect.any(String) } } },
          {
            payment: {
              status: 'PAID',
              method: { __typename: 'Card', brand: expect.any(String), last4: expect.stringMatching(/^\d{4}$/) },
            },
          },
          {
            payment: { status: 'PAID', method: { __typename: 'GiftCard', code: expect.stringMatching(/^GIFT-2025-/) } },
          },
          { payment: null },
        ],
      },
    });
  });

  it('resolves a payment by its id and by its order', async () => {
    const result = await entities(createPaymentsService(), '... on Payment { id order { id } }', [
      { __typename: 'Payment', id: '50001' },
      { __typename: 'Payment', order: { __typename: 'Order', id: '10002' } },
      { __typename: 'Payment', id: 'none' },
    ]);
    expect(result).toEqual({
      data: { _entities: [{ id: '50001', order: { id: '10001' } }, { id: '50002', order: { id: '10002' } }, null] },
    });
  });

  it('pays a new order at once by card, once', async () => {
    const service = createPaymentsService(now);
    const { data } = await ask(service, pay('15001', 4_999, card), { as: '1' });
    expect(data).toEqual({
      pay: {
        id: '55001',
        status: 'PAID',
        paidAt: '2026-01-02T03:04:05.000Z',
        order: { id: '15001' },
        method: { __typename: 'Card', brand: 'Visa', last4: '4242' },
      },
    });
    expect((await ask(service, '{ payment(id: "55001") { amount { amount currency } } }')).data).toEqual({
      payment: { amount: { amount: 4_999, currency: 'EUR' } },
    });
    const again = await ask(service, pay('15001', 4_999, card), { as: '1' });
    expect(again.data).toEqual({ pay: null });
    expect(again.errors?.[0]?.message).toBe('The order must be unpaid, but its payment is PAID');
  });

  it('waits for a transfer, and lets a pending payment be made in another way under its id', async () => {
    const service = createPaymentsService(now);
    const transfer = '{ transfer: { bank: "Postal Bank" } }';
    expect((await ask(service, pay('15002', 100, transfer), { as: '1' })).data).toMatchObject({
      pay: { id: '55001', status: 'PENDING', paidAt: null },
    });
    const giftCard = '{ giftCard: { code: "GIFT-2025-ABCD" } }';
    expect((await ask(service, pay('15002', 100, giftCard), { as: '1' })).data).toMatchObject({
      pay: { id: '55001', status: 'PAID', method: { code: 'GIFT-2025-ABCD' } },
    });
  });

  it.each([
    ['another customer’s order', pay('14952', 1, card), 'NOT_FOUND'],
    ['an id no order can have', pay('nonsense', 1, card), 'NOT_FOUND'],
    ['an amount that is not the order’s', pay('14991', 1, card), 'BAD_USER_INPUT'],
    ['nothing', pay('15001', 0, card), 'BAD_USER_INPUT'],
    ['no method', pay('15001', 5, '{}'), 'BAD_USER_INPUT'],
    [
      'two methods',
      pay('15001', 5, `{ card: { brand: "Visa", last4: "4242" }, transfer: { bank: "x" } }`),
      'BAD_USER_INPUT',
    ],
    [
      'a whole card number',
      pay('15001', 5, '{ card: { brand: "Visa", last4: "4242424242424242" } }'),
      'BAD_USER_INPUT',
    ],
    ['a malformed gift card', pay('15001', 5, '{ giftCard: { code: "x" } }'), 'BAD_USER_INPUT'],
  ])('refuses to pay %s', async (_, mutation, code) => {
    expect(codesOf(await ask(createPaymentsService(), mutation, { as: '1' }))).toEqual([code]);
  });

  it('takes no money from an anonymous client', async () => {
    expect(codesOf(await ask(createPaymentsService(), pay('15001', 5, card)))).toEqual(['UNAUTHENTICATED']);
  });
});
