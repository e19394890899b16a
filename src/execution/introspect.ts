import { executeSync, Kind, OperationTypeNode } from 'graphql';
import type { FragmentDefinitionNode, GraphQLObjectType, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Selection } from './collect-fields.ts';

/** Answers `__schema` and `__type` from the API schema, by response name; no subgraph is asked. */
export function introspect(
  schema: GraphQLSchema,
  rootType: GraphQLObjectType,
  selection: Selection,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  variables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const selections = selection
    .fieldsOf(rootType)
    .filter(({ name }) => name === '__schema' || name === '__type')
    .flatMap(({ nodes }) => nodes);
  if (selections.length === 0) return {};
  const { data } = executeSync({
    schema,
    document: {
      kind: Kind.DOCUMENT,
      definitions: [
        {
          ...operation,
          operation: OperationTypeNode.QUERY,
          directives: [],
          selectionSet: { kind: Kind.SELECTION_SET, selections },
        },
        ...fragments.values(),
      ],
    },
    variableValues: variables,
  });
  return data ?? {};
}
