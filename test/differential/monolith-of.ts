import {
  buildASTSchema,
  buildSchema,
  executeSync,
  getArgumentValues,
  isNonNullType,
  isObjectType,
  Kind,
  parse,
  print,
  printSchema,
  responsePathAsArray,
  visit,
} from 'graphql';
import type {
  DocumentNode,
  ExecutionResult,
  GraphQLFieldResolver,
  GraphQLSchema,
  ResponsePath,
  TypeNode,
} from 'graphql';
import { keyOf } from './compare.ts';
import { coordinateOf, InjectedFault, isRef } from './data.ts';
import type { ArgsOf, Coordinate, Ref, WorldData } from './data.ts';
import { withMisfit } from './misfits.ts';
import { block, signature } from './subgraphs-of.ts';
import { parseSelection, sharedTypes } from './world.ts';
import type { Lookup, TypeModel } from './world.ts';

/** The merged schema, from the model alone: what composition should make of the subgraphs. */
export function mergedSchema(lookup: Lookup): GraphQLSchema {
  const { types, query, mutation } = lookup.world;
  const text = [
    sharedTypes,
    ...block(
      'type Query',
      query.map((field) => signature(field)),
    ),
    ...block(
      'type Mutation',
      mutation.map((field) => signature(field)),
    ),
    ...types.flatMap((type) => typeSdl(lookup, type)),
  ];
  return buildSchema(text.join('\n'), { assumeValid: true });
}

function typeSdl(lookup: Lookup, type: TypeModel): string[] {
  const fieldsOf = (typeName: string, names: readonly string[]): string[] =>
    names.map((name) => signature(lookup.field(typeName, name)));
  if (type.kind === 'union') return [`union ${type.name} = ${type.members.join(' | ')}`];
  if (type.kind === 'interface') {
    const [member = ''] = type.members;
    const common = type.common.filter((name) =>
      lookup.world.subgraphs.some(
        (subgraph) =>
          !type.objectIn.includes(subgraph) &&
          lookup.has(subgraph, type.name) &&
          lookup.localCommon(subgraph, type).includes(name),
      ),
    );
    return block(`interface ${type.name}`, [
      ...fieldsOf(member, common),
      ...type.objectFields.map((field) => signature(field)),
    ]);
  }
  const interfaces = lookup.world.types.flatMap((other) =>
    other.kind === 'interface' &&
    lookup.world.subgraphs.some(
      (subgraph) => lookup.has(subgraph, other.name) && lookup.localMembers(subgraph, other).includes(type.name),
    )
      ? [other]
      : [],
  );
  const added = lookup.family(type.name)?.objectFields ?? [];
  return block(
    `type ${type.name}${interfaces.length === 0 ? '' : ` implements ${interfaces.map(({ name }) => name).join(' & ')}`}`,
    [...type.fields, ...added]
      .filter((field) => lookup.owners(type.name, field).length > 0)
      .map((field) => signature(field)),
  );
}

export interface MonolithRun {
  readonly result: ExecutionResult;
  /** Every field of an object that was resolved, once. */
  readonly resolved: ReadonlySet<Coordinate>;
  /** Positions of objects for which a `@requires` read a field that failed, or of which a context did. */
  readonly hiddenFaults: readonly (readonly (string | number)[])[];
  /** How many `@requires` with arguments in their selection were computed. */
  readonly requiresWithArguments: number;
}

/**
 * One graphql-js server that holds all the data. Where `forbidsNull`, the resolver throws instead of answering null, so
 * that a schema without non-null types still reports it.
 */
