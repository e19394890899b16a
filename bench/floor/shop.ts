import type { Ask } from './ask-subgraph.ts';

interface Goods {
  id: string;
  sku: string;
  name: string;
  price: object;
  weightGrams?: number;
  bulky?: boolean;
  shippingEstimate?: object | null;
}

interface Order {
  id: string;
  items: { product: Goods | null }[];
  payment?: object | null;
}

/** Four levels: the customer, the orders, their products and payments, what shipping costs. */
export async function orderHistory(ask: Ask): Promise<object> {
  const { me } = await ask<{ me: { id: string; name: string } }>('users', '{ me { id name } }');
  const { users } = await ask<{ users: { orders: { edges: { node: Order }[] } }[] }>('orders', ordersQuery, {
    users: [{ __typename: 'User', id: me.id }],
  });
  const orders = users[0]?.orders ?? { edges: [] };
  const positions = new Map<string, Goods[]>();
  for (const { node } of orders.edges) {
    for (const { product } of node.items) {
      if (product === null) continue;
      const known = positions.get(product.sku);
      if (known === undefined) positions.set(product.sku, [product]);
      else known.push(product);
    }
  }
  const [{ goods }, { paid }] = await Promise.all([
    ask<{ goods: Goods[] }>('products', goodsQuery, {
      goods: Array.from(positions.keys(), (sku) => ({ __typename: 'Product', sku })),
    }),
    ask<{ paid: Order[] }>('payments', paymentsQuery, {
      orders: orders.edges.map(({ node }) => ({ __typename: 'Order', id: node.id })),
    }),
  ]);
  orders.edges.forEach(({ node }, index) => {
    node.payment = paid[index]?.payment ?? null;
  });
  const skus = [...positions.keys()];
  const shipping = await shippingOf(
    ask,
    goods.map((product, index) => ({ ...product, sku: skus[index] ?? '' })),
  );
  let at = 0;
  for (const products of positions.values()) {
    const price = goods[at]?.price ?? {};
    const shippingEstimate = shipping[at++]?.shippingEstimate ?? null;
    products.forEach((product, index) => {
      products[index] = Object.assign(product, { price, shippingEstimate });
    });
  }
  for (const { node } of orders.edges) {
    for (const item of node.items) {
      if (item.product === null) continue;
      const { name, price, shippingEstimate = null } = item.product;
      item.product = { name, price, shippingEstimate } as Goods;
    }
  }
  return { me: { name: me.name, orders } };
}

export async function storefront(ask: Ask): Promise<object> {
  const { products } = await ask<{ products: { edges: { node: Goods }[]; pageInfo: object } }>(
    'products',
    storefrontQuery,
    { first: 10 },
  );
  const shipping = await shippingOf(
    ask,
    products.edges.map(({ node }) => node),
  );
  const edges = products.edges.map(({ node: { id, sku, name, price } }, index) => ({
    node: { id, sku, name, price, shippingEstimate: shipping[index]?.shippingEstimate ?? null },
  }));
  return { products: { edges, pageInfo: products.pageInfo } };
}

export async function updatePrice(ask: Ask): Promise<object> {
  const { updatePrice: product } = await ask<{ updatePrice: Goods }>('products', updatePriceMutation, {
    input: { productId: '1', amount: 1999 },
  });
  const [shipping] = await shippingOf(ask, [product]);
  const { id, name, price } = product;
  return { updatePrice: { id, name, price, shippingEstimate: shipping?.shippingEstimate ?? null } };
}

async function shippingOf(ask: Ask, products: readonly Goods[]): Promise<Goods[]> {
  const { shipped } = await ask<{ shipped: Goods[] }>('orders', shippingQuery, {
    goods: products.map(({ sku, price, weightGrams, bulky }) => ({
      __typename: 'Product',
      sku,
      price,
      weightGrams,
      bulky,
    })),
  });
  return shipped;
}

const ordersQuery = `query ($users: [_Any!]!) {
  users: _entities(representations: $users) {
    ... on User {
      orders(first: 3) {
        edges {
          node {
            id
            placedAt
            status
            total { amount currency }
            items { quantity product { sku name } }
          }
        }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}`;

const goodsQuery = `query ($goods: [_Any!]!) {
  goods: _entities(representations: $goods) {
    ... on Product { price { amount currency } weightGrams bulky }
  }
}`;

const paymentsQuery = `query ($orders: [_Any!]!) {
  paid: _entities(representations: $orders) {
    ... on Order {
      payment {
        status
        method {
          __typename
          ... on Card { brand last4 }
          ... on Transfer { bank }
          ... on GiftCard { code }
        }
      }
    }
  }
}`;

const shippingQuery = `query ($goods: [_Any!]!) {
  shipped: _entities(representations: $goods) {
    ... on Product { shippingEstimate { amount currency } }
  }
}`;

const storefrontQuery = `query ($first: Int!) {
  products(first: $first) {
    edges { node { id sku name price { amount currency } weightGrams bulky } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const updatePriceMutation = `mutation ($input: UpdatePriceInput!) {
  updatePrice(input: $input) { id sku name price { amount currency } weightGrams bulky }
}`;
