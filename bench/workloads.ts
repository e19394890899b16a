import { readFileSync } from 'node:fs';

/** What is asked, and how. */
export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  readonly world: 'shop' | 'catalogue';
  readonly connections: number;
  /** Has every request a token of its own? */
  readonly tokens: boolean;
  /** The body of request number `serial`; all the same text unless the workload is about cold operations. */
  body(serial: number): string;
  /** Whether bodies differ, so that answers can not be told right by their length. */
  readonly varies: boolean;
  /** What the hand-written aggregator needs. */
  readonly floorCalls: number;
  /** What the floor is where it is not the hand-written aggregator alone. */
  readonly floorTitle?: string;
}

export type WorkloadName = (typeof workloadNames)[number];

export const workloadNames = [
  'deep',
  'order-history',
  'storefront',
  'list-100',
  'list-1000',
  'list-10000',
  'mutation',
  'identical',
  'cold',
  'look-ups',
] as const;

/** Meets 9 users, 27 reviews and 6 products again and again: about 90 KB. */
export const deepQuery = `
query Deep {
  users {
    ...Person
    reviews {
      ...Opinion
      product {
        ...Goods
        reviews { ...Opinion author { ...Person reviews { ...Opinion product { ...Goods } } } }
      }
    }
  }
  topProducts(first: 5) {
    ...Goods
    reviews { ...Opinion author { ...Person reviews { ...Opinion product { ...Goods } } } }
  }
}
fragment Person on User { id username name }
fragment Opinion on Review { id body }
fragment Goods on Product { upc name price weight inStock shippingEstimate }
`;

const orderHistoryQuery = readFileSync(
  new URL('../src/server/explorer/client/demo/order-history.graphql', import.meta.url),
  'utf8',
);

const storefrontQuery = `
query Storefront($first: Int!) {
  products(first: $first) {
    edges { node { id sku name price { amount currency } shippingEstimate { amount currency } } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const updatePriceMutation = `
mutation UpdatePrice($input: UpdatePriceInput!) {
  updatePrice(input: $input) { id name price { amount currency } shippingEstimate { amount currency } }
}`;

export const workloads: readonly Workload[] = [
  always('deep', 'deep query, the same entities on many paths', 'catalogue', { query: deepQuery }, 7),
  always('order-history', 'order history', 'shop', { query: orderHistoryQuery }, 5),
  always('storefront', 'storefront, 10 products', 'shop', { query: storefrontQuery, variables: { first: 10 } }, 2),
  list('list-100', 100, 50),
  list('list-1000', 1_000, 20),
  list('list-10000', 10_000, 4),
  always(
    'mutation',
    'a mutation and what it changed',
    'shop',
    { query: updatePriceMutation, variables: { input: { productId: '1', amount: 1999 } } },
    2,
  ),
  {
    ...always('identical', 'the deep query, all requests alike', 'catalogue', { query: deepQuery }, 0),
    floorTitle: 'bare Fastify, stored bytes',
    tokens: false,
  },
  {
    ...always('cold', 'four subgraphs, each time other fields', 'catalogue', { query: '' }, 7),
    floorTitle: "aggregator and Apollo's planner",
    connections: 10,
    body: (serial) => JSON.stringify({ query: coldQuery(serial) }),
    varies: true,
  },
  {
    ...always('look-ups', 'look-ups of one scope, each of another product', 'catalogue', { query: '' }, 2),
    tokens: false,
    body: (serial) =>
      JSON.stringify({
        query: 'query LookUp($upc: String!) { product(upc: $upc) { upc name inStock } }',
        variables: { upc: `p${serial}` },
      }),
    varies: true,
  },
];

function always(
  name: WorkloadName,
  title: string,
  world: Workload['world'],
  request: object,
  floorCalls: number,
): Workload {
  const text = JSON.stringify(request);
  return { name, title, world, connections: 50, tokens: true, body: () => text, varies: false, floorCalls };
}

function list(name: WorkloadName, entities: number, connections: number): Workload {
  const request = {
    query: 'query List($first: Int!) { topProducts(first: $first) { upc name inStock } }',
    variables: { first: entities },
  };
  return {
    ...always(name, `${entities.toLocaleString('en')} entities in one list`, 'catalogue', request, 2),
    connections,
  };
}

const coldFields = 19;

/** A query like the deep one, less deep, with another subset of its fields for every serial under 524,288. */
function coldQuery(serial: number): string {
  // An odd factor: a permutation, so that neighbours differ in more than one field.
  let bits = Math.imul(serial, 0x2545f) & (2 ** coldFields - 1);
  const some = (fields: string) =>
    fields
      .split(' ')
      .filter(() => {
        const wanted = (bits & 1) === 1;
        bits >>>= 1;
        return wanted;
      })
      .join(' ');
  const goods = 'name price weight inStock shippingEstimate';
  return `query Cold {
  users {
    id ${some('username name')}
    reviews {
      id ${some('body')}
      product { upc ${some(goods)} reviews { id ${some('body')} author { id ${some('username name')} } } }
    }
  }
  topProducts(first: 5) {
    upc ${some(goods)}
    reviews { id ${some('body')} author { id ${some('username name')} } }
  }
}`;
}
