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

      Each request is sent as soon as those it comes after are answered:
      1. users: {me{__typename id name}}
      2. orders, after 1:
           me {...on User{orders(first:3){edges{node{__typename id items{product{__typename sku}}}}}}}
      3. payments, after 1 and 2: me.orders.edges.@.node {...on Order{payment{status}}}
      4. products, after 1 and 2:
           me.orders.edges.@.node.items.@.product {...on Product{price{amount currency}weightGrams bulky}}
      5. orders, after 1 and 2 and 4:
           me.orders.edges.@.node.items.@.product {...on Product{shippingEstimate{amount}}}

      5 calls (users 1, orders 2, payments 1, products 1)
      cost: at most 252"
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

      Each request is sent as soon as those it comes after are answered:
      1. users: {user(id:1){__typename id name}}
      2. products: {product(id:1){name}}
      3. orders, after 1: user {...on User{orders{pageInfo{endCursor}}}}

      3 calls (users 1, products 1, orders 1)"
    `);
  });

  it('takes the variables that decide what is left out', async () => {
    const query = ['-q', 'query ($all: Boolean = false) { me { name orders @include(if: $all) { __typename } } }'];
    const calls = async (...parameters: string[]) => (await plan(...query, ...parameters)).out.split('\n\n').at(-1);

    expect(await calls()).toBe('2 calls (users 1, orders 1)');
    expect(await calls('--variables', '{"all":true}')).toBe('2 calls (users 1, orders 1)\ncost: at most 3');
    expect(await calls('--variables', '{}')).toBe('1 call (users 1)\ncost: at most 2');
    expect(await plan(...query, '--variables', '{all}')).toMatchObject({
      code: 2,
      error: 'atrium: --variables: expected a JSON object, got {all}',
    });
    expect((await plan(...query, '--variables', '{"all":1}')).error).toMatch(
      /^atrium: Variable "\$all" got invalid value 1/,
    );
    expect((await plan(...query, '--variables', '{"all":null}')).error).toMatch(/^atrium: .*must not be null/);
  });

  it("shows fields under their own names and the document's, whatever they are fetched as", async () => {
    const extend =
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@external"])';
    const folder = await temporaryFolder({
      'products.graphql': `${extend} type Query { product: Product } type Product @key(fields: "id") {
        id: ID! price(currency: String): Int parts(of: Int): [Product] }`,
      'shipping.graphql': `${extend} type Product @key(fields: "id") { id: ID! price(currency: String): Int @external
        toBerlin: Int @requires(fields: "price(currency: \\"EUR\\")") toLondon: Int @requires(fields: "price(currency: \\"GBP\\")") }`,
    });
    const out = join(folder, 'supergraph.graphql');
    const sources = ['products', 'shipping'].map((name) => `${name}=${join(folder, name)}.graphql@http://${name}.test`);
    expect(await run(['compose', '--out', out, ...sources])).toMatchObject({ code: 0 });

    const query =
      '{ product { usd: price dkk: price(currency: "DKK") toBerlin toLondon a: parts(of: 1) { toBerlin } b: parts(of: 2) { toBerlin } } }';
    expect((await run(['plan', '--supergraph', out, '-q', query])).out).toMatchInlineSnapshot(`
      "one after the other
      ├─ products
      │    {
      │      product {
      │        __typename
      │        id
      │        usd: price
      │        dkk: price(currency: "DKK")
      │        price(currency: "GBP")
      │        price(currency: "EUR")
      │        a: parts(of: 1) {
      │          __typename
      │          id
      │          price(currency: "EUR")
      │        }
      │        b: parts(of: 2) {
      │          __typename
      │          id
      │          price(currency: "EUR")
      │        }
      │      }
      │    }
      └─ at the same time
         ├─ shipping for product
         │    given Product { __typename id price(currency: "GBP") price(currency: "EUR") }
         │    query ($representations: [_Any!]!) {
         │      _entities(representations: $representations) {
         │        ... on Product {
         │          toBerlin
         │          toLondon
         │        }
         │      }
         │    }
         ├─ shipping for product.a.@
         │    given Product { __typename id price(currency: "EUR") }
         │    query ($representations: [_Any!]!) {
         │      _entities(representations: $representations) {
         │        ... on Product {
         │          toBerlin
         │        }
         │      }
         │    }
         └─ shipping for product.b.@
              given Product { __typename id price(currency: "EUR") }
              query ($representations: [_Any!]!) {
                _entities(representations: $representations) {
                  ... on Product {
                    toBerlin
                  }
                }
              }

      Each request is sent as soon as those it comes after are answered:
      1. products:
           {
             product {
               __typename
               id
               price
               dkk: price(currency: "DKK")
               price(currency: "GBP")
               price(currency: "EUR")
               parts(of: 1) {
                 __typename
                 id
                 price(currency: "EUR")
               }
               b: parts(of: 2) {
                 __typename
                 id
                 price(currency: "EUR")
               }
             }
           }
      2. shipping, after 1:
           product and product.parts.@ and product.b.@ {...on Product{toBerlin}}
           product {...on Product{toLondon}}

      2 calls (products 1, shipping 1)
      cost: at most 22"
    `);
  });

  it('says when no subgraph is needed', async () => {
    expect(await plan('-q', '{ __typename }')).toEqual({
      code: 0,
      out: 'Nothing is fetched: the gateway answers this operation by itself.\n\n0 calls\ncost: at most 1',
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
