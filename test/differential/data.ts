import { Kind } from 'graphql';
import type { FieldNode, SelectionSetNode, TypeNode } from 'graphql';
import { canonicalJson, isJsonObject } from '../../src/core/json.ts';
import { hashOf } from './choices.ts';
import { namedType, parseSelection, typeNode } from './world.ts';
import type { FieldModel, Lookup } from './world.ts';

/** An object of the world: what resolvers hand to each other. */
export interface Ref {
  /** The object type, in a subgraph with an interface object the interface. */
  readonly __typename: string;
  readonly id: number;
  /** The representation it was looked up with. */
  readonly given?: Readonly<Record<string, unknown>>;
}

export class InjectedFault extends Error {}

/** A field of one object, such as `T0.alpha#3`. */
export type Coordinate = string;

/** A field that fails, or one that a subgraph answers with what does not fit its type. */
export type Fault = Coordinate | { readonly illTyped: Coordinate };

export function coordinateOf(typeName: string, id: number, field: string): Coordinate {
  return `${typeName}.${field}#${id}`;
}

/** All values of a world: a function of the object, the field and its arguments, the same for whoever asks. */
export class WorldData {
  readonly lookup: Lookup;
  readonly #failing: ReadonlySet<Coordinate>;
  readonly #illTyped: ReadonlySet<Coordinate>;
  /** Mutations answer with their place in the order, so that a wrong order is seen. */
  #mutations = 0;

  constructor(lookup: Lookup, faults: readonly Fault[]) {
    this.lookup = lookup;
    this.#failing = new Set(faults.filter((fault) => typeof fault === 'string'));
    this.#illTyped = new Set(faults.flatMap((fault) => (typeof fault === 'string' ? [] : fault.illTyped)));
  }

