import { Kind } from 'graphql';
import type { FieldNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import type { PossibleTypes } from './answer-shape.ts';
import type { ResponsePath } from './fetch-plan.ts';
import type { Entities, Leaf, ParsedOperation, PlannedFetch } from './planned-fetch.ts';
import { fieldsFor, representedFields } from './required-selection.ts';
import type { RequiredSelection } from './required-selection.ts';

/** Object types of which nobody wants a field that a fetch asks for. */
export type UnwantedTypes = (leaf: Leaf) => ReadonlySet<string>;

type Supergraph = Pick<BuiltSupergraph, 'possibleTypes' | 'interfaceObjects' | 'privateFields'>;

const nothing: ReadonlySet<string> = new Set();

/**
 * The planner forgets types on its way through an interface object: what is wanted of objects of some types it asks of all,
 * and so it does with what is required for that. What is wanted: what the client asks for, and what the fetches need that
 * bring something wanted.
 */
export function unwantedTypes(
  fetches: readonly PlannedFetch[],
  asked: ParsedOperation,
  { possibleTypes, interfaceObjects, privateFields }: Supergraph,
): UnwantedTypes {
  const unwanted = new Map<Leaf, ReadonlySet<string>>();
  const isWanted = (leaf: Leaf, typeName: string): boolean => unwanted.get(leaf)?.has(typeName) !== true;
  const contextual = new Set(
    fetches.flatMap(({ node }) => (node.contextRewrites ?? []).flatMap(({ path }) => path.map(String))),
  );

  /** The keys that a fetch needs of an object it is asked for. */
  const keysNeeded = ({ node }: PlannedFetch, { required, leaves }: Entities, typeName: string): string[] => {
    const applying = leaves.filter((leaf) => leaf.typeName === '' || possibleTypes(leaf.typeName).has(typeName));
    const ownOf = (some: readonly Leaf[]): ReadonlySet<string> =>
      new Set(
        some.flatMap((leaf) => [
          ...privateFields.requiredBy(node.serviceName, leaf.typeName, leaf.field.name.value).own,
        ]),
      );
    const wanted = applying.filter((leaf) => isWanted(leaf, typeName));
    if (wanted.length === 0) return [];
    const needless = ownOf(applying.filter((leaf) => !isWanted(leaf, typeName))).difference(ownOf(wanted));
    const fields = representedFields(required, typeName) ?? [];
    return fields.filter(({ key }) => !needless.has(key)).map(({ responseName }) => responseName);
  };

  const keysWanted = (path: ResponsePath, typeName: string): ReadonlySet<string> => {
    const names = path.filter((element) => element !== '@');
    const keys = new Set(keysAsked(asked, names, typeName, possibleTypes));
    for (const fetch of fetches) {
      if (fetch.entities === undefined) continue;
      const above = fetch.path.filter((element) => element !== '@');
      if (!above.every((name, index) => names[index] === name)) continue;
      const below = names.slice(above.length);
      const needed =
        below.length === 0
          ? keysNeeded(fetch, fetch.entities, typeName)
          : requiredBelow(fetch.entities.required, below).flatMap((selection) =>
              fieldsFor(selection, typeName).map(({ responseName }) => responseName),
            );
      for (const key of needed) keys.add(key);
    }
    return keys;
  };

  /** Says whether something is unwanted that was not known to be. */
  const narrow = ({ path }: PlannedFetch, { required }: Entities, leaves: readonly Leaf[]): boolean => {
    const objects = [...new Set(required.typed.flatMap(({ types }) => [...types]))].filter(
      (typeName) => !interfaceObjects.has(typeName) && representedFields(required, typeName) !== undefined,
    );
    const wanted = new Map(objects.map((typeName) => [typeName, keysWanted(path, typeName)]));
    const narrowed = leaves.filter((leaf) => {
      const applying = objects.filter((typeName) => possibleTypes(leaf.typeName).has(typeName));
      const without = applying.filter((typeName) => wanted.get(typeName)?.has(keyOf(leaf.field)) !== true);
      const isMore = without.length > (unwanted.get(leaf)?.size ?? 0);
      // What seems to be wanted of nothing has a reason that is not known here.
      if (!isMore || without.length === applying.length) return false;
      unwanted.set(leaf, new Set(without));
      return true;
    });
    return narrowed.length > 0;
  };

  const open = fetches.flatMap((fetch) => {
    const { entities } = fetch;
    const leaves = entities?.leaves.filter(
      ({ typeName, field }) =>
        interfaceObjects.has(typeName) && field.name.value !== '__typename' && !contextual.has(keyOf(field)),
    );
    return entities === undefined || leaves === undefined || leaves.length === 0 ? [] : { fetch, entities, leaves };
  });
  while (open.filter(({ fetch, entities, leaves }) => narrow(fetch, entities, leaves)).length > 0);
  return (leaf) => unwanted.get(leaf) ?? nothing;
}

function keyOf({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}

/** The keys that the operation asks for at a place, of objects of a type. */
function keysAsked(
  { operation, fragments }: ParsedOperation,
  names: readonly string[],
  typeName: string,
  possibleTypes: PossibleTypes,
): string[] {
  let sets = [operation.selectionSet];
  for (const name of names) {
    sets = sets
      .flatMap((set) => fieldsOf(set, fragments, () => true))
      .flatMap((field) => (keyOf(field) === name ? (field.selectionSet ?? []) : []));
  }
  const applies = (condition: string): boolean => possibleTypes(condition).has(typeName);
  return sets.flatMap((set) => fieldsOf(set, fragments, applies)).map(keyOf);
}

function fieldsOf(
  { selections }: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  applies: (condition: string) => boolean,
  spread = new Set<FragmentDefinitionNode>(),
): FieldNode[] {
  return selections.flatMap((selection): FieldNode[] => {
    if (selection.kind === Kind.FIELD) return [selection];
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
    const condition = fragment?.typeCondition?.name.value;
    if (fragment === undefined || (condition !== undefined && !applies(condition))) return [];
    if (fragment.kind === Kind.FRAGMENT_DEFINITION) {
      if (spread.has(fragment)) return [];
      spread.add(fragment);
    }
    return fieldsOf(fragment.selectionSet, fragments, applies, spread);
  });
}

function requiredBelow(required: RequiredSelection, [name, ...rest]: readonly string[]): RequiredSelection[] {
  if (name === undefined) return [required];
  const own = required.fields.flatMap(({ responseName, selection }) =>
    responseName === name && selection !== undefined ? requiredBelow(selection, rest) : [],
  );
  return [...own, ...required.typed.flatMap(({ selection }) => requiredBelow(selection, [name, ...rest]))];
}
