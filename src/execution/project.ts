import {
  getNamedType,
  isCompositeType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
} from 'graphql';
import type {
  FieldNode,
  GraphQLAbstractType,
  GraphQLError,
  GraphQLLeafType,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
} from 'graphql';
import { isJsonObject } from '../core/json.ts';
import type { ResponseField, Selection } from './collect-fields.ts';
import type { FaultBook, Fault, FaultNode } from './faults.ts';
import { getOwn, setOwn } from './own.ts';
import { pathOf, ResponseErrors } from './response-errors.ts';
import type { Position } from './response-errors.ts';

/** A field node's denial for an object of a concrete type; the field's value is not looked at. */
export type Verdict = (parentType: string, field: FieldNode, at: VerdictPlace) => Fault | undefined;

/** Where a verdict is asked for. */
export interface VerdictPlace {
  /** The object as it was fetched, also what was fetched for the verdict alone; keys are those of `FieldNames`. */
  readonly parent: Readonly<Record<string, unknown>>;
  /** What went wrong at the object's fields. */
  readonly faults: FaultNode | undefined;
  /** True for an object whose entity its subgraph does not know. */
  readonly isAbsent: (object: object) => boolean;
  /** The field's position in the response. */
  readonly path: () => readonly (string | number)[];
}

export interface Projection {
  /** The API schema: what it does not have, the client does not see. */
  readonly schema: GraphQLSchema;
  readonly rootType: GraphQLObjectType;
  readonly selection: Selection;
  readonly data: Record<string, unknown>;
  readonly faults: FaultBook;
  readonly verdict: Verdict | undefined;
  /** Keys of objects that were fetched for verdicts alone: clients hear nothing of them. */
  readonly hidden?: ReadonlySet<string> | undefined;
  /** Answers to `__schema` and `__type`, by response name. */
  readonly introspection: Readonly<Record<string, unknown>>;
}

export interface Projected {
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly GraphQLError[];
}

/**
 * Shapes the collected data as the client's operation asks: response names in order, leaf values checked against their
 * types, nulls propagated, every lost value explained (GraphQL specification, sections 6.4.3, CompleteValue, and 6.4.4).
 */
export function project(projection: Projection): Projected {
  const { faults } = projection;
  const errors = new ResponseErrors();
  const run: Run = { ...projection, errors, isAbsent: (object) => faults.isAbsent(object) };
  const data = projectObject(run, projection.selection, projection.rootType, projection.data, undefined, faults.root);
  if (faults.root !== undefined)
    addUnvisited(run, faults.root, [], { type: projection.rootType, selection: projection.selection });
  for (const fault of faults.general) errors.addAt(fault, undefined, '');
  return { data: data === NULL_PARENT ? null : data, errors: errors.list() };
}

interface Run extends Projection {
  readonly errors: ResponseErrors;
  readonly isAbsent: VerdictPlace['isAbsent'];
}

/** Instead of a value: null stands where the type forbids it, so the parent becomes null. */
const NULL_PARENT = Symbol('null propagates');

function projectObject(
  run: Run,
  selection: Selection,
  type: GraphQLObjectType,
  source: Readonly<Record<string, unknown>>,
  position: Position | undefined,
  faultNode: FaultNode | undefined,
): Record<string, unknown> | typeof NULL_PARENT {
  const result: Record<string, unknown> = {};
  const before = run.errors.count;
  if (faultNode !== undefined) faultNode.visited = true;
  for (const field of selection.fieldsOf(type)) {
    const value = projectField(run, field, type, source, position, faultNode);
    if (value === NULL_PARENT) {
      if (run.errors.hasSpread(before) && tellCauses(run, selection, type, source, position, faultNode)) {
        run.errors.retractSpread(before);
      }
      settle(faultNode);
      return NULL_PARENT;
    }
    setOwn(result, field.responseName, value);
  }
  return result;
}

function projectField(
  run: Run,
  field: ResponseField,
  parent: GraphQLObjectType,
  source: Readonly<Record<string, unknown>>,
  parentPosition: Position | undefined,
  parentFaults: FaultNode | undefined,
): unknown {
  if (field.type === undefined) {
    if (field.name === SchemaMetaFieldDef.name || field.name === TypeMetaFieldDef.name) {
      return getOwn(run.introspection, field.responseName) ?? null;
    }
    return parent.name;
  }
  const position: Position = { parent: parentPosition, key: field.responseName };
  const at: Place = { run, field, parent, source };
  const denial = denialOf(at, position, parentFaults);
  if (denial !== undefined) {
    // What a subgraph said about a hidden position is hidden with it.
    settle(parentFaults?.children.get(field.dataName));
    run.errors.add(denial, position, coordinate(at));
    return isNonNullType(field.type) ? NULL_PARENT : null;
  }
  const faults = parentFaults?.children.get(field.dataName);
  return projectValue(at, field.type, getOwn(source, field.dataName), position, faults);
}

