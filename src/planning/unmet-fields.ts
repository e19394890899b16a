import { allFields } from './answer-shape.ts';
import type { AnswerShape } from './answer-shape.ts';
import type { FetchStep, ResponsePath } from './fetch-plan.ts';
import { representedFields } from './required-selection.ts';
import type { RequiredSelection } from './required-selection.ts';

/**
 * By object type, the keys of representations at a path that earlier steps bring for objects of other types only: the
 * planner writes what an interface object requires for some types into the representations of all.
 */
export function unmetFields(
  required: RequiredSelection,
  path: ResponsePath,
  earlier: readonly FetchStep[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const represented = [...new Set(required.typed.flatMap(({ types }) => [...types]))].flatMap((typeName) => {
    const fields = representedFields(required, typeName);
    return fields === undefined ? [] : [{ typeName, fields }];
  });
  if (represented.length < 2) return new Map();
  const sources = earlier.flatMap((step) => sourcesAt(step, path));
  const brought = represented.map(({ typeName }) => {
    const known = sources.filter(({ knows }) => knows(typeName));
    return new Set(known.flatMap(({ shape }) => keysFor(shape, typeName)));
  });
  const broughtForAny = new Set(brought.flatMap((keys) => [...keys]));
  const unmet = represented.map(({ typeName, fields }, index): [string, ReadonlySet<string>] => {
    const missing = fields.filter(({ responseName: name }) => broughtForAny.has(name) && !brought[index]?.has(name));
    return [typeName, new Set(missing.map(({ key }) => key))];
  });
  return new Map(unmet.filter(([, keys]) => keys.size > 0));
}

/** What a step brings to the objects at a path, and whether it asks for those of a type. */
interface Source {
  readonly shape: AnswerShape;
  readonly knows: (typeName: string) => boolean;
}

function sourcesAt({ paths, shape, requires }: FetchStep, path: ResponsePath): Source[] {
  const names = path.filter((element) => element !== '@');
  return paths.flatMap((own) => {
    const above = own.filter((element) => element !== '@');
    if (!above.every((name, index) => names[index] === name)) return [];
    const isHere = above.length === names.length;
    const knows = (typeName: string): boolean =>
      !isHere || requires === undefined || representedFields(requires, typeName) !== undefined;
    return shapesBelow(shape, names.slice(above.length)).map((inner) => ({ shape: inner, knows }));
  });
}

function shapesBelow(shape: AnswerShape, [name, ...rest]: readonly string[]): AnswerShape[] {
  if (name === undefined) return [shape];
  return allFields(shape).flatMap((field) =>
    field.key === name && field.shape !== undefined ? shapesBelow(field.shape, rest) : [],
  );
}

function keysFor({ fields, typed }: AnswerShape, typeName: string): string[] {
  const inner = typed.flatMap(({ types, shape }) => (types.has(typeName) ? keysFor(shape, typeName) : []));
  return [...fields.map(({ key }) => key), ...inner];
}
