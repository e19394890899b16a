import { getNamedType, getOperationAST, isAbstractType, Kind, OperationTypeNode, print } from 'graphql';
import type {
  DirectiveNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLNamedType,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from '../core/fragments.ts';
import { reservedPrefix } from '../core/reserved-names.ts';
import { visitSelections } from '../core/visit-selections.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import type { FieldNames } from './field-names.ts';
import type { LiftedLiterals } from './lift-literals.ts';

/**
 * Names for the fields of a document, whatever its aliases: a field's own name, and for further uses of it with other
 * arguments one that no client can choose. The same leaf with the same arguments has one name. An object has one for each
 * of its response names, because a null that propagates from below belongs to one of them, and so has a root field of a
 * mutation, which is executed once for each.
 */
export function nameFields(document: DocumentNode): FieldNames {
  const effects = mutationFields(document);
  const keyOf = (field: FieldNode): string => {
    // What rules read has names of its own, so that nothing a client asks can stand for it.
    const isReserved = field.alias?.value.startsWith(reservedPrefix) === true;
    const isApart = field.selectionSet !== undefined || effects.has(field.name.value) || isReserved;
    const own = isApart ? responseName(field) : '';
    return `${own} ${field.name.value}(${(field.arguments ?? []).map(print).join()})`;
  };
  const variants = new Map<string, string[]>();
  visitSelections(document, (field) => {
    if (field.kind !== Kind.FIELD) return;
    const keys = variants.get(field.name.value) ?? [];
    variants.set(field.name.value, keys);
    const key = keyOf(field);
    if (keys.includes(key)) return;
    // Keys and `@requires` know fields without arguments by their own names.
    const place = key.endsWith('()') ? keys.findIndex((other) => !other.endsWith('()')) : -1;
    keys.splice(place === -1 ? keys.length : place, 0, key);
  });
  const names = new Map<string, string>();
  for (const [name, keys] of variants) {
    for (const [index, key] of keys.entries()) {
      names.set(key, index === 0 || name === '__typename' ? name : `${reservedPrefix}${index}_${name}`);
    }
  }
  return {
    of(field) {
      if (field.name.value === '__typename') return '__typename';
      const key = keyOf(field);
      const known = names.get(key);
      if (known !== undefined) return known;
      // Fetched beyond what the client asked: under a name that neither a client nor a key or `@requires` has.
      const keys = variants.get(field.name.value) ?? [];
      variants.set(field.name.value, [...keys, key]);
      const name = `${reservedPrefix}${keys.length + 1}_${field.name.value}`;
      names.set(key, name);
      return name;
    },
  };
}

/** One operation of a document as it is asked with certain variables. */
export interface OperationVariant {
  /** The document that was named, or what authorization left of it. */
  readonly document: DocumentNode;
  /** undefined: the document's only operation. */
  readonly operationName: string | undefined;
  readonly names: FieldNames;
  /** Whether a selection's own `@skip` and `@include` let it in. */
  readonly includes: (selection: SelectionNode) => boolean;
  /** Takes literals out of the operation; without it they stay. */
  readonly literals?: LiftedLiterals;
}

type NormalisingSupergraph = Pick<BuiltSupergraph, 'apiSchema' | 'possibleTypes' | 'interfaceObjects'>;

/**
 * What the planner is given: the operation with the fragments it uses, without its name, under the names given instead
 * of its aliases, without conditions and without what applies to no type that may stand in its place. Apollo's planner
 * runs a mutation's field twice that is asked once under a condition and once without, fetches what several conditions
 * leave out, and cannot plan some fragments that never apply. It also forgets fields of whose selections nothing is left:
 * those are asked for `__typename`. An interface object it cannot cast to another abstract type: such a fragment is asked
 * for each object type.
 */
export function normaliseOperation(
  { document, operationName, names, includes, literals }: OperationVariant,
  { apiSchema, possibleTypes, interfaceObjects }: NormalisingSupergraph,
): DocumentNode {
  const operation = getOperationAST(document, operationName);
  if (operation === null || operation === undefined) throw new Error('Expected an operation that the document has');
  const defined = fragmentsOf(document);
  /** By their names and the types that may stand where they are spread; undefined where nothing is left. */
  const variants = new Map<string, FragmentDefinitionNode | undefined>();
  const fragments: FragmentDefinitionNode[] = [];

  /** What a mutation runs, each once: the planner gathers the fields of fragments, but not in the order of the document. */
  const inOrder = (mutation: OperationDefinitionNode): SelectionSetNode => {
    const fields = Map.groupBy(rootFields(mutation, defined, includes), (field) => names.of(field));
    const selections = [...fields.values()].flatMap(([first, ...others]): FieldNode[] => {
      if (first?.selectionSet === undefined) return first === undefined ? [] : [first];
      const sets = [first, ...others].flatMap(({ selectionSet }) => selectionSet?.selections ?? []);
      return [{ ...first, selectionSet: { kind: Kind.SELECTION_SET, selections: sets } }];
    });
    return { kind: Kind.SELECTION_SET, selections };
  };

  const selectionSetOf = (set: SelectionSetNode, place: Place): SelectionSetNode | undefined => {
    if (place.possible?.size === 0) return undefined;
    const selections = set.selections
      .filter(includes)
      .flatMap((selection) => withoutCast(selection, place))
      .flatMap((selection) => selectionOf(selection, place) ?? []);
    return selections.length === 0 ? undefined : { kind: Kind.SELECTION_SET, selections };
  };

  const withoutCast = (selection: SelectionNode, { type, possible }: Place): readonly SelectionNode[] => {
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? defined.get(selection.name.value) : selection;
    if (fragment === undefined || fragment.kind === Kind.FIELD || !isAbstractType(type)) return [selection];
    const condition = fragment.typeCondition?.name.value ?? type.name;
    const isCast = condition !== type.name && isAbstractType(apiSchema.getType(condition));
    if (!isCast || !(interfaceObjects.has(type.name) || interfaceObjects.has(condition))) return [selection];
    const types = possibleTypes(condition).intersection(possible ?? possibleTypes(type.name));
    const visible = [...types].filter((value) => apiSchema.getType(value) !== undefined);
    return visible.map((value) => ({
      kind: Kind.INLINE_FRAGMENT,
      typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value } },
      selectionSet: { kind: Kind.SELECTION_SET, selections: [selection] },
    }));
  };

  const selectionOf = (selection: SelectionNode, place: Place): SelectionNode | undefined => {
    const directives = (selection.directives ?? []).filter((directive) => !isCondition(directive));
    switch (selection.kind) {
      case Kind.FIELD:
        return { ...fieldOf(selection, place), directives };
      case Kind.FRAGMENT_SPREAD: {
        const name = fragmentOf(selection.name.value, place)?.name;
        return name && { ...selection, directives, name };
      }
      case Kind.INLINE_FRAGMENT: {
        const { typeCondition } = selection;
        const inside = typeCondition === undefined ? place : narrowed(place, typeCondition.name.value);
        const selectionSet = selectionSetOf(selection.selectionSet, inside);
        return selectionSet && { ...selection, directives, selectionSet };
      }
    }
  };

  const fieldOf = (aliased: FieldNode, { type: parent }: Place): FieldNode => {
    const { alias: _, selectionSet, ...field } = aliased;
    const value = names.of(aliased);
    const named: FieldNode = value === field.name.value ? field : { ...field, alias: { kind: Kind.NAME, value } };
    const definition = parent !== undefined && 'getFields' in parent ? parent.getFields()[field.name.value] : undefined;
    const lifted = literals && definition && 'args' in definition ? literals.lift(named, definition) : named;
    if (selectionSet === undefined) return lifted;
    const type = definition && getNamedType(definition.type);
    const below: Place = { type, possible: type && possibleTypes(type.name) };
    return { ...lifted, selectionSet: selectionSetOf(selectionSet, below) ?? onlyTypeName };
  };

  const fragmentOf = (name: string, place: Place): FragmentDefinitionNode | undefined => {
    const definition = defined.get(name);
    if (definition === undefined) return undefined;
    const inside = narrowed(place, definition.typeCondition.name.value);
    const key = [name, ...(inside.possible ?? [])].join(' ');
    if (variants.has(key)) return variants.get(key);
    const selectionSet = selectionSetOf(definition.selectionSet, inside);
    const value = `f${fragments.length}`;
    const variant = selectionSet && { ...definition, name: { kind: Kind.NAME as const, value }, selectionSet };
    variants.set(key, variant);
    if (variant !== undefined) fragments.push(variant);
    return variant;
  };

  const narrowed = ({ possible: outside }: Place, condition: string): Place => {
    const own = possibleTypes(condition);
    const possible = outside?.intersection(own) ?? own;
    const [only = condition] = possible.size === 1 ? possible : [];
    return { type: apiSchema.getType(only) ?? apiSchema.getType(condition), possible };
  };

  const rootType = apiSchema.getRootType(operation.operation) ?? undefined;
  const place: Place = { type: rootType, possible: rootType && possibleTypes(rootType.name) };
  const { name: _, ...unnamed } = operation;
  const asked = operation.operation === OperationTypeNode.MUTATION ? inOrder(operation) : operation.selectionSet;
  const selectionSet = selectionSetOf(asked, place) ?? onlyTypeName;
  const variableDefinitions = [...(operation.variableDefinitions ?? []), ...(literals?.definitions ?? [])];
  return { kind: Kind.DOCUMENT, definitions: [{ ...unnamed, variableDefinitions, selectionSet }, ...fragments] };
}

