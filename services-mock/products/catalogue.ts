import { generateProducts, generateReviews } from './data.ts';
import type { Product, Review } from './data.ts';

/** The tables of the service with their indexes. */
export interface Catalogue {
  product(id: string): Product | undefined;
  productBySku(sku: string): Product | undefined;
  products(): Product[];
  review(id: string): Review | undefined;
  /** Newest first. */
  reviewsOf(productId: string): readonly Review[];
  replaceProduct(product: Product): void;
  addReview(review: Omit<Review, 'id'>): Review;
}

export function createCatalogue(): Catalogue {
  const products = new Map<string, Product>();
  const idOfSku = new Map<string, string>();
  const reviews = new Map<string, Review>();
  const reviewsByProduct = new Map<string, Review[]>();

  for (const product of generateProducts()) {
    products.set(product.id, product);
    idOfSku.set(product.sku, product.id);
  }
  for (const review of generateReviews()) insertReview(review);

  function insertReview(review: Review): void {
    reviews.set(review.id, review);
    reviewsByProduct.set(review.productId, [review, ...(reviewsByProduct.get(review.productId) ?? [])]);
  }

  return {
    product: (id) => products.get(id),
    productBySku: (sku) => products.get(idOfSku.get(sku) ?? ''),
    products: () => [...products.values()],
    review: (id) => reviews.get(id),
    reviewsOf: (productId) => reviewsByProduct.get(productId) ?? [],
    replaceProduct: (product) => {
      products.set(product.id, product);
    },
    addReview: (review) => {
      const added = { ...review, id: String(reviews.size + 1) };
      insertReview(added);
      return added;
    },
  };
}