  /** Throws InjectedFault at the coordinates that were chosen to fail. `inputs`: what the field's `@requires` selects. */
  value(ref: Ref, field: FieldModel, args: Readonly<Record<string, unknown>>, inputs?: unknown): unknown {
    const type = this.typeOf(ref);
    if (this.#isLost(ref, field)) return null;
    if (this.#failing.has(coordinateOf(type, ref.id, field.name))) {
      throw new InjectedFault(`injected at ${coordinateOf(type, ref.id, field.name)}`);
    }
    if (field.owners === 'keys') return this.#identity(type, ref.id, field);
    if ((field.requires ?? field.fromContext) !== undefined) return canonicalJson({ of: field.name, args, inputs });
    if (field.name === 'code') return `code-${ref.id}`;
    if (type === 'Mutation') this.#mutations += 1;
    const order = type === 'Mutation' ? this.#mutations : 0;
    const seed = [this.lookup.world.seed, type, ref.id, field.name, canonicalJson(args), order].join(' ');
    return this.#make(typeNode(field.tight?.type ?? field.type), seed, this.lookup.possibleTypes(type, field));
  }

  /** Where in a field's value something stands that does not fit its type, by indexes of lists; undefined: nowhere. */
  misfitIn(ref: Ref, field: FieldModel, value: unknown): readonly number[] | undefined {
    const coordinate = coordinateOf(this.typeOf(ref), ref.id, field.name);
    if (!this.#illTyped.has(coordinate) || this.#isLost(ref, field)) return undefined;
    const place: number[] = [];
    if (this.lookup.type(namedType(field.type)) !== undefined) return place;
    for (let list = value; Array.isArray(list) && list.length > 0; list = list[place.at(-1) ?? 0]) {
      const hash = hashOf(`${coordinate} ${place.length}`);
      if (hash % 3 === 0) break;
      place.push(hash % list.length);
    }
    return place;
  }

  #isLost(ref: Ref, field: FieldModel): boolean {
    const owners = this.lookup.owners(this.typeOf(ref), field);
    return field.owners !== 'keys' && owners.length > 0 && owners.every((owner) => this.isUnknown(ref, owner));
  }

  isUnknown(ref: Ref, subgraph: string): boolean {
    const type = this.lookup.type(this.typeOf(ref));
    return type?.kind === 'entity' && type.unknown[subgraph]?.includes(ref.id) === true;
  }

  /** The object type, also of something that a subgraph knows by its interface only. */
  typeOf({ __typename, id }: Ref): string {
    const type = this.lookup.type(__typename);
    if (type?.kind !== 'interface') return __typename;
    return type.members.find((member) => this.#ids(member).includes(id)) ?? __typename;
  }

  /** The entity that a representation means, among those of its type or interface. */
  find(subgraph: string, representation: Readonly<Record<string, unknown>>): Ref | undefined {
    const typeName = String(representation['__typename']);
    const type = this.lookup.type(typeName);
    const keys = type?.kind === 'entity' ? (type.keys[subgraph] ?? []) : ['id'];
    const candidates = type?.kind === 'interface' ? type.members : [typeName];
    for (const key of keys.map(parseSelection)) {
      for (const candidate of candidates) {
        for (const id of this.#ids(candidate)) {
          const ref = { __typename: candidate, id };
          if (canonicalJson(pickGiven(representation, key)) === canonicalJson(this.#read(ref, key, () => ({})))) {
            return ref;
          }
        }
      }
    }
    return undefined;
  }

  /**
   * What a `@requires` selects of an object, as a representation would carry it: a nullable field that fails is null
   * there. `onFault` hears of it.
   */
  requiredOf(ref: Ref, selection: SelectionSetNode, argsOf: ArgsOf, onFault?: () => void): Record<string, unknown> {
    return this.#read(ref, selection, argsOf, onFault);
  }

  #read(ref: Ref, selection: SelectionSetNode, argsOf: ArgsOf, onFault = (): void => {}): Record<string, unknown> {
    const into: Record<string, unknown> = {};
    for (const node of selection.selections) {
      if (node.kind === Kind.INLINE_FRAGMENT) {
        const condition = node.typeCondition?.name.value ?? ref.__typename;
        if (this.satisfies(ref, condition)) {
          for (const [key, value] of Object.entries(this.#read(ref, node.selectionSet, argsOf, onFault))) {
            into[key] = together(into[key], value);
          }
        }
      } else if (node.kind === Kind.FIELD) {
        const value = this.#readField(ref, node, argsOf, onFault);
        into[node.name.value] = together(into[node.name.value], value);
      }
    }
    return into;
  }

  #readField(ref: Ref, node: FieldNode, argsOf: ArgsOf, onFault: () => void): unknown {
    const type = this.typeOf(ref);
    const field = this.lookup.field(type, node.name.value);
    if (field === undefined) return undefined;
    let value: unknown;
    try {
      const inputs =
        field.requires === undefined ? undefined : this.#read(ref, parseSelection(field.requires), argsOf, onFault);
      value = this.value(ref, field, argsOf(type, node), inputs);
    } catch (error) {
      if (!(error instanceof InjectedFault)) throw error;
      onFault();
      return null;
    }
    const below = (item: unknown): unknown => {
      if (Array.isArray(item)) return item.map(below);
      return isRef(item) && node.selectionSet !== undefined
        ? this.#read(item, node.selectionSet, argsOf, onFault)
        : item;
    };
    return below(value);
  }

  satisfies(ref: Ref, condition: string): boolean {
    if (ref.__typename === condition) return true;
    const type = this.lookup.type(condition);
    return (type?.kind === 'interface' || type?.kind === 'union') && type.members.includes(this.typeOf(ref));
  }

  #identity(typeName: string, id: number, field: FieldModel): unknown {
    switch (field.name) {
      case 'id':
        return `${this.lookup.family(typeName)?.name ?? typeName}-${id}`;
      case 'sku':
        return `sku-${id}`;
      case 'org':
        return id >> 1;
      case 'num':
        return id & 1;
      default: {
        const target = namedType(field.type);
        const place = this.#ids(typeName).indexOf(id);
        const owner = this.lookup.type(target);
        if (owner?.kind === 'value') return { __typename: target, id: 10 * hashOf(typeName) + place };
        return { __typename: target, id: this.#ids(target)[place] ?? 0 };
      }
    }
  }

  #ids(typeName: string): readonly number[] {
    const type = this.lookup.type(typeName);
    return type?.kind === 'entity' ? type.ids : [];
  }

  #make(type: TypeNode, seed: string, possible: readonly string[], isNonNull = false): unknown {
    if (type.kind === Kind.NON_NULL_TYPE) return this.#make(type.type, seed, possible, true);
    const hash = hashOf(seed);
    if (!isNonNull && hash % 7 === 0) return null;
    if (type.kind === Kind.LIST_TYPE) {
      return Array.from({ length: hash % 4 }, (_, index) => this.#make(type.type, `${seed} ${index}`, possible));
    }
    if (possible.length > 0) return this.#makeRef(seed, possible);
    return leaf(type.name.value, seed);
  }

  #makeRef(seed: string, possible: readonly string[]): Ref {
    const hash = hashOf(`${seed} ref`);
    const name = possible[hash % possible.length] ?? '';
    const ids = this.#ids(name);
    return { __typename: name, id: ids.length === 0 ? (hash >>> 8) % 5 : (ids[(hash >>> 8) % ids.length] ?? 0) };
  }
}

