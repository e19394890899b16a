import * as fc from 'fast-check';
import { parse } from 'graphql';
import { Choices } from './choices.ts';
import { WorldData } from './data.ts';
import type { Coordinate, Fault } from './data.ts';
import { generateWorld } from './generate-world.ts';
import { mergedSchema, runMonolith } from './monolith-of.ts';
import { generateOperation } from './operations.ts';
import type { Operation } from './operations.ts';
import { smallerCases } from './shrink.ts';
import { fieldsOf, fieldsSelected, Lookup, namedType, parseSelection } from './world.ts';
import type { FieldModel, World } from './world.ts';

/** A supergraph with data, and what clients ask of it. */
export interface Case {
  readonly world: World;
  readonly questions: readonly Question[];
}

export interface Question {
  readonly operation: Operation;
  readonly faults: readonly Fault[];
}

/** Cases of `count` questions each. A failing one shrinks to one question on as little of the world as shows it. */
export class CaseArbitrary extends fc.Arbitrary<Case> {
  readonly #count: number;

  constructor(count: number) {
    super();
    this.#count = count;
  }

  generate(random: fc.Random): fc.Value<Case> {
    const choices = new Choices(random);
    const world = generateWorld(choices);
    const lookup = new Lookup(world);
    const schema = mergedSchema(lookup);
    const reliable = mustNotFail(lookup);
    const read = readByOthers(lookup);
    const questions: Question[] = [];
    for (let attempt = 0; questions.length < this.#count && attempt < 3 * this.#count; attempt += 1) {
      const operation = generateOperation(schema, choices);
      if (operation === undefined) continue;
      questions.push({ operation, faults: [] });
      const faults = choices.chance(0.6) ? chooseFaults(lookup, operation, { reliable, read }, choices) : [];
      if (faults.length > 0) questions.push({ operation, faults });
    }
    return new fc.Value({ world, questions }, undefined);
  }

  canShrinkWithoutContext(_value: unknown): _value is Case {
    return false;
  }

  shrink(value: Case): fc.Stream<fc.Value<Case>> {
    return fc.stream(smallerCases(value)).map((smaller) => new fc.Value(smaller, undefined));
  }
}

/** Of the fields the operation meets, one to three. */
function chooseFaults(
  lookup: Lookup,
  { query, variables }: Operation,
  { reliable, read }: { readonly reliable: ReadonlySet<string>; readonly read: ReadonlySet<string> },
  choices: Choices,
): Fault[] {
  const schema = mergedSchema(lookup);
  const { resolved } = runMonolith(schema, parse(query), variables, new WorldData(lookup, []));
  // A null that only one owner forbids would be propagated by that one alone.
  const promises = [...resolved].some((coordinate) => {
    const [typeName = '', name = ''] = coordinate.split(/[.#]/u);
    return lookup.field(typeName, name)?.tight !== undefined;
  });
  if (promises) return [];
  const candidates = [...resolved].filter((coordinate) => !reliable.has(coordinate.split('#')[0] ?? ''));
  return choices
    .some(candidates, 1 + choices.int(3))
    .map((coordinate) => (choices.chance(0.4) && mayBeIllTyped(coordinate) ? { illTyped: coordinate } : coordinate));

  function mayBeIllTyped(coordinate: Coordinate): boolean {
    const place = coordinate.split('#')[0] ?? '';
    const [typeName = '', name = ''] = place.split('.');
    const type = lookup.field(typeName, name)?.type ?? '';
    if (read.has(place) || namedType(type) === 'JSON') return false;
    // Its subgraph answers null before it is replaced.
    return lookup.type(namedType(type)) === undefined || !type.endsWith('!');
  }
}

/** Fields, as `Type.field`, whose value a subgraph is sent: what it would make of one that does not fit is its own affair. */
function readByOthers(lookup: Lookup): Set<string> {
  const names = lookup.world.types.flatMap((type) =>
    fieldsOf(type)
      .flatMap((field) => readBy(lookup, type.name, field))
      .flatMap((read) => objectTypes(lookup, read.typeName).map((name) => `${name}.${read.field.name}`)),
  );
  return new Set(names);
}

/** What a field is computed from. */
function readBy(
  lookup: Lookup,
  typeName: string,
  { requires, fromContext }: FieldModel,
): ReturnType<typeof fieldsSelected> {
  return [
    ...(requires === undefined ? [] : fieldsSelected(lookup, typeName, parseSelection(requires))),
    ...(fromContext === undefined ? [] : fieldsSelected(lookup, fromContext.on, parseSelection(fromContext.selection))),
  ];
}

function objectTypes(lookup: Lookup, typeName: string): readonly string[] {
  const type = lookup.type(typeName);
  return type?.kind === 'interface' ? type.members : [typeName];
}

/**
 * Fields that are not made to fail, as `Type.field`, because no answer would be the right one: keys identify entities;
 * a field that is nullable in the merged schema only takes its siblings along in a subgraph where it is not; and a
 * non-null field that a `@requires` or `@fromContext` reads, or that stands beside what it reads, makes null what the client did not ask
 * it for.
 */
function mustNotFail(lookup: Lookup): Set<string> {
  const names = new Set<string>();
  const add = (typeName: string, fieldName: string): void => {
    for (const name of objectTypes(lookup, typeName)) names.add(`${name}.${fieldName}`);
  };
  const seen = new Set<string>();
  /** Fields whose failure makes an object of this type null. */
  const addPropagating = (typeName: string): void => {
    const type = lookup.type(typeName);
    if (type === undefined || seen.has(typeName)) return;
    seen.add(typeName);
    if ('members' in type) for (const member of type.members) addPropagating(member);
    for (const field of fieldsOf(type)) {
      if (!field.type.includes('!')) continue;
      if (field.type.endsWith('!')) add(type.name, field.name);
      addPropagating(namedType(field.type));
    }
  };
  for (const type of lookup.world.types) {
    for (const field of fieldsOf(type)) {
      if (field.owners === 'keys' || field.tight !== undefined || type.name === 'VM') add(type.name, field.name);
      for (const selected of readBy(lookup, type.name, field)) {
        if (selected.field.type.endsWith('!')) add(selected.typeName, selected.field.name);
        addPropagating(namedType(selected.field.type));
      }
    }
  }
  return names;
}
