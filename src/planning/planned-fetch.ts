import { Kind, parse } from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  InlineFragmentNode,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from '../core/fragments.ts';
import type { FetchNode } from '../supergraph/supergraph.ts';
import type { PossibleTypes } from './answer-shape.ts';
import type { ResponsePath } from './fetch-plan.ts';
import { requiredSelection, rewriteRequired } from './required-selection.ts';
import type { RequiredSelection } from './required-selection.ts';

/** A fetch as the planner means it, read out of its texts. */
export interface PlannedFetch extends ParsedOperation {
  readonly node: FetchNode;
  readonly path: ResponsePath;
  /** Indexes of the fetches that come before this one in some Sequence. */
  readonly earlier: readonly number[];
  /** An entity fetch: what it hands over, and what it asks of entities. */
  readonly entities: Entities | undefined;
}

export interface Entities {
  readonly required: RequiredSelection;
  readonly selectionSet: SelectionSetNode;
  readonly leaves: readonly Leaf[];
}

/** A field of an entity with the fragments it stands in, the outermost first. */
export interface Leaf {
  /** The innermost of their type conditions. */
  readonly typeName: string;
  readonly field: FieldNode;
  readonly fragments: readonly Omit<InlineFragmentNode, 'selectionSet'>[];
}

export interface ParsedOperation {
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

export function plannedFetch(
  node: FetchNode,
  place: Pick<PlannedFetch, 'path' | 'earlier'>,
  possibleTypes: PossibleTypes,
): PlannedFetch {
  const parsed = parsedOperation(node.operationDocumentNode ?? parse(node.operation, { noLocation: true }));
  if (node.requires === undefined) return { ...place, ...parsed, node, entities: undefined };
  const required = requiredSelection(node.requires, possibleTypes);
  rewriteRequired(required, node.inputRewrites ?? [], possibleTypes);
  const [field] = parsed.operation.selectionSet.selections;
  if (field?.kind !== Kind.FIELD || field.selectionSet === undefined) {
    throw new Error('The planner wrote an entity fetch that does not select _entities');
  }
  const leaves = leavesOf(field.selectionSet, parsed.fragments, []);
  return { ...place, ...parsed, node, entities: { required, selectionSet: field.selectionSet, leaves } };
}

export function parsedOperation(document: DocumentNode): ParsedOperation {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('Expected a document with an operation');
  return { operation, fragments: fragmentsOf(document) };
}

/** The selection set that has these leaves. */
export function selectionOf(leaves: readonly Leaf[]): SelectionSetNode {
  const selections = leaves.map(({ field, fragments }) =>
    fragments.reduceRight<FieldNode | InlineFragmentNode>(
      (inner, fragment) => ({ ...fragment, selectionSet: { kind: Kind.SELECTION_SET, selections: [inner] } }),
      field,
    ),
  );
  return { kind: Kind.SELECTION_SET, selections };
}

function leavesOf(
  { selections }: SelectionSetNode,
  named: ReadonlyMap<string, FragmentDefinitionNode>,
  around: Leaf['fragments'],
): Leaf[] {
  return selections.flatMap((selection): Leaf[] => {
    if (selection.kind === Kind.FIELD) {
      const typeName = around.findLast(({ typeCondition }) => typeCondition !== undefined)?.typeCondition?.name.value;
      return [{ typeName: typeName ?? '', field: selection, fragments: around }];
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? named.get(selection.name.value) : selection;
    if (fragment === undefined) return [];
    const { typeCondition, selectionSet } = fragment;
    const wrapper: Leaf['fragments'][number] = {
      kind: Kind.INLINE_FRAGMENT,
      ...(typeCondition === undefined ? {} : { typeCondition }),
      ...(selection.directives === undefined ? {} : { directives: selection.directives }),
    };
    return leavesOf(selectionSet, named, [...around, wrapper]);
  });
}
