import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { nameFields } from '../planning/normalise-operation.ts';
import { createAskedOperation } from './asked-operation.ts';
import type { AskedOperation } from './asked-operation.ts';

/** The operations clients ask, by their text. */
export interface OperationCache {
  get(request: {
    readonly schema: GraphQLSchema;
    readonly document: DocumentNode;
    readonly operation: OperationDefinitionNode;
    /** A hash of the document's text. */
    readonly queryHash: string;
    readonly source: string;
  }): AskedOperation;
}

/** In characters of the documents' texts, which what is worked out for them grows with. */
const MAX_TEXT = 4_000_000;

export function createOperationCache(): OperationCache {
  const operations = new LRUCache<string, AskedOperation>({ maxSize: MAX_TEXT });
  return {
    get({ schema, document, operation, queryHash, source }) {
      const key = `${queryHash} ${operation.name?.value ?? ''}`;
      let asked = operations.get(key);
      if (asked === undefined) {
        asked = createAskedOperation(schema, document, operation, nameFields(document));
        operations.set(key, asked, { size: source.length + 1 });
      }
      return asked;
    },
  };
}
