import { Kind } from 'graphql';
import type { DocumentNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql';
import { fragmentsOf } from '../core/fragments.ts';

/** What of one response name meets in one place of the answer. */
interface Group {
  fields: number;
  readonly sets: SelectionSetNode[];
}

/**
 * How many pairs of fields of one response name, and how many pairs of spreads, meet in one place of the answer, over a
 * whole document: validation compares them (GraphQL specification, section 5.3.2), planning and execution merge them.
 * Type conditions are not looked at. Infinity when more than `maxSelections` have to be visited, which after
 * `measureDocument` only fragments within themselves can bring about; deeper than `maxDepth` nothing is visited.
 */
export function countMergePairs(
  document: DocumentNode,
  { maxSelections, maxDepth }: { readonly maxSelections: number; readonly maxDepth: number },
): number {
  const fragments = fragmentsOf(document);
  const reached = new Set<FragmentDefinitionNode>();
  let visited = 0;
  let pairs = 0;

  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) merge([definition.selectionSet], 1);
  }
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION && !reached.has(definition)) merge([definition.selectionSet], 1);
  }
  return visited > maxSelections ? Infinity : pairs;

  function merge(sets: readonly SelectionSetNode[], level: number): void {
    const groups = new Map<string, Group>();
    let spreads = 0;
    for (const set of sets) collect(set, level);
    pairs += pairsOf(spreads);
    for (const { fields, sets: inner } of groups.values()) {
      pairs += pairsOf(fields);
      if (inner.length > 0) merge(inner, level + 1);
    }

    function collect({ selections }: SelectionSetNode, depth: number): void {
      if (depth > maxDepth) return;
      for (const selection of selections) {
        if (++visited > maxSelections) return;
        if (selection.kind === Kind.INLINE_FRAGMENT) {
          collect(selection.selectionSet, depth + 1);
        } else if (selection.kind === Kind.FRAGMENT_SPREAD) {
          spreads++;
          const fragment = fragments.get(selection.name.value);
          if (fragment === undefined) continue;
          reached.add(fragment);
          collect(fragment.selectionSet, depth + 1);
        } else {
          const responseName = selection.alias?.value ?? selection.name.value;
          const group = groups.get(responseName) ?? { fields: 0, sets: [] };
          groups.set(responseName, group);
          group.fields++;
          if (selection.selectionSet !== undefined) group.sets.push(selection.selectionSet);
        }
      }
    }
  }
}

function pairsOf(count: number): number {
  return (count * (count - 1)) / 2;
}
