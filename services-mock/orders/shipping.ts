import { euros } from '../support/money.ts';
import type { Money } from '../support/money.ts';

export type ShippingSpeed = 'STANDARD' | 'EXPRESS';

/** What shipping has to know about a piece of goods. */
export interface Shippable {
  readonly price: Money;
  readonly weightGrams: number;
  readonly bulky: boolean;
}

/**
 * 3.90 EUR and 0.50 EUR for every kilogram begun; free from a price of 100 EUR. Bulky goods cost 25 EUR more, which is
 * never free; express doubles everything and costs at least 9.90 EUR.
 */
export function shippingEstimate({ price, weightGrams, bulky }: Shippable, speed: ShippingSpeed): Money {
  const parcel = price.amount >= 10_000 ? 0 : 390 + 50 * Math.ceil(weightGrams / 1_000);
  const standard = parcel + (bulky ? 2_500 : 0);
  return euros(speed === 'STANDARD' ? standard : Math.max(2 * standard, 990));
}
