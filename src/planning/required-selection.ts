import type { FetchDataRewrite, QueryPlanSelectionNode } from '../supergraph/supergraph.ts';
import type { PossibleTypes } from './answer-shape.ts';

/** What is read from an object of the response to make its representation (Apollo Federation, `_Any`). */
export interface RequiredSelection {
  readonly fields: readonly RequiredField[];
  readonly typed: readonly TypedSelection[];
}

interface TypedSelection {
  readonly condition: string;
  /** The object types that satisfy the condition. */
  readonly types: ReadonlySet<string>;
  readonly selection: RequiredSelection;
}

export interface RequiredField {
  /** The key in the response. */
  readonly responseName: string;
  /** The key in the representation. */
  key: string;
  /** Written instead of what the response holds: the interface's name for an interface object. */
  constant?: string;
  readonly selection: RequiredSelection | undefined;
}

export function requiredSelection(
  selections: readonly QueryPlanSelectionNode[],
  possibleTypes: PossibleTypes,
): RequiredSelection {
  const fields: RequiredField[] = [];
  const typed: TypedSelection[] = [];
  for (const node of selections) {
    if (node.kind === 'Field') {
      const responseName = node.alias ?? node.name;
      const selection = node.selections && requiredSelection(node.selections, possibleTypes);
      fields.push({ responseName, key: responseName, selection });
    } else {
      const inner = requiredSelection(node.selections, possibleTypes);
      if (node.typeCondition === undefined) {
        fields.push(...inner.fields);
        typed.push(...inner.typed);
      } else {
        typed.push({ condition: node.typeCondition, types: possibleTypes(node.typeCondition), selection: inner });
      }
    }
  }
  return { fields, typed };
}

/** One key of a representation; several selections of it are written as one. */
export interface RepresentedField extends Pick<RequiredField, 'key' | 'responseName' | 'constant'> {
  readonly selections: readonly RequiredSelection[];
}

/** What represents an object of a type; undefined when the step does not concern such objects. */
export function representedFields(
  required: RequiredSelection,
  typeName: unknown,
): readonly RepresentedField[] | undefined {
  const fields = fieldsFor(required, typeName);
  return fields.some(({ key }) => key === '__typename') ? fields : undefined;
}

/** What is read of an object of a type, sorted by key. */
export function fieldsFor(required: RequiredSelection, typeName: unknown): RepresentedField[] {
  const fields = new Map<string, RepresentedField>();
  const collect = (selection: RequiredSelection): void => {
    for (const field of selection.fields) {
      const selections = [...(fields.get(field.key)?.selections ?? []), ...(field.selection ? [field.selection] : [])];
      const { key, responseName } = field;
      const constant = field.constant ?? fields.get(key)?.constant;
      fields.set(key, { key, responseName, selections, ...(constant === undefined ? {} : { constant }) });
    }
    for (const typed of selection.typed) {
      if (typeof typeName === 'string' && typed.types.has(typeName)) collect(typed.selection);
    }
  };
  collect(required);
  return [...fields.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Applies the plan's input rewrites once to the selection instead of to every representation. */
export function rewriteRequired(
  selection: RequiredSelection,
  rewrites: readonly FetchDataRewrite[],
  possibleTypes: PossibleTypes,
): void {
  for (const rewrite of rewrites) {
    const parents = rewrite.path
      .slice(0, -1)
      .reduce((selections, element) => descend(selections, element, possibleTypes), [selection]);
    for (const field of parents.flatMap((parent) => parent.fields)) {
      if (field.responseName !== rewrite.path.at(-1)) continue;
      if (rewrite.kind === 'KeyRenamer') field.key = rewrite.renameKeyTo;
      else field.constant = String(rewrite.setValueTo);
    }
  }
}

function descend(
  selections: readonly RequiredSelection[],
  element: string,
  possibleTypes: PossibleTypes,
): RequiredSelection[] {
  if (!element.startsWith('... on ')) {
    return selections.flatMap(({ fields }) =>
      fields.flatMap((field) => (field.responseName === element && field.selection ? [field.selection] : [])),
    );
  }
  const types = possibleTypes(element.slice('... on '.length));
  return selections.flatMap((selection) => [
    { fields: selection.fields, typed: [] },
    ...selection.typed.filter(({ condition }) => types.has(condition)).flatMap((typed) => within(typed.selection)),
  ]);
}

/** The planner writes fragments within fragments. */
function within(selection: RequiredSelection): RequiredSelection[] {
  return [selection, ...selection.typed.flatMap((typed) => within(typed.selection))];
}
