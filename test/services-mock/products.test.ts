import { describe, expect, it } from 'vitest';
import { createProductsService } from '../../services-mock/products/service.ts';
import { ask, codesOf, entities } from './support/ask.ts';

const now = () => new Date('2026-01-02T03:04:05Z');

describe('the products subgraph', () => {
  it('resolves a product by either key, null for an unknown one', async () => {
    const result = await entities(createProductsService(), '... on Product { id sku name bulky }', [
      { __typename: 'Product', id: '1' },
      { __typename: 'Product', sku: 'GAR-0010' },
      { __typename: 'Product', id: '0' },
      { __typename: 'Product', sku: 'none' },
    ]);
    expect(result).toEqual({
      data: {
        _entities: [
          { id: '1', sku: 'KIT-0001', name: 'Enamel kettle, white', bulky: false },
          { id: '47', sku: 'GAR-0010', name: 'Zinc garden bench, white', bulky: true },
          null,
          null,
        ],
      },
    });
  });

  it('says what is missing from a representation without a key', async () => {
    const result = await entities(createProductsService(), '... on Product { id }', [{ __typename: 'Product' }]);
    expect(result.errors?.[0]?.message).toBe('A representation of Product must have "id" or "sku"');
  });

  it('resolves a review with its product and a reference to its author', async () => {
    const result = await entities(
      createProductsService(),
      '... on Review { rating product { id } author { __typename id } }',
      [{ __typename: 'Review', id: '1' }],
    );
    expect(result.data).toEqual({
      _entities: [
        { rating: expect.any(Number), product: { id: '1' }, author: { __typename: 'User', id: expect.any(String) } },
      ],
    });
  });

  it('pages through the catalogue and through reviews', async () => {
    const service = createProductsService();
    expect((await ask(service, '{ products(first: 3) { totalCount edges { node { id } } } }')).data).toEqual({
      products: { totalCount: 2_000, edges: [{ node: { id: '1' } }, { node: { id: '2' } }, { node: { id: '3' } }] },
    });
    expect(codesOf(await ask(service, '{ products(first: 101) { totalCount } }'))).toEqual(['BAD_USER_INPUT']);
    const cursor = /"endCursor":"([^"]+)"/.exec(
      JSON.stringify((await ask(service, '{ products(first: 1) { pageInfo { endCursor } } }')).data),
    )?.[1];
    expect(
      codesOf(
        await ask(service, 'query ($after: String) { product(id: 1) { reviews(after: $after) { totalCount } } }', {
          variables: { after: cursor },
        }),
      ),
    ).toEqual(['BAD_USER_INPUT']);
  });

  it('shows a new price under both keys, also later in the same request', async () => {
    const service = createProductsService();
    const update = `mutation {
      before: updatePrice(input: { productId: "1", amount: 1 }) { price { amount } }
      after: updatePrice(input: { productId: "1", amount: 4999 }) { price { amount currency } }
    }`;
    expect((await ask(service, update)).data).toEqual({
      before: { price: { amount: 1 } },
      after: { price: { amount: 4999, currency: 'EUR' } },
    });
    const keys = [
      { __typename: 'Product', id: '1' },
      { __typename: 'Product', sku: 'KIT-0001' },
    ];
    const cheap = { price: { amount: 4999 } };
    expect((await entities(service, '... on Product { price { amount } }', keys)).data).toEqual({
      _entities: [cheap, cheap],
    });
  });

  it('refuses a price below a cent and a product that is not there', async () => {
    const update = (input: string) => ask(createProductsService(), `mutation { updatePrice(input: ${input}) { id } }`);
    expect(codesOf(await update('{ productId: "1", amount: 0 }'))).toEqual(['BAD_USER_INPUT']);
    expect(codesOf(await update('{ productId: "2001", amount: 5 }'))).toEqual(['NOT_FOUND']);
  });

  it('puts a new review first, and takes one from everybody', async () => {
    const service = createProductsService(now);
    const add =
      'mutation { addReview(input: { productId: "5", rating: 4, text: " Good. " }) { rating text createdAt author { id } product { reviews(first: 1) { edges { node { text } } } } } }';
    expect(await ask(service, add, { as: '1' })).toEqual({
      data: {
        addReview: {
          rating: 4,
          text: 'Good.',
          createdAt: '2026-01-02T03:04:05.000Z',
          author: { id: '1' },
          product: { reviews: { edges: [{ node: { text: 'Good.' } }] } },
        },
      },
    });
    expect(codesOf(await ask(service, add, { as: '1' }))).toEqual(['BAD_USER_INPUT']);
    expect(codesOf(await ask(service, add))).toEqual(['UNAUTHENTICATED']);
  });

  it.each([
    ['{ productId: "5", rating: 6, text: "x" }', 'BAD_USER_INPUT'],
    ['{ productId: "5", rating: 0, text: "x" }', 'BAD_USER_INPUT'],
    ['{ productId: "5", rating: 3, text: " " }', 'BAD_USER_INPUT'],
    ['{ productId: "none", rating: 3, text: "x" }', 'NOT_FOUND'],
  ])('refuses the review %s with %s', async (input, code) => {
    const result = await ask(createProductsService(), `mutation { addReview(input: ${input}) { id } }`, { as: '1' });
    expect(codesOf(result)).toEqual([code]);
  });
});
