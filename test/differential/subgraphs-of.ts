import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse, responsePathAsArray } from 'graphql';
import type { DocumentNode, GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { isJsonObject } from '../../src/core/json.ts';
import type { TestSubgraph } from '../support/create-test-gateway.ts';
import { isRef, pickGiven } from './data.ts';
import type { Ref, WorldData } from './data.ts';
import { misfitFor, withMisfit } from './misfits.ts';
import type { Misfit } from './misfits.ts';
import { fieldsSelected, namedType, parseSelection, sharedTypes, typeNode } from './world.ts';
import type { ArgModel, ContextModel, FieldModel, Lookup, TypeModel } from './world.ts';

/** One schema text for every subgraph of a world. */
export function subgraphSdls(lookup: Lookup): Map<string, string> {
  return new Map(lookup.world.subgraphs.map((subgraph) => [subgraph, sdlOf(lookup, subgraph)]));
}

/**
 * The subgraphs as services of their own, over data that can be exchanged between operations. What a subgraph must not
 * be asked (fields that are external, overridden or lack their representation) it answers with a text that says so.
 */
export function subgraphsOf(lookup: Lookup, current: () => WorldData): Record<string, TestSubgraph> {
  const subgraphs = [...subgraphSdls(lookup)].map(([subgraph, sdl]): [string, TestSubgraph] => {
    let schema: GraphQLSchema | undefined;
    const documents = new Map<string, DocumentNode>();
    return [
      subgraph,
      {
        sdl,
        async answer({ query, variables }) {
          schema ??= schemaOf(subgraph, sdl, current);
          const document = documents.get(query) ?? parse(query);
          documents.set(query, document);
          const misfits: Misfit[] = [];
          const { data, ...rest } = await execute({
            schema,
            document,
            variableValues: variables,
            rootValue: undefined,
            fieldResolver: withMisfits(fieldResolver(subgraph, current()), current(), misfits),
          });
          const spoilt = misfits.reduce((value: unknown, misfit) => withMisfit(value, misfit.path, misfit.value), data);
          return JSON.parse(JSON.stringify({ data: spoilt, ...rest })) as object;
        },
      },
    ];
  });
  return Object.fromEntries(subgraphs);
}

function schemaOf(subgraph: string, sdl: string, current: () => WorldData): GraphQLSchema {
  const schema = buildSubgraphSchema({ typeDefs: parse(sdl) });
  const entities = schema.getQueryType()?.getFields()['_entities'];
  if (entities !== undefined) {
    entities.resolve = (_, args) => {
      const representations: unknown = args['representations'];
      if (!Array.isArray(representations)) throw new Error('Expected a list of representations');
      return representations.map((one: unknown) => (isJsonObject(one) ? lookUp(subgraph, current(), one) : null));
    };
  }
  return schema;
}

function lookUp(subgraph: string, data: WorldData, representation: Readonly<Record<string, unknown>>): Ref | null {
  const found = data.find(subgraph, representation);
  if (found === undefined) throw new Error(`${subgraph} cannot read ${JSON.stringify(representation)}`);
  if (data.isUnknown(found, subgraph)) return null;
  const type = data.lookup.type(String(representation['__typename']));
  const isObject = type?.kind === 'interface' && type.objectIn.includes(subgraph);
  return { ...found, ...(isObject ? { __typename: type.name } : {}), given: representation };
}

/** Notes what has to be replaced once the answer is made: resolvers cannot answer what does not fit. */
function withMisfits(
  resolve: GraphQLFieldResolver<unknown, unknown>,
  data: WorldData,
  misfits: Misfit[],
): GraphQLFieldResolver<unknown, unknown> {
  return (source, args, context, info) => {
    const value = resolve(source, args, context, info);
    const ref = isRef(source) ? source : { __typename: info.parentType.name, id: 0 };
    const field = data.lookup.field(info.parentType.name, info.fieldName);
    const place = field && data.misfitIn(ref, field, value);
    if (field === undefined || place === undefined) return value;
    const misfit = misfitFor(typeNode(field.type), place, `${data.typeOf(ref)} ${ref.id}`);
    misfits.push({ path: [...responsePathAsArray(info.path), ...place], value: misfit });
    // Nothing below it fails or is null.
    return data.lookup.type(namedType(field.type)) === undefined ? value : null;
  };
}

function fieldResolver(subgraph: string, data: WorldData): GraphQLFieldResolver<unknown, unknown> {
  return (source, args: Readonly<Record<string, unknown>>, _context, { parentType, fieldName }) => {
    const ref = isRef(source) ? source : { __typename: parentType.name, id: 0 };
    const { lookup } = data;
    const field = lookup.field(parentType.name, fieldName);
    if (field === undefined) throw new Error(`The world has no ${parentType.name}.${fieldName}`);
    const owners = lookup.owners(parentType.name, field);
    if (!owners.includes(subgraph) && !isProvidedIn(lookup, subgraph, parentType.name, field)) {
      return 'WRONG: not resolved here';
    }
    if (data.isUnknown(ref, subgraph) && owners.includes(subgraph) && field.owners !== 'keys') return null;
    if (field.requires === undefined) return data.value(ref, field, args);
    const selection = parseSelection(field.requires);
    if (ref.given !== undefined) return data.value(ref, field, args, pickGiven(ref.given, selection));
    // Whoever provides all that a field requires may be asked for it without a representation.
    const isLocal = fieldsSelected(lookup, parentType.name, selection).every(
      (one) =>
        lookup.owners(one.typeName, one.field).includes(subgraph) ||
        isProvidedIn(lookup, subgraph, one.typeName, one.field),
    );
    if (!isLocal) return 'WRONG: no representation';
    return data.value(
      ref,
      field,
      args,
      data.requiredOf(ref, selection, () => ({})),
    );
  };
}

function isProvidedIn(lookup: Lookup, subgraph: string, typeName: string, field: FieldModel): boolean {
  return externalFields(lookup, subgraph, 'provides').has(`${typeName}.${field.name}`);
}

/** What a subgraph declares without resolving it, because its `@requires` or `@provides` name it: `Type.field`. */
function externalFields(lookup: Lookup, subgraph: string, reason: 'requires' | 'provides'): Set<string> {
  const external = new Set<string>();
  const collect = (typeName: string, selection: string): void => {
    for (const { typeName: parent, field } of fieldsSelected(lookup, typeName, parseSelection(selection))) {
      if (!lookup.owners(parent, field).includes(subgraph)) external.add(`${parent}.${field.name}`);
    }
  };
  const collectAll = (typeName: string, fields: readonly FieldModel[]): void => {
    for (const field of fields) {
      if (reason === 'requires') {
        if (!lookup.owners(typeName, field).includes(subgraph)) continue;
        if (field.requires !== undefined) collect(typeName, field.requires);
        if (field.fromContext !== undefined) collect(field.fromContext.on, field.fromContext.selection);
      } else if (field.provides?.in === subgraph) collect(namedType(field.type), field.provides.fields);
    }
  };
  for (const type of lookup.world.types) {
    if (type.kind === 'entity' || type.kind === 'value') collectAll(type.name, type.fields);
    if (type.kind === 'interface') collectAll(type.name, type.objectFields);
  }
  collectAll('Query', lookup.world.query);
  collectAll('Mutation', lookup.world.mutation);
  return external;
}

const header = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires",
  "@provides", "@external", "@shareable", "@override", "@interfaceObject", "@context", "@fromContext"])`;

function sdlOf(lookup: Lookup, subgraph: string): string {
  const external = new Set([
    ...externalFields(lookup, subgraph, 'requires'),
    ...externalFields(lookup, subgraph, 'provides'),
  ]);
  const { world } = lookup;
  const roots = [
    { name: 'Query', fields: world.query },
    { name: 'Mutation', fields: world.mutation },
  ].flatMap(({ name, fields }) => block(`type ${name}`, fieldLines(lookup, subgraph, name, fields, external)));
  const types = world.types
    .filter((type) => lookup.has(subgraph, type.name))
    .flatMap((type) => typeSdl(lookup, subgraph, type, external));
  return [header, sharedTypes.trim(), ...roots, ...types].join('\n');
}

function typeSdl(lookup: Lookup, subgraph: string, type: TypeModel, external: ReadonlySet<string>): string[] {
  switch (type.kind) {
    case 'union':
      return [`union ${type.name} = ${lookup.localMembers(subgraph, type).join(' | ')}`];
    case 'interface': {
      if (type.objectIn.includes(subgraph)) {
        const id = lookup.field(type.name, 'id');
        const common = type.common.flatMap((name) =>
          external.has(`${type.name}.${name}`) ? (lookup.field(type.name, name) ?? []) : [],
        );
        const fields = [...(id === undefined ? [] : [id]), ...common, ...type.objectFields];
        const lines = fieldLines(lookup, subgraph, type.name, fields, external);
        return block(`type ${type.name} @key(fields: "id") @interfaceObject`, lines);
      }
      const [member = ''] = lookup.localMembers(subgraph, type);
      const lines = lookup.localCommon(subgraph, type).map((name) => `  ${signature(lookup.field(member, name))}`);
      return block(`interface ${type.name}${type.keyed ? ' @key(fields: "id")' : ''}`, lines);
    }
    case 'value':
      return block(
        `type ${type.name}${implementing(lookup, subgraph, type.name)}`,
        fieldLines(lookup, subgraph, type.name, type.fields, external),
      );
    case 'entity': {
      const keys = (type.keys[subgraph] ?? []).map((key) => ` @key(fields: "${key}")`).join('');
      return block(
        `type ${type.name}${implementing(lookup, subgraph, type.name)}${keys}${isContext(lookup, subgraph, type.name) ? ' @context(name: "around")' : ''}`,
        fieldLines(lookup, subgraph, type.name, type.fields, external),
      );
    }
  }
}

function isContext(lookup: Lookup, subgraph: string, typeName: string): boolean {
  return lookup.world.types.some(
    (type) =>
      type.kind === 'entity' &&
      type.fields.some(
        (field) => field.fromContext?.on === typeName && lookup.owners(type.name, field).includes(subgraph),
      ),
  );
}

function implementing(lookup: Lookup, subgraph: string, typeName: string): string {
  const names = lookup.world.types.flatMap((type) =>
    type.kind === 'interface' &&
    lookup.has(subgraph, type.name) &&
    lookup.localMembers(subgraph, type).includes(typeName)
      ? type.name
      : [],
  );
  return names.length === 0 ? '' : ` implements ${names.join(' & ')}`;
}

function fieldLines(
  lookup: Lookup,
  subgraph: string,
  typeName: string,
  fields: readonly FieldModel[],
  external: ReadonlySet<string>,
): string[] {
  return fields.flatMap((field) => {
    const owners = lookup.owners(typeName, field);
    if (field.overrides === subgraph) return `  ${signature(field)}`;
    if (!owners.includes(subgraph)) {
      return external.has(`${typeName}.${field.name}`) ? `  ${signature(field)} @external` : [];
    }
    const type = field.tight?.in.includes(subgraph) ? field.tight.type : field.type;
    const isProvided = lookup.world.subgraphs.some((other) => isProvidedIn(lookup, other, typeName, field));
    const shareable = field.owners !== 'keys' && (owners.length > 1 || isProvided || isValue(lookup, typeName));
    return [
      `  ${signature(field, type, field.fromContext)}`,
      ...(shareable && typeName !== 'Mutation' ? ['@shareable'] : []),
      ...(field.overrides === undefined ? [] : [`@override(from: "${field.overrides}")`]),
      ...(field.requires === undefined ? [] : [`@requires(fields: ${JSON.stringify(field.requires)})`]),
      ...(field.provides?.in === subgraph ? [`@provides(fields: "${field.provides.fields}")`] : []),
    ].join(' ');
  });
}

function isValue(lookup: Lookup, typeName: string): boolean {
  return lookup.type(typeName)?.kind === 'value';
}

/** As clients see the field; in a subgraph with the argument that a context gives its value. */
export function signature(field: FieldModel | undefined, type = field?.type, context?: ContextModel): string {
  if (field === undefined || type === undefined) throw new Error('An interface promises a field that no member has');
  const given =
    context && `${argument(context)} @fromContext(field: ${JSON.stringify(`$around { ${context.selection} }`)})`;
  const args = [...field.args.map(argument), ...(given === undefined ? [] : [given])].join(' ');
  return `${field.name}${args === '' ? '' : `(${args})`}: ${type}`;
}

function argument({ name, type, default: value }: ArgModel): string {
  return `${name}: ${type}${value === undefined ? '' : ` = ${value}`}`;
}

/** A type without fields is not written at all. */
export function block(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${head} {\n${lines.join('\n')}\n}`];
}
