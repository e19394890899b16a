import { getNamedType, isCompositeType, Kind } from 'graphql';
import type { FieldNode, SelectionSetNode } from 'graphql';
import { fieldOf, possibleTypes } from '../authorization/schema-types.ts';
import { fragmentsOf } from '../core/fragments.ts';
import { isIncluded } from '../core/is-included.ts';
import type { LimitedOperation } from './operation-limiter.ts';

type Counted = Pick<LimitedOperation, 'schema' | 'document' | 'operation' | 'variables' | 'isDenied'>;

/**
 * How often an operation asks for each of the fields (`Type.field`): once for every place of the answer, however many
 * items a list will have there, so that aliases count. Takes a step for each selection of the operation with its
 * fragments spread, which the operation limits bound.
 */
export function countCalls(counted: Counted, fields: readonly string[]): ReadonlyMap<string, number> {
  const { schema, document, operation, variables, isDenied } = counted;
  const fragments = fragmentsOf(document);
  const wanted = fields.map((field) => ({ field, at: field.split('.') }));
  const calls = new Map<string, number>();
  const root = schema.getRootType(operation.operation);
  if (root) visit([[operation.selectionSet, root.name]]);
  return calls;

  /** Selection sets that stand on the same place of the answer, with the types they are written for. */
  function visit(sets: readonly (readonly [SelectionSetNode, string])[]): void {
    const places = new Map<string, (readonly [FieldNode, string])[]>();
    for (const [set, typeName] of sets) collect(set, typeName, places);
    for (const nodes of places.values()) {
      for (const { field, at } of wanted) {
        const [typeName = '', name] = at;
        const isCalled = nodes.some(
          ([node, parent]) => node.name.value === name && canBe(parent, typeName) && !isDenied(typeName, node),
        );
        if (isCalled) calls.set(field, (calls.get(field) ?? 0) + 1);
      }
      const below = nodes.flatMap(([node, parent]) => selectionBelow(node, parent));
      if (below.length > 0) visit(below);
    }
  }

  function collect(set: SelectionSetNode, typeName: string, into: Map<string, (readonly [FieldNode, string])[]>): void {
    for (const selection of set.selections) {
      if (!isIncluded(selection, variables)) continue;
      if (selection.kind === Kind.FIELD) {
        const responseName = selection.alias?.value ?? selection.name.value;
        const known = into.get(responseName);
        if (known === undefined) into.set(responseName, [[selection, typeName]]);
        else known.push([selection, typeName]);
        continue;
      }
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (fragment !== undefined) collect(fragment.selectionSet, fragment.typeCondition?.name.value ?? typeName, into);
    }
  }

  function selectionBelow(node: FieldNode, parent: string): (readonly [SelectionSetNode, string])[] {
    if (node.selectionSet === undefined || node.name.value.startsWith('__')) return [];
    if (possibleTypes(schema, parent).every(({ name }) => isDenied(name, node))) return [];
    const type = getNamedType(fieldOf(schema, parent, node).type);
    return isCompositeType(type) ? [[node.selectionSet, type.name]] : [];
  }

  function canBe(parent: string, typeName: string): boolean {
    return parent === typeName || possibleTypes(schema, parent).some(({ name }) => name === typeName);
  }
}
