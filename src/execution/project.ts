import { isLeafType, isListType, isNonNullType, SchemaMetaFieldDef, TypeMetaFieldDef } from 'graphql';
import type { FieldNode, GraphQLError, GraphQLObjectType, GraphQLOutputType } from 'graphql';
import { isJsonObject } from '../core/json.ts';
import type { ResponseField, Selection } from './collect-fields.ts';
import type { FaultBook, Fault, FaultNode } from './faults.ts';
import { getOwn, setOwn } from './own.ts';
import { pathOf, ResponseErrors } from './response-errors.ts';
import type { Position } from './response-errors.ts';
import { leafValue, runtimeType } from './result-coercion.ts';
import { coordinate, settle, tellCauses, tellFaults, tellUnvisited } from './tell-faults.ts';
import type { FieldPlace, Telling } from './tell-faults.ts';

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

export interface Projection extends Omit<Telling, 'errors'> {
  readonly rootType: GraphQLObjectType;
  readonly selection: Selection;
  readonly data: Record<string, unknown>;
  readonly faults: FaultBook;
  readonly verdict: Verdict | undefined;
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
    tellUnvisited(run, faults.root, [], { type: projection.rootType, selection: projection.selection });
  for (const fault of faults.general) errors.addAt(fault, undefined, '');
  return { data: data === NULL_PARENT ? null : data, errors: errors.list() };
}

interface Run extends Projection, Telling {
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
interface Place extends FieldPlace {
  readonly run: Run;
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
    if (faults !== undefined) tellFaults(place, faults, position);
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
    tellFaults(place, faults, position);
    if (errors.count > before) return;
  }
  if (value === null) return;
  const failure = book.failureOf(place.source);
  if (failure !== undefined) errors.spread(failure, position, coordinate(place));
  else if (!book.isAbsent(place.source)) errors.spread(noAnswer(place), position, coordinate(place));
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

const invalid = { code: 'SUBGRAPH_INVALID_RESPONSE' };