function denialOf(
  { run, parent, field, source }: Place,
  position: Position,
  faults: FaultNode | undefined,
): Fault | undefined {
  const { isAbsent } = run;
  if (run.verdict === undefined) return undefined;
  for (const node of field.nodes) {
    const denial = run.verdict(parent.name, node, { parent: source, faults, isAbsent, path: () => pathOf(position) });
    if (denial !== undefined) return denial;
  }
  return undefined;
}

/** The field a value belongs to, with the object it was read from. */
interface Place {
  readonly run: Run;
  readonly field: ResponseField;
  readonly parent: GraphQLObjectType;
  readonly source: Readonly<Record<string, unknown>>;
}

function projectValue(
  place: Place,
  type: GraphQLOutputType,
  value: unknown,
  position: Position,
  faults: FaultNode | undefined,
): unknown {
  const { errors } = place.run;
  if (isNonNullType(type)) {
    const before = errors.count;
    const completed = projectValue(place, type.ofType, value, position, faults);
    if (completed !== null) return completed;
    if (errors.count === before) errors.add(nullForbidden(place), position, coordinate(place));
    return NULL_PARENT;
  }
  if (value === undefined || value === null) {
    explainNull(place, value, position, faults);
    return null;
  }
  if (isListType(type)) return projectList(place, type.ofType, value, position, faults);
  if (isLeafType(type)) {
    const leaf = leafValue(type, value);
    if (leaf === undefined) errors.add(misfit(place, type.name), position, coordinate(place));
    return leaf ?? null;
  }

  const objectType = runtimeType(place.run.schema, value, type, place.field.selection);
  if (!isJsonObject(value) || objectType === undefined || place.field.selection === undefined) {
    const before = errors.count;
    if (faults !== undefined) {
      tell(place, faults, pathOf(position), place.field);
      settle(faults);
    }
    const failure = isJsonObject(value) ? place.run.faults.failureOf(value) : undefined;
    if (errors.count === before) errors.add(failure ?? misfit(place, type.name), position, coordinate(place));
    return null;
  }
  const object = projectObject(place.run, place.field.selection, objectType, value, position, faults);
  return object === NULL_PARENT ? null : object;
}

function projectList(
  place: Place,
  itemType: GraphQLOutputType,
  value: unknown,
  position: Position,
  faults: FaultNode | undefined,
): unknown[] | null {
  if (!Array.isArray(value)) {
    place.run.errors.add(misfit(place, `[${String(itemType)}]`), position, coordinate(place));
    return null;
  }
  if (faults !== undefined) faults.visited = true;
  const items: unknown[] = [];
  for (const [index, item] of value.entries()) {
    const completed = projectValue(
      place,
      itemType,
      item,
      { parent: position, key: index },
      faults?.children.get(index),
    );
    if (completed === NULL_PARENT) {
      settle(faults);
      return null;
    }
    items.push(completed);
  }
  return items;
}

/** A null that a subgraph meant needs no word; one that stands for something lost gets the reason. */
function explainNull(place: Place, value: null | undefined, position: Position, faults: FaultNode | undefined): void {
  const { errors, faults: book } = place.run;
  if (faults !== undefined) {
    const before = errors.count;
    tell(place, faults, pathOf(position), place.field);
    settle(faults);
    if (errors.count > before) return;
  }
  if (value === null) return;
  const failure = book.failureOf(place.source);
  if (failure !== undefined) errors.spread(failure, position, coordinate(place));
  else if (!book.isAbsent(place.source)) errors.spread(noAnswer(place), position, coordinate(place));
}

/** Is an object null because subgraphs said so of some of its fields? Reports it where projection did not come to them. */
function tellCauses(
  run: Run,
  selection: Selection,
  type: GraphQLObjectType,
  source: Readonly<Record<string, unknown>>,
  position: Position | undefined,
  node: FaultNode | undefined,
): boolean {
  let isCaused = false;
  for (const [key, child] of node?.children ?? []) {
    const field = selection.fieldNamed(String(key), type);
    if (field === undefined || !isNonNullType(field.type)) continue;
    const place: Place = { run, field, parent: type, source };
    const at: Position = { parent: position, key: field.responseName };
    isCaused = tellCausesAt(place, getOwn(source, String(key)), at, child) || isCaused;
  }
  return isCaused;
}

