import { doTypesOverlap, getNamedType, Kind, visit } from 'graphql';
import type {
  DefinitionNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  InlineFragmentNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { RequestError } from '../core/errors.ts';
import { fragmentsOf } from '../core/fragments.ts';
import { isIncluded } from '../core/is-included.ts';
import { emptyPlaceholder } from '../core/reserved-names.ts';
import type { Asked, Denials, Postponements } from './decide-fields.ts';
import { fieldOf, possibleTypes, typeNamed } from './schema-types.ts';

export interface PrunedOperation {
  readonly operation: OperationDefinitionNode;
  /** Those the operation spreads, directly or through others. */
  readonly fragments: readonly FragmentDefinitionNode[];
}

/**
 * By how many selections an operation may grow when its fields are split by type: types multiply with depth, so it
 * could otherwise grow without bound.
 */
const maxGrowth = 10_000;

const placeholder: SelectionSetNode = {
  kind: Kind.SELECTION_SET,
  selections: [
    {
      kind: Kind.FIELD,
      alias: { kind: Kind.NAME, value: emptyPlaceholder },
      name: { kind: Kind.NAME, value: '__typename' },
    },
  ],
};

/**
 * The operation less what is denied, with only the fragments and variables it still uses. A field that only some
 * types of its parent may show is asked for on the others: `... on User { email }`. A selection set of which nothing
 * is left asks for `__typename` under a reserved name. What `@skip` and `@include` leave out is dropped as well, so
 * that every remaining field is one the rules were asked about.
 *
 * Beside a field that is decided later stands what its rules read of the parent.
 *
 * Each selection set is rewritten once per type it stands on, fragments once. Splitting may join fields whose types
 * differ in nullability, which the query planner gives private names.
 *
 * @throws RequestError BAD_REQUEST when splitting by type makes the operation too large
 */
export function prune(
  { schema, document, operation, variables }: Asked,
  denials: Denials,
  postponed: Postponements,
): PrunedOperation {
  const fragments = fragmentsOf(document);
  const rewritten = new Map<SelectionSetNode, Map<string, SelectionSetNode | undefined>>();
  const sizes = new Map<SelectionSetNode, number>();
  let budget = maxGrowth + sizeOf(document);

  const rootName = schema.getRootType(operation.operation)?.name ?? '';
  const selectionSet = rewrite(operation.selectionSet, rootName) ?? placeholder;
  return withUsedDefinitions(charged({ ...operation, selectionSet }), (name) => {
    const fragment = fragments.get(name);
    const left = fragment && rewrite(fragment.selectionSet, fragment.typeCondition.name.value);
    return fragment && left && charged({ ...fragment, selectionSet: left });
  });

  /** Undefined when nothing is left. */
  function rewrite(selectionSet: SelectionSetNode, parentName: string): SelectionSetNode | undefined {
    const byParent = rewritten.get(selectionSet) ?? new Map<string, SelectionSetNode | undefined>();
    rewritten.set(selectionSet, byParent);
    if (byParent.has(parentName)) return byParent.get(parentName);
    const selections = selectionSet.selections.flatMap((selection) => rewriteSelection(selection, parentName));
    const left = selections.length === 0 ? undefined : { ...selectionSet, selections };
    byParent.set(parentName, left);
    return left;
  }

  function rewriteSelection(selection: SelectionNode, parentName: string): readonly SelectionNode[] {
    if (!isIncluded(selection, variables)) return [];
    switch (selection.kind) {
      case Kind.FIELD:
        return rewriteField(selection, parentName);
      case Kind.INLINE_FRAGMENT: {
        const typeName = selection.typeCondition?.name.value ?? parentName;
        const left = canBe(parentName, typeName) ? rewrite(selection.selectionSet, typeName) : undefined;
        return left === undefined ? [] : [{ ...selection, selectionSet: left }];
      }
      default: {
        const fragment = fragments.get(selection.name.value);
        if (fragment === undefined) return [];
        const typeName = fragment.typeCondition.name.value;
        const isLeft = canBe(parentName, typeName) && rewrite(fragment.selectionSet, typeName) !== undefined;
        return isLeft ? [selection] : [];
      }
    }
  }

  function rewriteField(node: FieldNode, parentName: string): readonly SelectionNode[] {
    if (node.name.value.startsWith('__')) return [node];
    const denied = denials.get(node);
    const parents = possibleTypes(schema, parentName);
    const allowed = denied === undefined ? parents : parents.filter((parent) => !denied.has(parent.name));
    const read = allowed.flatMap((parent) => {
      const fragments =
        postponed
          .get(node)
          ?.get(parent.name)
          ?.leaves.flatMap(({ fragment }) => fragment ?? []) ?? [];
      return fragments.map(({ typeName, selectionSet }) => on(typeName, on(parent.name, ...selectionSet.selections)));
    });
    // Which of the types it is decides what is asked.
    const readAs = read.length > 0 && parents.length > 1 ? [typeNameField, ...read] : read;
    if (allowed.length === parents.length) return [rewriteBelow(node, parentName), ...readAs];
    return [...allowed.map((parent) => on(parent.name, rewriteBelow(node, parent.name))), ...readAs];
  }

  /** The same field on a parent of a type that may be narrower than the one it was written for. */
  function rewriteBelow(node: FieldNode, parentName: string): FieldNode {
    if (node.selectionSet === undefined) return node;
    const type = getNamedType(fieldOf(schema, parentName, node).type);
    return { ...node, selectionSet: rewrite(node.selectionSet, type.name) ?? placeholder };
  }

  function canBe(parentName: string, typeName: string): boolean {
    return doTypesOverlap(schema, typeNamed(schema, parentName), typeNamed(schema, typeName));
  }

  /** Rewritten selection sets are shared, so their size has to be known before anything walks them as a tree. */
  function charged<T extends SelectionNode | DefinitionNode>(node: T): T {
    budget -= sizeOf(node);
    if (budget >= 0) return node;
    throw new RequestError('BAD_REQUEST', 'Too much is selected on interfaces whose types have different permissions.');
  }

  function sizeOf(node: SelectionNode | DefinitionNode | DocumentNode): number {
    if (node.kind === Kind.DOCUMENT) return node.definitions.reduce((sum, each) => sum + sizeOf(each), 0);
    if (!('selectionSet' in node) || node.selectionSet === undefined) return 1;
    const { selectionSet } = node;
    const size = sizes.get(selectionSet) ?? selectionSet.selections.reduce((sum, each) => sum + sizeOf(each), 0);
    sizes.set(selectionSet, size);
    return 1 + size;
  }
}

const typeNameField: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

function on(typeName: string, ...selections: readonly SelectionNode[]): InlineFragmentNode {
  return {
    kind: Kind.INLINE_FRAGMENT,
    typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: typeName } },
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  };
}

/** Adds the fragments the operation spreads, directly or not, and keeps only the variables they all use. */
function withUsedDefinitions(
  operation: OperationDefinitionNode,
  fragmentNamed: (name: string) => FragmentDefinitionNode | undefined,
): PrunedOperation {
  const { variableDefinitions: _, ...withoutVariables } = operation;
  const variables = new Set<string>();
  const fragments = new Map<string, FragmentDefinitionNode>();
  const unread: DefinitionNode[] = [withoutVariables];
  for (let definition = unread.pop(); definition !== undefined; definition = unread.pop()) {
    visit(definition, {
      Variable: (node) => void variables.add(node.name.value),
      FragmentSpread(node) {
        const fragment = fragments.has(node.name.value) ? undefined : fragmentNamed(node.name.value);
        if (fragment === undefined) return;
        fragments.set(node.name.value, fragment);
        unread.push(fragment);
      },
    });
  }
  const variableDefinitions = (operation.variableDefinitions ?? []).filter((definition) =>
    variables.has(definition.variable.name.value),
  );
  return { operation: { ...operation, variableDefinitions }, fragments: [...fragments.values()] };
}
