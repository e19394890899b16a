import type { Choices } from './choices.ts';
import { Lookup, namedType } from './world.ts';
import type { ArgModel, EntityModel, FieldModel, InterfaceModel, UnionModel, ValueModel, World } from './world.ts';

/** A world whose subgraphs compose: every field can be reached from wherever its type can. */
export function generateWorld(choices: Choices): World {
  return new Generator(choices).generate();
}

type Draft<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] };
type Entity = Draft<EntityModel> & { keys: Record<string, string[]>; unknown: Record<string, number[]> };
type Value = Draft<ValueModel>;
type Interface = Draft<InterfaceModel>;
type Union = Draft<UnionModel>;
type DraftType = Entity | Value | Interface | Union;

const fieldNames = [
  'alpha',
  'beta',
  'gamma',
  'delta',
  'epsilon',
  'zeta',
  'eta',
  'theta',
  'iota',
  'kappa',
  'lambda',
  'mu',
];
const leafTypes = ['Int', 'String', 'String', 'Float', 'Boolean', 'ID', 'Color', 'JSON'] as const;
const argTypes = ['Int', 'String', 'Color', 'Boolean', '[Int!]', 'Filter', 'JSON', 'Int!', 'ID'] as const;
const argDefaults: Readonly<Record<string, string>> = {
  Int: '7',
  String: '"d"',
  Color: 'GREEN',
  Boolean: 'true',
  '[Int!]': '[1, 2]',
  Filter: '{ min: 3, colors: [BLUE] }',
  'Int!': '9',
};
const wrappers = ['X', 'X', 'X!', '[X]', '[X!]!', '[X!]', '[[X]]', '[[X!]!]!'] as const;

class Generator {
  readonly #choices: Choices;
  readonly #subgraphs: string[];
  readonly #types: DraftType[] = [];
  readonly #query: FieldModel[] = [];
  readonly #mutation: FieldModel[] = [];
  /** Fields that some `@requires`, `@provides` or interface counts on: they stay as they are. */
  readonly #settled = new Set<FieldModel>();

  /** Whether an owner may forbid nulls that the merged schema allows. */
  #mayPromise = false;

  constructor(choices: Choices) {
    this.#choices = choices;
    this.#subgraphs = Array.from({ length: 2 + choices.int(5) }, (_, index) => `s${index}`);
  }

