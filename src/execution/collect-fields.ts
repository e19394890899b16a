import { isAbstractType, isObjectType, Kind } from 'graphql';
import type {
  FieldNode,
  GraphQLAbstractType,
  FragmentDefinitionNode,
  GraphQLNamedType,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql';
import { isIncluded } from '../core/is-included.ts';
import type { FieldNames } from '../planning/field-names.ts';

/** One field of the client's operation for one object type. */
export interface ResponseField {
  readonly responseName: string;
  /** The key its value has in the gathered data. */
  readonly dataName: string;
  readonly name: string;
  /** All with the same name and arguments. */
  readonly nodes: readonly FieldNode[];
  /** undefined for `__typename`, `__schema` and `__type`. */
  readonly type: GraphQLOutputType | undefined;
  /** undefined for a leaf. */
  readonly selection: Selection | undefined;
}

/** Selection sets that are merged into one, with its fields worked out once for every object type it meets. */
export class Selection {
  readonly #sets: readonly SelectionSetNode[];
  readonly #scope: SelectionScope;
  readonly #byType = new Map<GraphQLObjectType, readonly ResponseField[]>();

  constructor(sets: readonly SelectionSetNode[], scope: SelectionScope) {
    this.#sets = sets;
    this.#scope = scope;
  }

  /** The fields for objects of a type, in response order (GraphQL specification, section 6.3.2, CollectFields). */
  fieldsOf(type: GraphQLObjectType): readonly ResponseField[] {
    let fields = this.#byType.get(type);
    if (fields === undefined) {
      fields = this.#collect(type);
      this.#byType.set(type, fields);
    }
    return fields;
  }

  /** The response names it has for objects of any type. */
  responseNames(sets = this.#sets): readonly string[] {
    return sets.flatMap(({ selections }) =>
      selections.flatMap((selection) => {
        if (selection.kind === Kind.FIELD) return (selection.alias ?? selection.name).value;
        if (selection.kind === Kind.INLINE_FRAGMENT) return this.responseNames([selection.selectionSet]);
        const fragment = this.#scope.fragments.get(selection.name.value);
        return fragment === undefined ? [] : this.responseNames([fragment.selectionSet]);
      }),
    );
  }

  /**
   * The field whose value has this key in the gathered data, on the type or one that it may be: one of `names` if given.
   * If it has several response names, one that it has whatever the object is, as far as there is one.
   */
  fieldNamed(
    dataName: string,
    type: GraphQLNamedType,
    names: ReadonlySet<string> | undefined,
  ): ResponseField | undefined {
    const types = isObjectType(type) ? [type] : isAbstractType(type) ? this.#scope.schema.getPossibleTypes(type) : [];
    const byType = types
      .filter(({ name }) => names?.has(name) !== false)
      .map((possible) => this.fieldsOf(possible).filter((field) => field.dataName === dataName))
      .filter((fields) => fields.length > 0);
    const [fields = []] = byType;
    const isEverywhere = ({ responseName }: ResponseField): boolean =>
      byType.every((others) => others.some((other) => other.responseName === responseName));
    return fields.find(isEverywhere) ?? fields[0];
  }

  /**
   * The type to read objects of an abstract type by when they do not say what they are: undefined when it makes a
   * difference. The planner leaves out `__typename` where nothing depends on it.
   */
  anyType(abstract: GraphQLAbstractType): GraphQLObjectType | undefined {
    const [first, ...others] = this.#scope.schema.getPossibleTypes(abstract);
    if (first === undefined) return undefined;
    const fields = this.fieldsOf(first);
    const isSame = (type: GraphQLObjectType): boolean => {
      const own = this.fieldsOf(type);
      return own.length === fields.length && own.every(({ nodes }, index) => nodes[0] === fields[index]?.nodes[0]);
    };
    return fields.every(({ name }) => name !== '__typename') && others.every(isSame) ? first : undefined;
  }

  #collect(type: GraphQLObjectType): ResponseField[] {
    const nodes = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    const definitions = type.getFields();
    const collect = (set: SelectionSetNode): void => {
      for (const selection of set.selections) {
        if (!isIncluded(selection, this.#scope.variables)) continue;
        if (selection.kind === Kind.FIELD) {
          const responseName = selection.alias?.value ?? selection.name.value;
          const known = nodes.get(responseName);
          if (known === undefined) nodes.set(responseName, [selection]);
          else known.push(selection);
          continue;
        }
        if (selection.kind === Kind.FRAGMENT_SPREAD) {
          if (spread.has(selection.name.value)) continue;
          spread.add(selection.name.value);
        }
        const fragment =
          selection.kind === Kind.FRAGMENT_SPREAD ? this.#scope.fragments.get(selection.name.value) : selection;
        if (fragment !== undefined && this.#applies(fragment.typeCondition?.name.value, type))
          collect(fragment.selectionSet);
      }
    };
    for (const set of this.#sets) collect(set);
    return [...nodes].map(([responseName, fieldNodes]) => {
      const name = fieldNodes[0]?.name.value ?? '';
      const sets = fieldNodes.flatMap(({ selectionSet }) => selectionSet ?? []);
      return {
        responseName,
        dataName: fieldNodes[0] === undefined ? responseName : this.#scope.names.of(fieldNodes[0]),
        name,
        nodes: fieldNodes,
        type: definitions[name]?.type,
        selection: sets.length === 0 ? undefined : new Selection(sets, this.#scope),
      };
    });
  }

  #applies(condition: string | undefined, type: GraphQLObjectType): boolean {
    if (condition === undefined || condition === type.name) return true;
    const conditional = this.#scope.schema.getType(condition);
    if (conditional === undefined || isObjectType(conditional)) return false;
    return isAbstractType(conditional) && this.#scope.schema.isSubType(conditional, type);
  }
}

export interface SelectionScope {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly names: FieldNames;
  /** Coerced: `@skip` and `@include` are decided when fields are collected. */
  readonly variables: Readonly<Record<string, unknown>>;
}
