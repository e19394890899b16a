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
  }): AskedOperation;
}

const MAX_OPERATIONS = 1_000;

export function createOperationCache(): OperationCache {
  const operations = new LRUCache<string, AskedOperation>({ max: MAX_OPERATIONS });
  return {
    get({ schema, document, operation, queryHash }) {
      const key = `${queryHash} ${operation.name?.value ?? ''}`;
      let asked = operations.get(key);
      if (asked === undefined) {
        asked = createAskedOperation(schema, document, operation, nameFields(document));
        operations.set(key, asked);
      }
      return asked;
    },
  };
}
