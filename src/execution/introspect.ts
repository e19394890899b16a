import { executeSync, Kind, OperationTypeNode } from 'graphql';
import type { OperationDefinitionNode } from 'graphql';
import type { AskedOperation, ResponseShape } from './asked-operation.ts';

/** Answers `__schema` and `__type` from the API schema, by response name; no subgraph is asked. */
export function introspect(
  { schema, operation, fragments }: AskedOperation,
  { rootType, selection }: ResponseShape,
  variables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const selections = selection
    .fieldsOf(rootType)
    .filter(({ name }) => name === '__schema' || name === '__type')
    .flatMap(({ nodes }) => nodes);
  const introspection: OperationDefinitionNode = {
    ...operation,
    operation: OperationTypeNode.QUERY,
    directives: [],
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  };
  const document = { kind: Kind.DOCUMENT, definitions: [introspection, ...fragments.values()] } as const;
  return executeSync({ schema, document, variableValues: variables }).data ?? {};
}
