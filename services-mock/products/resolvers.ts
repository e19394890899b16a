import DataLoader from 'dataloader';
import { customerIdOf } from '../support/caller.ts';
import type { Caller } from '../support/caller.ts';
import { connectionOf } from '../support/connection.ts';
import type { Connection, PageArguments } from '../support/connection.ts';
import { badUserInput, notFound } from '../support/errors.ts';
import { euros } from '../support/money.ts';
import type { Resolvers } from '../support/subgraph-service.ts';
import type { Catalogue } from './catalogue.ts';
import type { Product, Review } from './data.ts';

interface ProductLoaders {
  readonly productById: DataLoader<string, Product | undefined>;
  readonly productBySku: DataLoader<string, Product | undefined>;
  readonly reviewById: DataLoader<string, Review | undefined>;
  readonly reviewsByProduct: DataLoader<string, readonly Review[]>;
}

export type ProductsContext = Caller & ProductLoaders;

export function createProductLoaders(catalogue: Catalogue): ProductLoaders {
  return {
    productById: new DataLoader(async (ids) => ids.map((id) => catalogue.product(id))),
    productBySku: new DataLoader(async (skus) => skus.map((sku) => catalogue.productBySku(sku))),
    reviewById: new DataLoader(async (ids) => ids.map((id) => catalogue.review(id))),
    reviewsByProduct: new DataLoader(async (ids) => ids.map((id) => catalogue.reviewsOf(id))),
  };
}

interface UpdatePriceInput {
  readonly productId: string;
  readonly amount: number;
}

interface AddReviewInput {
  readonly productId: string;
  readonly rating: number;
  readonly text: string;
}

export function createProductResolvers(catalogue: Catalogue, now: () => Date): Resolvers {
  return {
    Query: {
      product: (_: unknown, { id }: { id: string }, { productById }: ProductsContext) => productById.load(id),
      products: (_: unknown, page: PageArguments): Connection<Product> =>
        connectionOf('Product', catalogue.products(), page),
    },
    Mutation: {
      updatePrice: (_: unknown, { input }: { input: UpdatePriceInput }, context: ProductsContext): Product => {
        const { productId, amount } = input;
        if (amount < 1) throw badUserInput(`"amount" must be at least 1 cent, but got: ${String(amount)}`);
        const updated = { ...existingProduct(catalogue, productId), price: euros(amount) };
        catalogue.replaceProduct(updated);
        context.productById.clear(updated.id);
        context.productBySku.clear(updated.sku);
        return updated;
      },
      addReview: (_: unknown, { input }: { input: AddReviewInput }, context: ProductsContext): Review => {
        const authorId = customerIdOf(context);
        const review = checkedReview(input);
        const { id: productId } = existingProduct(catalogue, input.productId);
        if (catalogue.reviewsOf(productId).some((other) => other.authorId === authorId)) {
          throw badUserInput('The signed-in customer has reviewed this product before');
        }
        context.reviewsByProduct.clear(productId);
        return catalogue.addReview({ ...review, productId, authorId, createdAt: now().toISOString() });
      },
    },
    Product: {
      __resolveReference: ({ id, sku }: { id?: string; sku?: string }, loaders: ProductsContext) => {
        if (id !== undefined) return loaders.productById.load(id);
        if (sku !== undefined) return loaders.productBySku.load(sku);
        throw badUserInput('A representation of Product must have "id" or "sku"');
      },
      reviews: async ({ id }: Product, page: PageArguments, { reviewsByProduct }: ProductsContext) =>
        connectionOf('Review', await reviewsByProduct.load(id), page),
    },
    Review: {
      __resolveReference: ({ id }: { id: string }, { reviewById }: ProductsContext) => reviewById.load(id),
      product: ({ productId }: Review, _: unknown, { productById }: ProductsContext) => productById.load(productId),
      author: ({ authorId }: Review) => ({ id: authorId }),
    },
  };
}

function existingProduct(catalogue: Catalogue, id: string): Product {
  const product = catalogue.product(id);
  if (product === undefined) throw notFound(`There is no product with the id ${JSON.stringify(id)}`);
  return product;
}

function checkedReview({ rating, text }: AddReviewInput): { rating: number; text: string } {
  if (rating < 1 || rating > 5) throw badUserInput(`"rating" must be from 1 to 5, but got: ${String(rating)}`);
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > 2_000) {
    throw badUserInput(`"text" must have 1 to 2000 characters, but got: ${String(trimmed.length)}`);
  }
  return { rating, text: trimmed };
}
