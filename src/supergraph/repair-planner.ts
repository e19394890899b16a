import { federationMetadata, Field, isCompositeType, MapWithCachedArrays } from '@apollo/federation-internals';
import type { CompositeType, SelectionSet } from '@apollo/federation-internals';

/**
 * Makes chains of `@requires` plan right with `@apollo/query-planner` 2.14.4, and planning end. See docs/decisions.
 *
 * The planner moves what a `@requires` needs into the fetch before it when that fetch's subgraph has the fields in its
 * schema; but `@external` fields are there too, and asking for them where they are external brings nothing.
 */
export function repairPlanner(): void {
  // eslint-disable-next-line typescript/unbound-method -- it is called with the field it belongs to
  const { typeIfAddedTo } = Field.prototype;
  Field.prototype.typeIfAddedTo = function refuseExternal(parentType: CompositeType) {
    const type = typeIfAddedTo.call(this, parentType);
    if (type === undefined || parentType === this.definition.parent || this.name === '__typename') return type;
    return isExternal(parentType, this.name) ? undefined : type;
  };

  // The planner's own classes are not exported; every plan begins with a fetch group in a map that is.
  // eslint-disable-next-line typescript/unbound-method -- it is called with the map it belongs to
  const { set } = MapWithCachedArrays.prototype;
  MapWithCachedArrays.prototype.set = function findFetchGroup(key: unknown, value: unknown) {
    if (isFetchGroup(value)) {
      MapWithCachedArrays.prototype.set = set;
      repairFetchGroups(Object.getPrototypeOf(value), Object.getPrototypeOf(value.dependencyGraph));
    }
    return set.call(this, key, value);
  };
}

/** What is used here of the planner's FetchGroup and FetchDependencyGraph. */
interface FetchGroup {
  readonly dependencyGraph: object;
  readonly parentType: CompositeType;
  readonly inputs: { selectionSets(): readonly SelectionSet[] } | undefined;
  canMergeChildIn(child: FetchGroup): boolean;
  mergeInWithAllDependencies(equal: FetchGroup): void;
  isDescendantOf(ancestor: FetchGroup): boolean;
  children(): readonly FetchGroup[];
  removeChild(child: FetchGroup): void;
}

function isFetchGroup(value: unknown): value is FetchGroup {
  return typeof value === 'object' && value !== null && 'canMergeChildIn' in value && 'dependencyGraph' in value;
}

function repairFetchGroups(
  fetchGroup: FetchGroup,
  dependencyGraph: { dfsRemoveRedundantEdges(from: FetchGroup): void },
): void {
  // eslint-disable-next-line typescript/unbound-method -- it is called with the group it belongs to
  const { canMergeChildIn, mergeInWithAllDependencies } = fetchGroup;
  // A fetch that hands over what its subgraph cannot know stays a fetch of its own.
  fetchGroup.canMergeChildIn = function refuseHandedOver(child) {
    return canMergeChildIn.call(this, child) && !needsExternal(child);
  };
  // Merged into what comes after it, a fetch would wait for itself.
  fetchGroup.mergeInWithAllDependencies = function refuseEarlier(equal) {
    if (!this.isDescendantOf(equal)) mergeInWithAllDependencies.call(this, equal);
  };
  // The planner's own walks have no memory: exponential where paths meet again, endless in a cycle. This one decides
  // who becomes a parent in such a merge, which a fetch must not be of itself either.
  fetchGroup.isDescendantOf = function isItselfOrBelow(ancestor) {
    return this === ancestor || descendants(ancestor).has(this);
  };
  dependencyGraph.dfsRemoveRedundantEdges = (from) => {
    for (const start of from.children()) for (const group of descendants(start)) from.removeChild(group);
  };
}

function descendants(group: FetchGroup): ReadonlySet<FetchGroup> {
  const found = new Set(group.children());
  for (const one of found) for (const child of one.children()) found.add(child);
  return found;
}

function needsExternal({ inputs, parentType }: FetchGroup): boolean {
  const schema = parentType.schema();
  const needs = (selectionSet: SelectionSet): boolean => {
    const type = schema.type(selectionSet.parentType.name);
    return selectionSet.selections().some((selection) => {
      if (selection.kind === 'FragmentSelection') return needs(selection.selectionSet);
      return type !== undefined && isCompositeType(type) && isExternal(type, selection.element.name);
    });
  };
  return inputs?.selectionSets().some(needs) === true;
}

function isExternal(type: CompositeType, fieldName: string): boolean {
  const field = type.field(fieldName);
  return field !== undefined && federationMetadata(type.schema())?.isFieldExternal(field) === true;
}