/** The arguments of a field of a `@requires` selection, coerced. */
export type ArgsOf = (typeName: string, node: FieldNode) => Readonly<Record<string, unknown>>;

/** What a selection names of a representation. */
export function pickGiven(
  value: Readonly<Record<string, unknown>>,
  selection: SelectionSetNode,
): Record<string, unknown> {
  const into: Record<string, unknown> = {};
  for (const node of selection.selections) {
    if (node.kind === Kind.INLINE_FRAGMENT) {
      const condition = node.typeCondition?.name.value;
      const typeName = value['__typename'];
      const other = typeof typeName === 'string' && typeName !== condition && condition?.startsWith('I') === false;
      if (other) continue;
      for (const [key, inner] of Object.entries(pickGiven(value, node.selectionSet))) {
        into[key] = together(into[key], inner);
      }
    } else if (node.kind === Kind.FIELD && Object.hasOwn(value, node.name.value)) {
      const picked =
        node.selectionSet === undefined ? value[node.name.value] : below(value[node.name.value], node.selectionSet);
      into[node.name.value] = together(into[node.name.value], picked);
    }
  }
  return into;

  function below(item: unknown, inner: SelectionSetNode): unknown {
    if (Array.isArray(item)) return item.map((one) => below(one, inner));
    return isJsonObject(item) ? pickGiven(item, inner) : item;
  }
}

/** Two parts of one object, selected in different places. */
function together(one: unknown, other: unknown): unknown {
  if (Array.isArray(one) && Array.isArray(other)) return other.map((item, index) => together(one[index], item));
  return isJsonObject(one) && isJsonObject(other) ? { ...one, ...other } : other;
}

export function isRef(value: unknown): value is Ref {
  return isJsonObject(value) && typeof value['__typename'] === 'string' && typeof value['id'] === 'number';
}

function leaf(name: string, seed: string): unknown {
  const hash = hashOf(`${seed} leaf`);
  switch (name) {
    case 'Int':
      return hash % 100;
    case 'Float':
      return (hash % 1_000) / 4;
    case 'Boolean':
      return hash % 2 === 0;
    case 'Color':
      return ['RED', 'GREEN', 'BLUE'][hash % 3];
    case 'JSON':
      return (
        [null, hash % 10, [hash % 10, null], { a: hash % 10, b: [{}] }, `j${hash % 10}`][hash % 5] ?? { k: hash % 10 }
      );
    default:
      return `v${hash % 1_000_000}`;
  }
}
