import { Kind, parse, parseType } from 'graphql';
import type { SelectionSetNode, TypeNode } from 'graphql';

/**
 * The abstract model of a supergraph: which types and fields there are, which subgraphs resolve them, and how entities
 * are identified. Plain data. The subgraphs' schemas, the merged schema and all values are derived from it.
 */
export interface World {
  /** Decides every value. */
  readonly seed: number;
  readonly subgraphs: readonly string[];
  readonly types: readonly TypeModel[];
  readonly query: readonly FieldModel[];
  readonly mutation: readonly FieldModel[];
}

export type TypeModel = EntityModel | ValueModel | InterfaceModel | UnionModel;

export interface EntityModel {
  readonly kind: 'entity';
  readonly name: string;
  /** The entities of this type that exist. */
  readonly ids: readonly number[];
  /** The `@key` selections of each subgraph that has the type. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  readonly fields: readonly FieldModel[];
  /** Entities that a subgraph has never heard of: it answers null for them. */
  readonly unknown: Readonly<Record<string, readonly number[]>>;
}

/** A type without a key; the subgraphs that have it have all of it. */
export interface ValueModel {
  readonly kind: 'value';
  readonly name: string;
  readonly in: readonly string[];
  readonly fields: readonly FieldModel[];
}

export interface InterfaceModel {
  readonly kind: 'interface';
  readonly name: string;
  readonly in: readonly string[];
  readonly members: readonly string[];
  /** The fields that all members have. */
  readonly common: readonly string[];
  /** `@key(fields: "id")` on the interface: members share one space of ids, and every subgraph in `in` has all of them. */
  readonly keyed: boolean;
  /** Subgraphs that know it as an `@interfaceObject`, with the fields they add to every member. */
  readonly objectIn: readonly string[];
  readonly objectFields: readonly FieldModel[];
}

export interface UnionModel {
  readonly kind: 'union';
  readonly name: string;
  readonly in: readonly string[];
  readonly members: readonly string[];
}

export interface FieldModel {
  readonly name: string;
  /** The type in the merged schema. */
  readonly type: string;
  readonly args: readonly ArgModel[];
  /** Who resolves it. `keys`: every subgraph with a key that contains it. `all`: every subgraph that has the type. */
  readonly owners: readonly string[] | 'keys' | 'all';
  /** Owners that promise more (fewer nulls) than the merged schema; values keep the promise. */
  readonly tight?: { readonly type: string; readonly in: readonly string[] };
  /** A subgraph that still has the field while its owner says `@override(from:)`. */
  readonly overrides?: string;
  /** A selection on the same type; the value is a function of what it selects and of the arguments. */
  readonly requires?: string;
  /** An argument that clients do not see: what a selection of one field says of the nearest object of a type around it. */
  readonly fromContext?: ContextModel;
  /** A selection on the returned type that this owner can resolve here although another subgraph owns it. */
  readonly provides?: { readonly in: string; readonly fields: string };
}

export interface ContextModel extends ArgModel {
  readonly on: string;
  readonly selection: string;
}

export interface ArgModel {
  readonly name: string;
  readonly type: string;
  /** A GraphQL literal. */
  readonly default?: string;
}

/** What every world has beside its own types. */
export const sharedTypes = `
  scalar JSON
  enum Color { RED GREEN BLUE }
  input Filter { min: Int = 1 tag: String colors: [Color!] deeper: Filter }`;

/** A world with its names looked up once. */
export class Lookup {
  readonly world: World;
  readonly #types: ReadonlyMap<string, TypeModel>;
  readonly #fields = new Map<string, FieldModel | undefined>();

  constructor(world: World) {
    this.world = world;
    this.#types = new Map(world.types.map((type) => [type.name, type]));
  }

  type(name: string): TypeModel | undefined {
    return this.#types.get(name);
  }

  /** The keyed interface a type is a member of, or that has this very name. */
  family(name: string): InterfaceModel | undefined {
    return this.world.types.find(
      (type): type is InterfaceModel =>
        type.kind === 'interface' && type.keyed && (type.name === name || type.members.includes(name)),
    );
  }

  /** A field of an object type, of an interface as its members have it, or of the root types. */
  field(typeName: string, name: string): FieldModel | undefined {
    const key = `${typeName}.${name}`;
    if (!this.#fields.has(key)) this.#fields.set(key, this.#find(typeName, name));
    return this.#fields.get(key);
  }

  #find(typeName: string, name: string): FieldModel | undefined {
    if (typeName === 'Query') return this.world.query.find((field) => field.name === name);
    if (typeName === 'Mutation') return this.world.mutation.find((field) => field.name === name);
    const type = this.type(typeName);
    if (type === undefined || type.kind === 'union') return undefined;
    if (type.kind === 'interface') {
      const added = type.objectFields.find((field) => field.name === name);
      const [member] = type.members;
      if (added !== undefined) return added;
      return member !== undefined && type.common.includes(name) ? this.#find(member, name) : undefined;
    }
    const own = type.fields.find((field) => field.name === name);
    return own ?? this.family(typeName)?.objectFields.find((field) => field.name === name);
  }

