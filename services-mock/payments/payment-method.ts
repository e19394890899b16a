import { badUserInput } from '../support/errors.ts';
import type { PaymentMethod } from './data.ts';

/** The schema's input: exactly one of the members is to be given. */
export interface PaymentMethodInput {
  readonly card?: { readonly brand: string; readonly last4: string } | null;
  readonly transfer?: { readonly bank: string } | null;
  readonly giftCard?: { readonly code: string } | null;
}

/** @throws GraphQLError with code BAD_USER_INPUT. */
export function parsePaymentMethod({ card, transfer, giftCard }: PaymentMethodInput): PaymentMethod {
  const given = [card, transfer, giftCard].filter((one) => one !== undefined && one !== null);
  if (given.length !== 1) {
    throw badUserInput(
      `"method" must have exactly one of "card", "transfer" and "giftCard", but got: ${String(given.length)}`,
    );
  }
  if (card) {
    if (!/^\d{4}$/.test(card.last4)) throw badUserInput('"last4" must be four digits');
    return { __typename: 'Card', brand: checkedName('brand', card.brand), last4: card.last4 };
  }
  if (transfer) return { __typename: 'Transfer', bank: checkedName('bank', transfer.bank) };
  const code = giftCard?.code ?? '';
  if (!/^GIFT-\d{4}-[A-Z0-9]{4}$/.test(code)) throw badUserInput('"code" must look like GIFT-2025-ABCD');
  return { __typename: 'GiftCard', code };
}

function checkedName(field: string, text: string): string {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > 50) {
    throw badUserInput(`"${field}" must have 1 to 50 characters, but got: ${String(trimmed.length)}`);
  }
  return trimmed;
}
