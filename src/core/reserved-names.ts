import { Kind } from 'graphql';
import type { DocumentNode, SelectionSetNode } from 'graphql';
import { RequestError } from './errors.ts';

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
  for (const definition of document.definitions) {
    if ('selectionSet' in definition && definition.selectionSet !== undefined) refuseIn(definition.selectionSet);
  }
  checked.add(document);
}

function refuseIn(selectionSet: SelectionSetNode): void {
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD && selection.alias?.value.startsWith(reservedPrefix) === true) {
      throw new RequestError(
        'BAD_REQUEST',
        `Response names that begin with "${reservedPrefix}" are reserved, got "${selection.alias.value}".`,
      );
    }
    if ('selectionSet' in selection && selection.selectionSet !== undefined) refuseIn(selection.selectionSet);
  }
}
