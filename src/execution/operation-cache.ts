import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { FieldNames } from '../planning/field-names.ts';
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

/** Response names as the client gave them. */
const clientNames: FieldNames = { of: ({ alias, name }) => alias?.value ?? name.value };

const MAX_OPERATIONS = 1_000;

export function createOperationCache(): OperationCache {
  const operations = new LRUCache<string, AskedOperation>({ max: MAX_OPERATIONS });
  return {
    get({ schema, document, operation, queryHash }) {
      const key = `${queryHash} ${operation.name?.value ?? ''}`;
      let asked = operations.get(key);
      if (asked === undefined) {
        asked = createAskedOperation(schema, document, operation, clientNames);
        operations.set(key, asked);
      }
      return asked;
    },
  };
}
