import type { Ask } from './ask-subgraph.ts';

interface Product {
  __typename: 'Product';
  upc: string;
  name?: string | null;
  price?: number | null;
  weight?: number | null;
  inStock?: boolean | null;
  shippingEstimate?: number | null;
  reviews?: Review[];
}

interface User {
  __typename: 'User';
  id: string;
  username?: string;
  name?: string | null;
  reviews?: Review[];
}

interface Review {
  id: string;
  body: string;
  author?: User;
  product?: Product;
}

/** Seven calls in four levels: what a programmer who knows the query would write. */
export async function deep(ask: Ask): Promise<object> {
  const [{ users }, { topProducts }] = await Promise.all([
    ask<{ users: User[] }>('accounts', '{ users { id username name } }'),
    ask<{ topProducts: Product[] }>('products', '{ topProducts(first: 5) { upc name price weight } }'),
  ]);

  const [reviewed, stock] = await Promise.all([
    ask<{ users: User[]; products: Product[] }>('reviews', reviewsQuery, {
      users: users.map(({ id }) => ({ __typename: 'User', id })),
      products: topProducts.map(({ upc }) => ({ __typename: 'Product', upc })),
    }),
    ask<{ products: Product[] }>('inventory', stockQuery, { products: topProducts.map(shippable) }),
  ]);
  const productsByUpc = new Map<string, Product[]>();
  const authorsById = new Map<string, User[]>();
  users.forEach((user, index) => {
    user.reviews = reviewed.users[index]?.reviews ?? [];
    collect(user.reviews, productsByUpc, authorsById);
  });
  topProducts.forEach((product, index) => {
    Object.assign(product, stock.products[index]);
    product.reviews = reviewed.products[index]?.reviews ?? [];
    collect(product.reviews, productsByUpc, authorsById);
  });

  const [{ products }, { authors }] = await Promise.all([
    ask<{ products: Product[] }>('products', productsQuery, {
      products: Array.from(productsByUpc.keys(), (upc) => ({ __typename: 'Product', upc })),
    }),
    ask<{ authors: User[] }>('accounts', authorsQuery, {
      authors: Array.from(authorsById.keys(), (id) => ({ __typename: 'User', id })),
    }),
  ]);
  let at = 0;
  for (const positions of authorsById.values()) {
    const author = authors[at++];
    for (const position of positions) {
      position.username = author?.username ?? '';
      position.name = author?.name ?? null;
    }
  }

  const upcs = [...productsByUpc.keys()];
  const { products: inStock } = await ask<{ products: Product[] }>('inventory', stockQuery, {
    products: products.map(({ price, weight }, index) => ({ __typename: 'Product', upc: upcs[index], price, weight })),
  });
  at = 0;
  for (const positions of productsByUpc.values()) {
    const product = products[at];
    const stocked = inStock[at++];
    for (const position of positions) {
      position.name = product?.name ?? null;
      position.price = product?.price ?? null;
      position.weight = product?.weight ?? null;
      position.inStock = stocked?.inStock ?? null;
      position.shippingEstimate = stocked?.shippingEstimate ?? null;
    }
  }
  return { users, topProducts };
}

const shippable = ({ upc, price, weight }: Product) => ({ __typename: 'Product', upc, price, weight });

function collect(reviews: readonly Review[], products: Map<string, Product[]>, authors: Map<string, User[]>): void {
  for (const { product, author } of reviews) {
    if (product !== undefined) {
      push(products, product.upc, product);
      if (product.reviews !== undefined) collect(product.reviews, products, authors);
    }
    if (author !== undefined) {
      push(authors, author.id, author);
      if (author.reviews !== undefined) collect(author.reviews, products, authors);
    }
  }
}

function push<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

const reviewsQuery = `query ($users: [_Any!]!, $products: [_Any!]!) {
  users: _entities(representations: $users) {
    ... on User {
      reviews {
        id
        body
        product {
          upc
          reviews { id body author { id reviews { id body product { upc } } } }
        }
      }
    }
  }
  products: _entities(representations: $products) {
    ... on Product { reviews { id body author { id reviews { id body product { upc } } } } }
  }
}`;

const productsQuery =
  'query ($products: [_Any!]!) { products: _entities(representations: $products) { ... on Product { name price weight } } }';

const authorsQuery =
  'query ($authors: [_Any!]!) { authors: _entities(representations: $authors) { ... on User { username name } } }';

const stockQuery =
  'query ($products: [_Any!]!) { products: _entities(representations: $products) { ... on Product { inStock shippingEstimate } } }';
