import { getArgumentValues } from 'graphql';
import type { FieldNode, GraphQLError, GraphQLField } from 'graphql';
import type { MutatedField } from '../cache/mutation-invalidation.ts';
import type { AskedOperation } from './asked-operation.ts';

/** A subgraph that could not tell how it went, or for which a proxy has told something, may have done it. */
const uncertain: readonly unknown[] = [
  'SUBGRAPH_TIMEOUT',
  'SUBGRAPH_UNREACHABLE',
  'SUBGRAPH_HTTP_ERROR',
  'SUBGRAPH_INVALID_RESPONSE',
];

/** The fields of a mutation that have run, or may have: all but those that are null with an error of their own. */
export function mutatedFields(
  asked: AskedOperation,
  variables: Readonly<Record<string, unknown>>,
  data: Readonly<Record<string, unknown>> | null | undefined,
  errors: readonly GraphQLError[],
): MutatedField[] {
  const { rootType, selection } = asked.shapeFor(variables);
  const definitions = rootType.getFields();
  return selection.fieldsOf(rootType).flatMap(({ name, responseName, nodes }): MutatedField[] => {
    const [node] = nodes;
    const definition = definitions[name];
    if (node === undefined || definition === undefined) return [];
    const isRefused = errors.some(
      ({ path, extensions }) =>
        path?.[0] === responseName && path.length === 1 && !uncertain.includes(extensions['code']),
    );
    const hasValue = data?.[responseName] !== undefined && data[responseName] !== null;
    return isRefused && !hasValue ? [] : [{ name, args: argumentsOf(definition, node, variables) }];
  });
}

/** What they cannot be coerced to, a subgraph has accepted all the same. */
function argumentsOf(
  definition: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Readonly<Record<string, unknown>>,
): MutatedField['args'] {
  try {
    return getArgumentValues(definition, node, variables);
  } catch {
    return {};
  }
}