  generate(): World {
    const { int } = this.#bound();
    this.#mayPromise = this.#choices.chance(0.4);
    this.#addValues();
    for (let index = 0; index < 2 + int(3); index += 1) this.#addEntity(`T${index}`, [0, 1, 2, 3], index > 0);
    if (this.#choices.chance(0.8)) this.#addFamily();
    if (this.#choices.chance(0.5)) this.#addUnion();
    if (this.#choices.chance(0.5)) this.#addInterface();
    this.#addFields();
    for (let index = 0; index < 3 + int(4); index += 1) this.#addRequires();
    if (this.#choices.chance(0.4)) this.#addContext();
    if (this.#choices.chance(0.6)) this.#addProvides();
    this.#addOverrides();
    this.#addUnknown();
    this.#addRoots();
    return {
      seed: int(1_000_000),
      subgraphs: this.#subgraphs,
      types: this.#types,
      query: this.#query,
      mutation: this.#mutation,
    };
  }

  #bound(): { int: (below: number) => number } {
    return { int: (below) => this.#choices.int(below) };
  }

  #lookup(): Lookup {
    return new Lookup({ seed: 0, subgraphs: this.#subgraphs, types: this.#types, query: [], mutation: [] });
  }

  #entities(): Entity[] {
    return this.#types.filter((type) => type.kind === 'entity');
  }

  #families(): Interface[] {
    return this.#types.filter((type) => type.kind === 'interface').filter(({ keyed }) => keyed);
  }

  #addValues(): void {
    const code: FieldModel = { name: 'code', type: 'ID!', args: [], owners: 'all' };
    this.#types.push({ kind: 'value', name: 'VM', in: [], fields: [code] });
    for (let index = 0; index < 1 + this.#choices.int(2); index += 1) {
      this.#types.push({ kind: 'value', name: `V${index}`, in: [], fields: [] });
    }
  }

  #addEntity(name: string, ids: number[], mayHaveMore: boolean, places?: string[]): Entity {
    const choices = this.#choices;
    const entity: Entity = { kind: 'entity', name, ids, keys: {}, fields: [], unknown: {} };
    this.#types.push(entity);
    const keys = new Set(['id']);
    if (mayHaveMore) {
      const owner = choices.pick(this.#entities().filter((other) => other !== entity && this.#isSimple(other)));
      const more = ['sku', 'org num', 'meta { code }', ...(owner === undefined ? [] : [`owner { id } ${owner.name}`])];
      if (choices.chance(0.5)) for (const key of choices.some(more, 1 + choices.int(2))) keys.add(key);
      if (keys.size > 1 && places === undefined && choices.chance(0.4)) keys.delete('id');
    }
    const pool = [...keys];
    for (const subgraph of places ?? choices.some(this.#subgraphs, 1 + choices.int(4))) {
      this.#place(entity, subgraph, places === undefined ? pool : ['id', ...choices.some(pool.slice(1), 1)]);
    }
    return entity;
  }

  /** Can be the owner in another entity's key. */
  #isSimple(entity: Entity): boolean {
    return entity.ids.length === 4 && Object.values(entity.keys).every((keys) => keys.every((key) => key === 'id'));
  }

  /** Gives a subgraph an entity, with a key that a subgraph which already has it knows too. */
  #place(entity: Entity, subgraph: string, pool?: readonly string[]): void {
    if (entity.keys[subgraph] !== undefined) return;
    const choices = this.#choices;
    const known = Object.values(entity.keys).flat();
    const fresh = pool ?? [];
    const first = choices.pick(known.length > 0 ? known : fresh);
    const keys = new Set(
      [first ?? 'id', ...choices.some(fresh, choices.int(2))].map((key) => this.#keyText(entity, key)),
    );
    if (this.#families().some(({ members }) => members.includes(entity.name))) keys.add(this.#keyText(entity, 'id'));
    entity.keys[subgraph] = [...keys];
    for (const key of keys) {
      if (key === 'owner { id }') {
        const owner = this.#types.find(({ name }) => name === namedType(this.#identityType(entity, 'owner')));
        if (owner?.kind === 'entity') this.#place(owner, subgraph);
      }
      if (key === 'meta { code }') this.#ensure('VM', subgraph);
    }
  }

  /** The key's selection; adds the fields it is made of. */
  #keyText(entity: Entity, key: string): string {
    const [text = key, ownerName] =
      key.startsWith('owner') && !key.endsWith('}') ? ['owner { id }', key.split(' ').at(-1)] : [key];
    const types: Readonly<Record<string, string>> = {
      id: 'ID!',
      sku: 'String!',
      org: 'Int!',
      num: 'Int!',
      meta: 'VM!',
      owner: `${ownerName ?? ''}!`,
    };
    for (const name of text
      .replaceAll(/\{.*\}/gu, '')
      .trim()
      .split(' ')) {
      if (entity.fields.some((field) => field.name === name)) continue;
      entity.fields.unshift({ name, type: types[name] ?? 'ID!', args: [], owners: 'keys' });
    }
    return text;
  }

  #identityType(entity: Entity, name: string): string {
    return entity.fields.find((field) => field.name === name)?.type ?? '';
  }

  /** A keyed interface: some subgraphs have all its members, others know it as an interface object. */
  #addFamily(): void {
    const choices = this.#choices;
    const size = 2 + choices.int(2);
    const [full = 's0', ...others] = choices.some(this.#subgraphs, this.#subgraphs.length);
    const places = [full, ...(choices.chance(0.4) ? others.splice(0, 1) : [])];
    const objectIn = others.splice(0, choices.int(3));
    const members: Entity[] = [];
    const family: Interface = {
      kind: 'interface',
      name: 'IF',
      in: places,
      members: Array.from({ length: size }, (_, index) => `TM${index}`),
      common: ['id'],
      keyed: true,
      objectIn,
      objectFields: [],
    };
    this.#types.push(family);
    for (const [index, name] of family.members.entries()) {
      const ids = [0, 1, 2, 3, 4, 5].filter((id) => id % size === index);
      members.push(this.#addEntity(name, ids, choices.chance(0.3), places));
    }
    for (const subgraph of objectIn) {
      for (const name of ['rank', 'score', 'note'].slice(0, 1 + choices.int(2))) {
        family.objectFields.push({
          name: `${name}_${subgraph}`,
          type: choices.pick(['Int', 'String', 'String!', '[Int!]']) ?? 'Int',
          args: this.#args(0.4),
          owners: [subgraph],
        });
      }
    }
    this.#addCommon(family, members, 1 + choices.int(2), places);
  }

  /** Fields that all members have; with `owners`, in all those subgraphs, so that the interface has them there. */
  #addCommon(type: Interface, members: readonly (Entity | Value)[], count: number, owners?: readonly string[]): void {
    const choices = this.#choices;
    for (const name of ['common', 'shared', 'both'].slice(0, count)) {
      const shape = `${choices.pick(leafTypes) ?? 'Int'}${choices.chance(0.2) ? '!' : ''}`;
      const args = this.#args(0.3);
      for (const member of members) {
        if (member.kind === 'value') {
          member.fields.push({ name, type: shape, args, owners: 'all' });
          continue;
        }
        const places = Object.keys(member.keys);
        const someOwners =
          owners !== undefined && choices.chance(0.7) ? owners : choices.some(places, 1 + choices.int(2));
        const field: FieldModel = { name, type: shape, args, owners: [...someOwners] };
        this.#settled.add(field);
        member.fields.push(field);
      }
      type.common.push(name);
    }
  }

  #addUnion(): void {
    const choices = this.#choices;
    const [subgraph = 's0', ...more] = choices.some(this.#subgraphs, 1 + choices.int(2));
    const values = this.#types.filter(({ kind, name }) => kind === 'value' && name !== 'VM');
    const members = choices
      .some([...this.#entities(), ...values], 2 + choices.int(2))
      .filter(({ name }) => !this.#isHiddenBehindObject(name, subgraph))
      .map(({ name }) => name);
    if (members.length === 0) return;
    for (const member of members) this.#ensure(member, subgraph);
    this.#types.push({ kind: 'union', name: 'U0', in: [subgraph, ...more], members });
  }

  #addInterface(): void {
    const choices = this.#choices;
    const candidates = this.#types.filter(
      (type) =>
        (type.kind === 'entity' && !type.name.startsWith('TM')) || (type.kind === 'value' && type.name !== 'VM'),
    );
    const members = choices
      .some(candidates, 2 + choices.int(2))
      .filter((type) => type.kind === 'entity' || type.kind === 'value');
    const [first] = members;
    if (first === undefined) return;
    const [subgraph = 's0', ...more] = choices.some(this.#subgraphs, 1 + choices.int(3));
    for (const member of members) this.#ensure(member.name, subgraph);
    const type: Interface = {
      kind: 'interface',
      name: 'I0',
      in: [subgraph, ...more],
      members: members.map(({ name }) => name),
      common: [],
      keyed: false,
      objectIn: [],
      objectFields: [],
    };
    this.#addCommon(type, members, 1 + choices.int(3), choices.chance(0.6) ? [subgraph] : undefined);
    // At least one field has to be there for the interface to exist.
    this.#addCommonAt(type, members, subgraph);
    this.#types.push(type);
  }

  #addCommonAt(type: Interface, members: readonly (Entity | Value)[], subgraph: string): void {
    for (const member of members) {
      const field: FieldModel = {
        name: 'kind',
        type: 'String',
        args: [],
        owners: member.kind === 'value' ? 'all' : [subgraph],
      };
      this.#settled.add(field);
      member.fields.push(field);
    }
    type.common.push('kind');
  }

  /** A subgraph that knows an interface object must not have its members. */
  #isHiddenBehindObject(typeName: string, subgraph: string): boolean {
    return this.#families().some(({ members, objectIn }) => members.includes(typeName) && objectIn.includes(subgraph));
  }

  /** Gives a subgraph a type with everything it refers to; false when it cannot have it. */
  #ensure(typeName: string, subgraph: string): boolean {
    const type = this.#types.find(({ name }) => name === typeName);
    if (type === undefined) return true;
    if (this.#lookup().has(subgraph, typeName)) return true;
    switch (type.kind) {
      case 'entity':
        if (this.#isHiddenBehindObject(typeName, subgraph)) return false;
        this.#place(type, subgraph);
        return true;
      case 'value': {
        const named = type.fields.map((field) => namedType(field.type));
        type.in.push(subgraph);
        const possible = named.every((name) => this.#ensure(name, subgraph));
        if (!possible) type.in.pop();
        return possible;
      }
      case 'union':
        return false;
      case 'interface':
        return false;
    }
  }

  #args(probability: number): ArgModel[] {
    const choices = this.#choices;
    if (!choices.chance(probability)) return [];
    return ['x', 'y'].slice(0, 1 + choices.int(2)).map((name) => {
      const type = choices.pick(argTypes) ?? 'Int';
      const value = argDefaults[type];
      return { name, type, ...(value !== undefined && choices.chance(0.35) ? { default: value } : {}) };
    });
  }

  #addFields(): void {
    const choices = this.#choices;
    for (const type of this.#types) {
      if (type.kind === 'value' && type.name !== 'VM') {
        for (const name of choices.some(fieldNames, 2 + choices.int(2))) {
          // A value type refers to nothing but leaves and, at most once, an entity.
          const target = choices.chance(0.25)
            ? choices.pick(this.#entities().filter((one) => !one.name.startsWith('TM')))
            : undefined;
          const named = target?.name ?? choices.pick(leafTypes) ?? 'Int';
          if (!type.in.every((subgraph) => this.#ensure(named, subgraph))) continue;
          type.fields.push({ name, type: this.#wrap(named), args: this.#args(0.15), owners: 'all' });
        }
      }
    }
    for (const type of this.#types) {
      if (type.kind !== 'entity') continue;
      for (const name of choices.some(fieldNames, 2 + choices.int(4))) this.#addEntityField(type, name);
    }
  }

  #addEntityField(type: Entity, name: string): void {
    const choices = this.#choices;
    const places = Object.keys(type.keys);
    const owners = choices.some(places, choices.chance(0.18) ? 2 : 1);
    const named = choices.chance(0.5) ? (choices.pick(leafTypes) ?? 'Int') : this.#target(owners);
    const field: FieldModel = { name, type: this.#wrap(named), args: this.#args(0.45), owners };
    const tight =
      this.#mayPromise && owners.length > 1 && !field.type.endsWith('!') && choices.chance(0.6)
        ? { tight: { type: `${field.type}!`, in: [owners[0] ?? ''] } }
        : {};
    type.fields.push({ ...field, ...tight });
  }

  /** A composite type that all these subgraphs have or get. */
  #target(owners: readonly string[]): string {
    const choices = this.#choices;
    const lookup = this.#lookup();
    const candidates = choices.some(
      this.#types.filter(({ name }) => name !== 'TC'),
      this.#types.length,
    );
    for (const type of candidates) {
      if (type.kind === 'entity' || type.kind === 'value') {
        if (type.fields.length > 0 && owners.every((subgraph) => this.#ensure(type.name, subgraph))) return type.name;
      } else {
        const fits = owners.every((subgraph) => lookup.has(subgraph, type.name));
        const probe: FieldModel = { name: '', type: type.name, args: [], owners };
        if (fits && lookup.possibleTypes('', probe).length > 0) return type.name;
      }
    }
    return 'String';
  }

  #wrap(named: string): string {
    return (this.#choices.pick(wrappers) ?? 'X').replace('X', named);
  }

  /** A field that needs what other subgraphs resolve. */
  #addRequires(): void {
    const choices = this.#choices;
    const families = this.#families().filter(({ objectIn }) => objectIn.length > 0);
    const family = choices.chance(0.2) ? choices.pick(families) : undefined;
    const entity = choices.pick(this.#entities());
    if (entity === undefined) return;
    const subgraph = family === undefined ? this.#placeFor(entity) : choices.pick(family.objectIn);
    if (subgraph === undefined) return;
    const selection =
      family === undefined ? this.#required(entity, subgraph) : this.#requiredOfFamily(family, subgraph);
    if (selection === undefined) return;
    const fields = family === undefined ? entity.fields : family.objectFields;
    fields.push({
      name: `needs${fields.length}`,
      type: 'String',
      args: this.#args(0.4),
      owners: [subgraph],
      requires: selection,
    });
  }

  /** An entity that is only met below another one, with a field that is told something of that one. */
  #addContext(): void {
    const choices = this.#choices;
    const around = choices.pick(this.#entities());
    if (around === undefined) return;
    const subgraph = choices.pick(Object.keys(around.keys));
    const source = choices.pick(around.fields.filter((field) => this.#isReadable(field)));
    if (subgraph === undefined || source === undefined) return;
    const others = this.#subgraphs.filter((other) => other !== subgraph);
    const below = this.#addEntity('TC', [0, 1, 2, 3], false, [subgraph, ...choices.some(others, 1)]);
    const owner = choices.pick(Object.keys(around.keys)) ?? subgraph;
    this.#place(below, owner);
    around.fields.push({ name: 'below', type: this.#wrap('TC'), args: this.#args(0.2), owners: [owner] });
    const places = Object.keys(below.keys);
    const told: FieldModel = {
      name: 'needsAround',
      type: 'String',
      args: this.#args(0.4),
      owners: [subgraph],
      fromContext: {
        name: 'z',
        type: source.type.replace(/!$/u, ''),
        on: around.name,
        selection: this.#selected(source),
      },
    };
    this.#settled.add(told);
    below.fields.push(
      { name: 'plain', type: choices.pick(leafTypes) ?? 'Int', args: [], owners: choices.some(places, 1) },
      { name: 'next', type: this.#wrap('TC'), args: [], owners: choices.some(places, 1) },
      told,
    );
  }

  #isReadable({ type, owners, overrides, tight }: FieldModel): boolean {
    const isLeaf = leafTypes.some((leaf) => leaf === namedType(type));
    return isLeaf && Array.isArray(owners) && overrides === undefined && tight === undefined;
  }

  #placeFor(entity: Entity): string | undefined {
    const choices = this.#choices;
    const places = Object.keys(entity.keys);
    const others = this.#subgraphs.filter(
      (one) => !places.includes(one) && !this.#isHiddenBehindObject(entity.name, one),
    );
    const subgraph = choices.chance(0.7) || others.length === 0 ? choices.pick(places) : choices.pick(others);
    if (subgraph !== undefined) this.#place(entity, subgraph);
    return subgraph;
  }

  #requiredOfFamily(family: Interface, subgraph: string): string | undefined {
    const lookup = this.#lookup();
    const names = family.common.filter((name) => {
      const [member = ''] = family.members;
      const field = lookup.field(member, name);
      return field !== undefined && field.owners !== 'keys' && !lookup.owners(member, field).includes(subgraph);
    });
    const name = this.#choices.pick(
      names.filter((one) => family.in.every((place) => lookup.localCommon(place, family).includes(one))),
    );
    const field = name === undefined ? undefined : lookup.field(family.members[0] ?? '', name);
    return field && this.#selected(field);
  }

  #required(entity: Entity, subgraph: string): string | undefined {
    const choices = this.#choices;
    const candidates = entity.fields.filter(
      (field) =>
        Array.isArray(field.owners) &&
        !field.owners.includes(subgraph) &&
        field.overrides === undefined &&
        field.tight === undefined,
    );
    // Arguments, and fields that others require already, are what goes wrong.
    const interesting = candidates.filter((field) => field.args.length > 0 || field.requires !== undefined);
    const parts: string[] = [];
    const picked = choices.chance(0.8) && interesting.length > 0 ? choices.some(interesting, 1) : [];
    for (const field of new Set([...picked, ...choices.some(candidates, 1 + choices.int(2) - picked.length)])) {
      const part = this.#selectedIn(field, subgraph);
      if (part === undefined) continue;
      parts.push(part);
      this.#settled.add(field);
    }
    return parts.length === 0 ? undefined : parts.join(' ');
  }

  /** The field with arguments and, for a composite type, a selection below. */
  #selectedIn(field: FieldModel, subgraph: string): string | undefined {
    const target = this.#types.find(({ name }) => name === namedType(field.type));
    if (target === undefined) return this.#selected(field);
    if (!this.#ensure(target.name, subgraph)) {
      if (target.kind !== 'union' || target.in.includes(subgraph)) return undefined;
      if (!target.members.every((member) => this.#ensure(member, subgraph))) return undefined;
      target.in.push(subgraph);
    }
    if (target.kind === 'interface' && target.keyed) return undefined;
    const below =
      target.kind === 'entity' || target.kind === 'value'
        ? this.#leaves(target)
        : this.#lookup()
            .localMembers(subgraph, target)
            .flatMap((name) => {
              const member = this.#types.find((type) => type.name === name);
              const leaves = member?.kind === 'entity' || member?.kind === 'value' ? this.#leaves(member) : undefined;
              return leaves === undefined ? [] : `... on ${name} { ${leaves} }`;
            })
            .join(' ');
    return below === undefined || below === '' ? undefined : `${this.#selected(field)} { ${below} }`;
  }

  #leaves(type: Entity | Value): string | undefined {
    const names = this.#types.map(({ name }) => name);
    const leaves = type.fields.filter(
      (field) => !names.includes(namedType(field.type)) && field.tight === undefined && field.requires === undefined,
    );
    const picked = this.#choices.some(leaves, 1 + this.#choices.int(2));
    for (const field of picked) this.#settled.add(field);
    return picked.length === 0 ? undefined : picked.map((field) => this.#selected(field)).join(' ');
  }

  #selected(field: FieldModel): string {
    const args = field.args.flatMap(({ name, type, default: value }) => {
      const needed = type.endsWith('!') && value === undefined;
      return needed || this.#choices.chance(0.8) ? `${name}: ${this.#literal(type)}` : [];
    });
    this.#settled.add(field);
    return args.length === 0 ? field.name : `${field.name}(${args.join(', ')})`;
  }

  #literal(type: string): string {
    const number = this.#choices.int(3);
    switch (type) {
      case 'Int':
      case 'Int!':
      case 'JSON':
        return String(number);
      case 'Boolean':
        return number === 0 ? 'true' : 'false';
      case 'Color':
        return number === 0 ? 'RED' : 'BLUE';
      case '[Int!]':
        return `[${number}, 4]`;
      case 'Filter':
        return `{ tag: "t${number}", colors: [RED] }`;
      default:
        return `"l${number}"`;
    }
  }

  /** A field whose owner can also resolve something that belongs to another subgraph. */
  #addProvides(): void {
    const choices = this.#choices;
    for (const type of this.#entities()) {
      for (const [index, field] of type.fields.entries()) {
        const [owner] = Array.isArray(field.owners) && field.owners.length === 1 ? field.owners : [];
        const target = this.#types.find(({ name }) => name === namedType(field.type));
        if (owner === undefined || target?.kind !== 'entity' || field.requires !== undefined || !choices.chance(0.7))
          continue;
        const provided = choices.some(
          target.fields.filter(
            (one) =>
              Array.isArray(one.owners) &&
              !one.owners.includes(owner) &&
              one.args.length === 0 &&
              one.requires === undefined &&
              one.fromContext === undefined &&
              one.tight === undefined &&
              leafTypes.some((leaf) => leaf === namedType(one.type)),
          ),
          1,
        );
        if (provided.length === 0) continue;
        for (const one of provided) this.#settled.add(one);
        type.fields[index] = { ...field, provides: { in: owner, fields: provided.map(({ name }) => name).join(' ') } };
        if (this.#settled.has(field)) this.#settled.add(type.fields[index]);
      }
    }
  }

  #addOverrides(): void {
    const choices = this.#choices;
    for (const type of this.#entities()) {
      for (const [index, field] of type.fields.entries()) {
        if (!Array.isArray(field.owners) || field.owners.length !== 1 || !choices.chance(0.25)) continue;
        if (this.#settled.has(field) || field.requires !== undefined || field.provides !== undefined) continue;
        const lookup = this.#lookup();
        const from = choices.pick(
          Object.keys(type.keys).filter(
            (subgraph) => !field.owners.includes(subgraph) && lookup.has(subgraph, namedType(field.type)),
          ),
        );
        const probe = { ...field, owners: [...field.owners, from ?? ''] };
        const isAbstract = this.#types.some(
          ({ name, kind }) => name === namedType(field.type) && (kind === 'union' || kind === 'interface'),
        );
        if (from === undefined || (isAbstract && lookup.possibleTypes(type.name, probe).length === 0)) continue;
        type.fields[index] = { ...field, overrides: from };
      }
    }
  }

  /** Only where no other subgraph could answer instead, and nothing depends on the answer. */
  #addUnknown(): void {
    const choices = this.#choices;
    const all = this.#entities().flatMap(({ fields }) => fields);
    if (all.some(({ tight }) => tight !== undefined)) return;
    // A null where it is forbidden would take along what a @requires reads of the same object.
    const mayForbidNull = all.every(({ requires = '' }) => !requires.includes('{'));
    for (const type of this.#entities()) {
      const keys = new Set(Object.values(type.keys).flat());
      // What a key holds of another entity may be asked through the one it identifies.
      const isComposed = [...keys].some((key) => key.includes('{'));
      if (keys.size > 1 || isComposed || type.name.startsWith('TM') || !choices.chance(0.4)) continue;
      const subgraph = choices.pick(
        Object.keys(type.keys).filter((one) =>
          type.fields.every(
            (field) =>
              field.owners === 'keys' ||
              !Array.isArray(field.owners) ||
              !field.owners.includes(one) ||
              (field.owners.length === 1 && !this.#settled.has(field) && (mayForbidNull || !field.type.endsWith('!'))),
          ),
        ),
      );
      if (subgraph !== undefined) type.unknown[subgraph] = choices.some(type.ids, 1);
    }
  }

  #addRoots(): void {
    const choices = this.#choices;
    for (const type of this.#types.filter(({ name }) => name !== 'TC')) {
      const lookup = this.#lookup();
      const places = this.#subgraphs.filter(
        (subgraph) => lookup.has(subgraph, type.name) && (type.kind !== 'value' || type.fields.length > 0),
      );
      for (let index = 0; index < (type.kind === 'value' ? 1 : 2); index += 1) {
        const owners = choices.some(places, choices.chance(0.12) ? 2 : 1);
        const field: FieldModel = {
          name: `${type.name.toLowerCase()}${index === 0 ? '' : 's'}`,
          type: index === 0 ? `${type.name}${choices.chance(0.2) ? '!' : ''}` : this.#wrap(type.name),
          args: this.#args(0.4),
          owners,
        };
        const isPossible = lookup.possibleTypes('Query', field).length > 0;
        if (owners.length > 0 && isPossible && type.name !== 'VM') this.#query.push(field);
      }
    }
    const scalar = choices.some(this.#subgraphs, 2);
    this.#query.push({ name: 'leaf', type: 'Int', args: this.#args(0.7), owners: scalar });
    if (!choices.chance(0.6)) return;
    for (let index = 0; index < 2 + choices.int(3); index += 1) {
      const owner = choices.pick(this.#subgraphs) ?? 's0';
      const named = choices.chance(0.3) ? 'Int' : this.#target([owner]);
      this.#mutation.push({ name: `do${index}`, type: named, args: this.#args(0.5), owners: [owner] });
    }
  }
}
