import { describe, expect, it } from 'vitest';
import { generateOrders } from '../../services-mock/orders/data.ts';
import { generatePayments } from '../../services-mock/payments/data.ts';
import { generateProducts, generateReviews } from '../../services-mock/products/data.ts';
import { generateUsers } from '../../services-mock/users/data.ts';

const users = generateUsers();
const products = generateProducts();
const reviews = generateReviews();
const orders = generateOrders();
const payments = generatePayments();

describe('the data of the shop', () => {
  it('is the same whenever it is made', () => {
    expect([generateUsers(), generateProducts(), generateReviews(), generateOrders(), generatePayments()]).toEqual([
      users,
      products,
      reviews,
      orders,
      payments,
    ]);
  });

  it('has the size the documentation says, and no name or number twice', () => {
    expect([users, products, orders, payments].map((rows) => rows.length)).toEqual([1_000, 2_000, 5_000, 5_000]);
    expect(reviews.length).toBeGreaterThan(5_000);
    expect(new Set(users.map(({ name }) => name)).size).toBe(1_000);
    expect(new Set(users.map(({ email }) => email)).size).toBe(1_000);
    expect(new Set(products.map(({ name }) => name)).size).toBe(2_000);
    expect(new Set(products.map(({ sku }) => sku)).size).toBe(2_000);
  });

  it('refers only to what exists', () => {
    const skus = new Set(products.map(({ sku }) => sku));
    const userIds = new Set(users.map(({ id }) => id));
    expect(orders.flatMap(({ items }) => items).filter(({ sku }) => !skus.has(sku))).toEqual([]);
    expect(orders.filter(({ customerId }) => !userIds.has(customerId))).toEqual([]);
    expect(reviews.filter(({ authorId }) => !userIds.has(authorId))).toEqual([]);
    expect(payments.map(({ orderId, amount }) => [orderId, amount])).toEqual(
      orders.map(({ id, total }) => [id, total]),
    );
  });

  it('has goods with sensible prices and weights, some of them bulky', () => {
    expect(products.filter(({ price }) => price.amount < 500 || price.amount > 100_000)).toEqual([]);
    expect(products.filter(({ weightGrams }) => weightGrams < 100 || weightGrams > 60_000)).toEqual([]);
    expect(products.filter(({ bulky }) => bulky).length).toBeGreaterThan(100);
  });

  it('gives the demo users what the demo shows', () => {
    const ordersOf = (customerId: string) => orders.filter((order) => order.customerId === customerId);
    expect(users.slice(0, 4).map(({ name }) => name)).toEqual(['Ann Archer', 'Bob Barlow', 'Carol Clay', 'Alex Admin']);
    expect(['1', '2', '3', '4'].map((id) => ordersOf(id).length)).toEqual([8, 3, 4, 1]);
    const newest = new Set(
      ordersOf('1')
        .slice(-3)
        .map(({ id }) => id),
    );
    const methods = payments.filter(({ orderId }) => newest.has(orderId)).map(({ method }) => method.__typename);
    expect(methods.sort()).toEqual(['Card', 'GiftCard', 'Transfer']);
  });
});
