import { Kind } from 'graphql';
import type { FragmentDefinitionNode, SelectionSetNode } from 'graphql';
import type { BuiltSupergraph, FetchDataRewrite } from '../supergraph/supergraph.ts';
import type { Place } from './place.ts';

/** The fields a fetch asked for: what of a subgraph's answer may be merged, and under which key. */
export interface AnswerShape {
  readonly fields: readonly ShapeField[];
  /** Selections that hold for some object types only. */
  readonly typed: readonly { readonly types: ReadonlySet<string>; readonly shape: AnswerShape }[];
}

export interface ShapeField {
  /** The key in the subgraph's answer. */
  readonly responseName: string;
  /** The key in the response being built; differs where the planner had to alias. */
  key: string;
  /** No other step of the plan brings a value to this place. */
  exclusive: boolean;
  /** undefined for a leaf. */
  readonly shape: AnswerShape | undefined;
  /** Values that replace no other: where one subgraph says what an interface object is, it stays known. */
  readonly yielding: Pick<ReadonlySet<unknown>, 'has'> | undefined;
}

/** Object types that satisfy a type condition in the supergraph, the condition itself included. */
export type PossibleTypes = (typeName: string) => ReadonlySet<string>;

export function answerShape(
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  supergraph: Pick<BuiltSupergraph, 'possibleTypes' | 'interfaceObjects'>,
): AnswerShape {
  const fields: ShapeField[] = [];
  const typed: { types: ReadonlySet<string>; shape: AnswerShape }[] = [];
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) {
      const responseName = selection.alias?.value ?? selection.name.value;
      const shape = selection.selectionSet && answerShape(selection.selectionSet, fragments, supergraph);
      const yielding = selection.name.value === '__typename' ? supergraph.interfaceObjects : undefined;
      fields.push({ responseName, key: responseName, exclusive: false, shape, yielding });
      continue;
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
    if (fragment === undefined) continue;
    const inner = answerShape(fragment.selectionSet, fragments, supergraph);
    if (fragment.typeCondition === undefined) {
      fields.push(...inner.fields);
      typed.push(...inner.typed);
    } else {
      typed.push({ types: supergraph.possibleTypes(fragment.typeCondition.name.value), shape: inner });
    }
  }
  return { fields, typed };
}

/** Applies the plan's output rewrites once to the shape instead of to every answer. */
export function renameInShape(shape: AnswerShape, rewrites: readonly FetchDataRewrite[]): void {
  for (const rewrite of rewrites) {
    if (rewrite.kind !== 'KeyRenamer') throw new Error(`Unexpected output rewrite ${rewrite.kind}`);
    const parents = rewrite.path.slice(0, -1).reduce(descend, [shape]);
    for (const field of parents.flatMap(allFields)) {
      if (field.responseName === rewrite.path.at(-1)) field.key = rewrite.renameKeyTo;
    }
  }
}

/** One element of a rewrite's path: a response name, or `... on T`. */
function descend(shapes: readonly AnswerShape[], element: string): AnswerShape[] {
  if (!element.startsWith('... on ')) {
    return shapes
      .flatMap(allFields)
      .flatMap((field) => (field.responseName === element && field.shape ? [field.shape] : []));
  }
  const typeName = element.slice('... on '.length);
  return shapes.flatMap((shape) => [
    ...(shape.fields.length > 0 ? [{ fields: shape.fields, typed: [] }] : []),
    ...shape.typed.filter(({ types }) => types.has(typeName)).map((typed) => typed.shape),
  ]);
}

/** Visits every field with its place; `base` is that of the object. */
export function visitShape(shape: AnswerShape, base: Place, visit: (field: ShapeField, place: Place) => void): void {
  for (const field of shape.fields) {
    const place = base.field(field.key);
    visit(field, place);
    if (field.shape !== undefined) visitShape(field.shape, place, visit);
  }
  for (const typed of shape.typed) visitShape(typed.shape, base, visit);
}

/** Also those of some object types only. */
export function allFields(shape: AnswerShape): ShapeField[] {
  return [...shape.fields, ...shape.typed.flatMap((typed) => allFields(typed.shape))];
}
