import { Kind } from 'graphql';
import type { DocumentNode } from 'graphql';
import { RequestError } from './errors.ts';
import { visitSelections } from './visit-selections.ts';

/**
 * Response names Atrium adds to what it fetches begin with this. GraphQL reserves leading `__` for introspection
 * (section 2.1.9), so no field of a schema can have such a name; only an alias of a client could.
 */
export const reservedPrefix = '__atrium_';

/** Stands for a selection set of which nothing is left: `__atrium_empty: __typename`. */
export const emptyPlaceholder = `${reservedPrefix}empty`;

/** Documents are immutable and servers keep the parsed ones: each is walked once. */
const checked = new WeakSet<DocumentNode>();

/** @throws RequestError BAD_REQUEST when a client's response name begins with the reserved prefix. */
export function refuseReservedNames(document: DocumentNode): void {
  if (checked.has(document)) return;
  visitSelections(document, (selection) => {
    if (selection.kind !== Kind.FIELD || selection.alias?.value.startsWith(reservedPrefix) !== true) return;
    throw new RequestError(
      'BAD_REQUEST',
      `Response names that begin with "${reservedPrefix}" are reserved, got "${selection.alias.value}".`,
    );
  });
  checked.add(document);
}
