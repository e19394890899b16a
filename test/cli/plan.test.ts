import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { root, run, temporaryFolder } from './run.ts';

const supergraph = join(root, 'schemas/supergraph.graphql');
const plan = (...parameters: string[]) => run(['plan', '--supergraph', supergraph, ...parameters]);

const twoOperations =
  'query Me { me { name } }\nquery One($reviews: Boolean!) { user(id: 1) { name orders { pageInfo { endCursor } } } product(id: 1) @include(if: $reviews) { name } }';

let file: string;
beforeEach(async () => {
  file = join(await temporaryFolder({ 'two.graphql': twoOperations }), 'two.graphql');
});

describe('atrium plan', () => {
  it('draws what is asked of which subgraph in which order, and counts the calls', async () => {
    const { code, out, error } = await plan(
      '--query',
      '{ me { name orders(first: 3) { edges { node { items { product { shippingEstimate { amount } } } payment { status } } } } } }',
    );

    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toMatchInlineSnapshot(`
      "one after the other
      ├─ users
      │    {
      │      me {
      │        __typename
      │        id
      │        name
      │      }
      │    }
      ├─ orders for me
      │    given User { __typename id }
      │    query ($representations: [_Any!]!) {
      │      _entities(representations: $representations) {
      │        ... on User {
      │          orders(first: 3) {
      │            edges {
      │              node {
      │                __typename
      │                id
      │                items {
      │                  product {
      │                    __typename
      │                    sku
      │                  }
      │                }
      │              }
      │            }
      │          }
      │        }
      │      }
      │    }
      └─ at the same time
         ├─ payments for me.orders.edges.@.node
         │    given Order { __typename id }
         │    query ($representations: [_Any!]!) {
         │      _entities(representations: $representations) {
         │        ... on Order {
         │          payment {
         │            status
         │          }
         │        }
         │      }
         │    }
         └─ one after the other
            ├─ products for me.orders.edges.@.node.items.@.product
            │    given Product { __typename sku }
            │    query ($representations: [_Any!]!) {
            │      _entities(representations: $representations) {
            │        ... on Product {
            │          price {
            │            amount
            │            currency
            │          }
            │          weightGrams
            │          bulky
            │        }
            │      }
            │    }
            └─ orders for me.orders.edges.@.node.items.@.product
                 given Product { __typename price { amount currency } weightGrams bulky sku }
                 query ($representations: [_Any!]!) {
                   _entities(representations: $representations) {
                     ... on Product {
                       shippingEstimate {
                         amount
                       }
                     }
                   }
                 }

      5 calls (users 1, orders 2, payments 1, products 1)"
    `);
  });

  it('plans the operation that is named, and shows what depends on a variable', async () => {
    const { out } = await plan(file, '--operation', 'One');

    expect(out).toMatchInlineSnapshot(`
      "at the same time
      ├─ one after the other
      │  ├─ users
      │  │    query One__users__0 {
      │  │      user(id: 1) {
      │  │        __typename
      │  │        id
      │  │        name
      │  │      }
      │  │    }
      │  └─ orders for user
      │       given User { __typename id }
      │       query One__orders__1($representations: [_Any!]!) {
      │         _entities(representations: $representations) {
      │           ... on User {
      │             orders {
      │               pageInfo {
      │                 endCursor
      │               }
      │             }
      │           }
      │         }
      │       }
      └─ by the value of $reviews
         └─ if true
            └─ products
                 query One__products__2 {
                   product(id: 1) {
                     name
                   }
                 }

      3 calls (users 1, products 1, orders 1)"
    `);
  });

  it('says when no subgraph is needed', async () => {
    expect(await plan('-q', '{ __typename }')).toEqual({
      code: 0,
      out: 'Nothing is fetched: the gateway answers this operation by itself.\n\n0 calls',
      error: '',
    });
  });

  it.each([
    ['an unknown field', ['-q', '{ me { nmae } }']],
    ['a syntax error', ['-q', '{ me {']],
    ['several operations and no name', ['FILE']],
    ['a name no operation has', ['FILE', '--operation', 'Two']],
  ])('refuses %s with the place', async (_, parameters) => {
    const { code, out, error } = await plan(...parameters.map((parameter) => parameter.replace('FILE', file)));

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toMatch(/^atrium: .+/);
    expect(error).not.toContain('    at ');
  });

  it('points at the mistake in the document', async () => {
    expect((await plan('-q', '{ me { nmae } }')).error).toMatchInlineSnapshot(`
      "atrium: Cannot query field "nmae" on type "User". Did you mean "name"?

      --query:1:8
      1 | { me { nmae } }
        |        ^"
    `);
  });

  it('says which document cannot be read', async () => {
    expect((await plan('none.graphql')).error).toMatch(
      /^atrium: expected a GraphQL document in none\.graphql, got .*ENOENT/,
    );
  });
});