/** Where a selection set stands; undefined below what the schema of clients does not have. */
interface Place {
  readonly type: GraphQLNamedType | undefined;
  /** The names of the object types that the objects there may have, among those of abstract types. */
  readonly possible: ReadonlySet<string> | undefined;
}

const onlyTypeName: SelectionSetNode = {
  kind: Kind.SELECTION_SET,
  selections: [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }],
};

/** The names of the fields that mutations of the document run. */
function mutationFields(document: DocumentNode): ReadonlySet<string> {
  const fragments = fragmentsOf(document);
  const names = document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION || definition.operation !== OperationTypeNode.MUTATION) return [];
    return rootFields(definition, fragments).map(({ name }) => name.value);
  });
  return new Set(names);
}

/** The fields of an operation's root in their order, those of fragments among them. */
function rootFields(
  { selectionSet }: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  includes: OperationVariant['includes'] = () => true,
): FieldNode[] {
  const spread = new Set<string>();
  const fieldsOf = ({ selections }: SelectionSetNode): FieldNode[] =>
    selections.filter(includes).flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection];
      if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet);
      const fragment = spread.has(selection.name.value) ? undefined : fragments.get(selection.name.value);
      spread.add(selection.name.value);
      return fragment === undefined ? [] : fieldsOf(fragment.selectionSet);
    });
  return fieldsOf(selectionSet);
}

function isCondition({ name }: DirectiveNode): boolean {
  return name.value === 'skip' || name.value === 'include';
}

function responseName({ alias, name }: FieldNode): string {
  return alias?.value ?? name.value;
}