function tellCausesAt(place: Place, value: unknown, position: Position, node: FaultNode): boolean {
  const { run, field } = place;
  if (value === undefined || value === null) {
    if (!node.settled) tell(place, node, pathOf(position), field);
    return true;
  }
  if (Array.isArray(value)) {
    const items = [...node.children].map(([key, child]) =>
      tellCausesAt(place, value[Number(key)], { parent: position, key }, child),
    );
    return items.includes(true);
  }
  const declared = field.type && getNamedType(field.type);
  if (!isJsonObject(value) || field.selection === undefined || !isCompositeType(declared)) return false;
  const type = runtimeType(run.schema, value, declared, field.selection);
  return type !== undefined && tellCauses(run, field.selection, type, value, position, node);
}

/** Reports every fault at or below a position that is null, in the client's names as far as it asked. */
function tell(
  place: Place,
  node: FaultNode,
  path: readonly (string | number)[],
  within: Pick<ResponseField, 'type' | 'selection'> | undefined,
): void {
  for (const fault of node.faults) place.run.errors.addAt(fault, path, coordinate(place));
  for (const [key, child] of node.children) {
    if (typeof key === 'number') {
      tell(place, child, [...path, key], within);
    } else if (place.run.hidden?.has(key) === true) {
      place.run.errors.addAt(notFetched, path, coordinate(place));
    } else {
      const field = fieldWithin(within, key);
      tell(place, child, field === undefined ? path : [...path, field.responseName], field);
    }
  }
}

function fieldWithin(
  within: Pick<ResponseField, 'type' | 'selection'> | undefined,
  dataName: string,
): ResponseField | undefined {
  return within?.type && within.selection?.fieldNamed(dataName, getNamedType(within.type));
}

/** What is here and below was told, or has no place in the response any more. */
function settle(node: FaultNode | undefined): void {
  if (node !== undefined) node.settled = true;
}

/** Errors of fields the client did not ask for (a `@requires` behind one it did) are told at the nearest position it knows. */
function addUnvisited(
  { errors, hidden }: Pick<Run, 'errors' | 'hidden'>,
  node: FaultNode,
  path: readonly (string | number)[],
  within: Pick<ResponseField, 'type' | 'selection'> | undefined,
): void {
  if (node.settled) return;
  for (const fault of node.faults) errors.addAt(fault, path, path.filter((key) => typeof key === 'string').join('.'));
  for (const [key, child] of node.children) {
    if (typeof key === 'number') {
      addUnvisited({ errors, hidden }, child, within === undefined ? path : [...path, key], within);
      continue;
    }
    if (hidden?.has(key) === true) continue;
    const field = fieldWithin(within, key);
    // Asked of objects of other types alone.
    if (field !== undefined && !child.visited) continue;
    addUnvisited({ errors, hidden }, child, field === undefined ? path : [...path, field.responseName], field);
  }
}

/** The type of an object, undefined when it cannot stand where it stands. */
export function runtimeType(
  schema: GraphQLSchema,
  value: unknown,
  declared: GraphQLObjectType | GraphQLAbstractType,
  selection: Selection | undefined,
): GraphQLObjectType | undefined {
  const typeName = isJsonObject(value) ? value['__typename'] : undefined;
  if (isObjectType(declared)) return typeName === undefined || typeName === declared.name ? declared : undefined;
  // An interface object that nobody had to resolve goes by the interface's own name.
  if (typeName === undefined || typeName === declared.name) return selection?.anyType(declared);
  const type = typeof typeName === 'string' ? schema.getType(typeName) : undefined;
  return isObjectType(type) && schema.isSubType(declared, type) ? type : undefined;
}

/**
 * The value as the type's result coercion gives it, but without conversions that would hide a wrong answer; undefined
 * when it does not fit (GraphQL specification, sections 3.5 and 3.9).
 */
export function leafValue(type: GraphQLLeafType, value: unknown): unknown {
  switch (type.name) {
    case 'String':
      return typeof value === 'string' ? value : undefined;
    case 'Boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'Int':
      return typeof value === 'number' && (value | 0) === value ? value : undefined;
    case 'Float':
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'ID':
      return typeof value === 'string' ? value : Number.isSafeInteger(value) ? String(value) : undefined;
    default:
      if (!isEnumType(type)) return value;
      return typeof value === 'string' && type.getValue(value) !== undefined ? value : undefined;
  }
}

function coordinate({ parent, field }: Place): string {
  return `${parent.name}.${field.name}`;
}

function nullForbidden(place: Place): Fault {
  return { message: `Cannot return null for non-nullable field ${coordinate(place)}.`, extensions: invalid };
}

function misfit(place: Place, typeName: string): Fault {
  return { message: `The value of ${coordinate(place)} does not fit its type ${typeName}.`, extensions: invalid };
}

function noAnswer(place: Place): Fault {
  return { message: `No subgraph answered for ${coordinate(place)}.`, extensions: invalid };
}

const notFetched: Fault = {
  message: 'Data that a permission depends on could not be fetched.',
  extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' },
};

const invalid = { code: 'SUBGRAPH_INVALID_RESPONSE' };