export function runMonolith(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
  data: WorldData,
  forbidsNull?: (typeName: string, fieldName: string) => boolean,
): MonolithRun {
  const resolved = new Set<Coordinate>();
  const hiddenFaults: (string | number)[][] = [];
  let requiresWithArguments = 0;
  const text = print(document);
  const contexts = data.lookup.world.types.flatMap((type) =>
    (type.kind === 'entity' ? type.fields : []).flatMap(({ name, fromContext }) =>
      fromContext !== undefined && text.includes(name) ? [fromContext] : [],
    ),
  );
  /** The objects around a field, by their paths. */
  const objects = new WeakMap<ResponsePath, Ref>();
  const argsOf: ArgsOf = (typeName, node) => {
    const type = schema.getType(typeName);
    const definition = isObjectType(type) ? type.getFields()[node.name.value] : undefined;
    if (definition === undefined) throw new Error(`The merged schema has no ${typeName}.${node.name.value}`);
    return getArgumentValues(definition, node);
  };
  const fieldResolver: GraphQLFieldResolver<unknown, unknown> = (source, args, _context, info) => {
    const { parentType, fieldName, path } = info;
    const ref = isRef(source) ? source : { __typename: parentType.name, id: 0 };
    const field = data.lookup.field(parentType.name, fieldName);
    if (field === undefined) throw new Error(`The world has no ${parentType.name}.${fieldName}`);
    resolved.add(coordinateOf(parentType.name, ref.id, fieldName));
    if (path.prev !== undefined) objects.set(path.prev, ref);
    const read = (object: Ref, selection: string, at: ResponsePath | undefined): Record<string, unknown> =>
      data.requiredOf(object, parseSelection(selection), argsOf, () => hiddenFaults.push(responsePathAsArray(at)));
    // A gateway reads the values of a context before it knows whether there is an object below that needs them.
    for (const { on, selection } of contexts) if (data.satisfies(ref, on)) read(ref, selection, path.prev);
    let inputs: unknown;
    if (field.requires !== undefined) {
      inputs = read(ref, field.requires, path.prev);
      if (field.requires.includes('(')) requiresWithArguments += 1;
    }
    const given: Record<string, unknown> = { ...args };
    if (field.fromContext !== undefined) {
      const { name, on, selection } = field.fromContext;
      const isContext = (at: ResponsePath): boolean => {
        const object = objects.get(at);
        return object !== undefined && data.satisfies(object, on);
      };
      let at = path.prev;
      while (at !== undefined && !isContext(at)) at = at.prev;
      const object = at && objects.get(at);
      if (object === undefined) throw new Error(`${fieldName} is not below its context`);
      [given[name]] = Object.values(read(object, selection, at));
    }
    const value = data.value(ref, field, given, inputs);
    if (value === null && forbidsNull?.(parentType.name, fieldName) === true) throw new Error('null is forbidden');
    const misfit = data.misfitIn(ref, field, value);
    return misfit === undefined ? value : withMisfit(value, misfit, new InjectedFault('ill-typed'));
  };
  const result = executeSync({ schema, document, variableValues: variables, fieldResolver });
  return { result, resolved, hiddenFaults, requiresWithArguments };
}

/**
 * Every position at which the operation can raise an error when no error stops another: what a schema without non-null
 * types reports, `/` before each key.
 */
export function possibleErrors(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
  data: WorldData,
): ReadonlySet<string> {
  const forbidsNull = (typeName: string, fieldName: string): boolean => {
    const type = schema.getType(typeName);
    return isObjectType(type) && isNonNullType(type.getFields()[fieldName]?.type);
  };
  const { result } = runMonolith(withoutNonNull(schema), document, variables, data, forbidsNull);
  return new Set((result.errors ?? []).map(({ path = [] }) => keyOf(path)));
}

function withoutNonNull(schema: GraphQLSchema): GraphQLSchema {
  const nullable = (type: TypeNode): TypeNode => {
    if (type.kind === Kind.NON_NULL_TYPE) return nullable(type.type);
    return type.kind === Kind.LIST_TYPE ? { ...type, type: nullable(type.type) } : type;
  };
  const document = visit(parse(printSchema(schema), { noLocation: true }), {
    FieldDefinition: (node) => ({ ...node, type: nullable(node.type) }),
  });
  return buildASTSchema(document, { assumeValid: true });
}
