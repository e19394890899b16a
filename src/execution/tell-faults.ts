import { getNamedType, isCompositeType, isNonNullType } from 'graphql';
import type { GraphQLObjectType, GraphQLSchema } from 'graphql';
import { isJsonObject } from '../core/json.ts';
import type { ResponseField, Selection } from './collect-fields.ts';
import type { Fault, FaultNode } from './faults.ts';
import { getOwn } from './own.ts';
import { pathOf } from './response-errors.ts';
import type { Position, ResponseErrors } from './response-errors.ts';
import { runtimeType } from './result-coercion.ts';

/** What is told, and to whom not. */
export interface Telling {
  /** The API schema. */
  readonly schema: GraphQLSchema;
  readonly errors: ResponseErrors;
  /** Keys of objects that were fetched for verdicts alone: clients hear nothing of them. */
  readonly hidden?: ReadonlySet<string> | undefined;
}

/** The field a value belongs to. */
export interface FieldPlace {
  readonly run: Telling;
  readonly parent: GraphQLObjectType;
  readonly field: ResponseField;
}

/** Reports what is known of a position that is null. */
export function tellFaults(place: FieldPlace, node: FaultNode, position: Position): void {
  tell(place, node, pathOf(position), place.field);
  settle(node);
}

/** What is here and below was told, or has no place in the response any more. */
export function settle(node: FaultNode | undefined): void {
  if (node !== undefined) node.settled = true;
}

/** Is an object null because subgraphs said so of some of its fields? Reports it where projection did not come to them. */
export function tellCauses(
  run: Telling,
  selection: Selection,
  type: GraphQLObjectType,
  source: Readonly<Record<string, unknown>>,
  position: Position | undefined,
  node: FaultNode | undefined,
): boolean {
  let isCaused = false;
  for (const [key, child] of node?.children ?? []) {
    const field = selection.fieldNamed(String(key), type, undefined);
    if (field === undefined || !isNonNullType(field.type)) continue;
    const place: FieldPlace = { run, field, parent: type };
    const at: Position = { parent: position, key: field.responseName };
    isCaused = tellCausesAt(place, getOwn(source, String(key)), at, child) || isCaused;
  }
  return isCaused;
}

function tellCausesAt(place: FieldPlace, value: unknown, position: Position, node: FaultNode): boolean {
  const { run, field } = place;
  if (value === undefined || value === null) {
    if (!node.settled) tellFaults(place, node, position);
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

/** The field whose keys a node's children have, as far as the client asked. */
type Within = Pick<ResponseField, 'type' | 'selection'> | undefined;

/** Errors of fields the client did not ask for (a `@requires` behind one it did) are told at the nearest position it knows. */
export function tellUnvisited(
  { errors, hidden }: Pick<Telling, 'errors' | 'hidden'>,
  node: FaultNode,
  path: readonly (string | number)[],
  within: Within,
): void {
  if (node.settled) return;
  for (const fault of node.faults) errors.addAt(fault, path, path.filter((key) => typeof key === 'string').join('.'));
  for (const [key, child] of node.children) {
    if (typeof key === 'number') {
      tellUnvisited({ errors, hidden }, child, within === undefined ? path : [...path, key], within);
      continue;
    }
    if (hidden?.has(key) === true) continue;
    const field = fieldWithin(within, key, child);
    // Asked of objects of other types alone.
    if (field !== undefined && !child.visited) continue;
    tellUnvisited({ errors, hidden }, child, field === undefined ? path : [...path, field.responseName], field);
  }
}

/** Reports every fault at or below a position that is null, in the client's names as far as it asked. */
function tell(place: FieldPlace, node: FaultNode, path: readonly (string | number)[], within: Within): void {
  for (const fault of node.faults) place.run.errors.addAt(fault, path, coordinate(place));
  for (const [key, child] of node.children) {
    if (typeof key === 'number') {
      tell(place, child, [...path, key], within);
    } else if (place.run.hidden?.has(key) === true) {
      place.run.errors.addAt(notFetched, path, coordinate(place));
    } else {
      const field = fieldWithin(within, key, child);
      tell(place, child, field === undefined ? path : [...path, field.responseName], field);
    }
  }
}

function fieldWithin(within: Within, dataName: string, { types }: FaultNode): ResponseField | undefined {
  return within?.type && within.selection?.fieldNamed(dataName, getNamedType(within.type), types);
}

export function coordinate({ parent, field }: FieldPlace): string {
  return `${parent.name}.${field.name}`;
}

const notFetched: Fault = {
  message: 'Data that a permission depends on could not be fetched.',
  extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' },
};
