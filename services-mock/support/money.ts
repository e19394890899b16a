/** The schema's `Money`: `amount` is in the currency's minor unit. */
export interface Money {
  readonly amount: number;
  readonly currency: string;
}

/** The shop has one currency. */
export function euros(cents: number): Money {
  return { amount: cents, currency: 'EUR' };
}