  /** The subgraphs that resolve a field of a type. */
  owners(typeName: string, field: FieldModel): readonly string[] {
    if (field.owners !== 'keys' && field.owners !== 'all') return field.owners;
    const type = this.type(typeName);
    if (type?.kind === 'value') return type.in;
    if (type?.kind === 'interface') return type.keyed ? [...type.in, ...type.objectIn] : type.in;
    if (type?.kind !== 'entity') return [];
    return Object.keys(type.keys).filter((subgraph) =>
      type.keys[subgraph]?.some((key) => keyFieldNames(key).includes(field.name)),
    );
  }

  /** Whether a subgraph has a type at all. */
  has(subgraph: string, typeName: string): boolean {
    const type = this.type(typeName);
    switch (type?.kind) {
      case undefined:
        return true;
      case 'entity':
        return type.keys[subgraph] !== undefined;
      case 'value':
        return type.in.includes(subgraph);
      case 'union':
        return this.localMembers(subgraph, type).length > 0;
      case 'interface':
        if (type.objectIn.includes(subgraph)) return true;
        return this.localMembers(subgraph, type).length > 0 && this.localCommon(subgraph, type).length > 0;
    }
  }

  /** The members of an abstract type that a subgraph can answer with. */
  localMembers(subgraph: string, type: InterfaceModel | UnionModel): readonly string[] {
    if (type.kind === 'interface' && type.objectIn.includes(subgraph)) return type.members;
    return type.in.includes(subgraph) ? type.members.filter((member) => this.has(subgraph, member)) : [];
  }

  /** The fields an interface has in a subgraph: those that all its members there resolve. */
  localCommon(subgraph: string, type: InterfaceModel): readonly string[] {
    const members = this.localMembers(subgraph, type);
    return type.common.filter((name) =>
      members.every((member) => {
        const field = this.field(member, name);
        return field !== undefined && this.owners(member, field).includes(subgraph);
      }),
    );
  }

  /** The object types a field may answer with, whichever of its owners is asked. */
  possibleTypes(typeName: string, field: FieldModel): readonly string[] {
    const type = this.type(namedType(field.type));
    if (type === undefined) return [];
    if (type.kind === 'entity' || type.kind === 'value') return [type.name];
    const owners = this.owners(typeName, field);
    return type.members.filter((member) =>
      owners.every((subgraph) => this.localMembers(subgraph, type).includes(member)),
    );
  }
}

/** The fields a type adds; those of an interface are its members', but for what interface objects add. */
export function fieldsOf(type: TypeModel): readonly FieldModel[] {
  if (type.kind === 'union') return [];
  return type.kind === 'interface' ? type.objectFields : type.fields;
}

/** Every field of an object or interface type that a selection names, nested ones included. */
export function fieldsSelected(
  lookup: Lookup,
  typeName: string,
  selection: SelectionSetNode,
): { readonly typeName: string; readonly field: FieldModel }[] {
  return selection.selections.flatMap((node) => {
    if (node.kind === Kind.FRAGMENT_SPREAD) return [];
    if (node.kind === Kind.INLINE_FRAGMENT) {
      return fieldsSelected(lookup, node.typeCondition?.name.value ?? typeName, node.selectionSet);
    }
    const field = lookup.field(typeName, node.name.value);
    if (field === undefined) return [];
    const below =
      node.selectionSet === undefined ? [] : fieldsSelected(lookup, namedType(field.type), node.selectionSet);
    return [{ typeName, field }, ...below];
  });
}

const selections = new Map<string, SelectionSetNode>();

/** Parses what stands in `@key(fields:)`, `@requires(fields:)` and `@provides(fields:)`. */
export function parseSelection(text: string): SelectionSetNode {
  let selection = selections.get(text);
  if (selection === undefined) {
    const [operation] = parse(`{${text}}`, { noLocation: true }).definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`Expected a selection, got: ${text}`);
    selection = operation.selectionSet;
    selections.set(text, selection);
  }
  return selection;
}

function keyFieldNames(key: string): string[] {
  return parseSelection(key).selections.flatMap((node) => (node.kind === Kind.FIELD ? [node.name.value] : []));
}

const typeNodes = new Map<string, TypeNode>();

export function typeNode(text: string): TypeNode {
  let node = typeNodes.get(text);
  if (node === undefined) {
    node = parseType(text, { noLocation: true });
    typeNodes.set(text, node);
  }
  return node;
}

export function namedType(text: string): string {
  return text.replaceAll(/[[\]!]/gu, '');
}
