import type { FieldNode } from 'graphql';

/**
 * Under which name each field of an operation is fetched. Clients choose response names freely, also names of fields
 * that keys and `@requires` need, so none of theirs is used while data is gathered. Fields that the operation does not have
 * but that are fetched along get names of their own.
 */
export interface FieldNames {
  of(field: FieldNode): string;
}
