import { Kind, visit } from 'graphql';
import type { ASTNode, FieldNode, FragmentDefinitionNode, InlineFragmentNode, SelectionSetNode } from 'graphql';
import type { PrivateFields, Requirement } from '../supergraph/private-fields.ts';
import type { RequiredSelection } from './required-selection.ts';

/** What can be asked with one representation. */
export interface FetchPart {
  readonly selectionSet: SelectionSetNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Keys that the planner put into the representation for other parts. */
  readonly without: ReadonlySet<string>;
  /** Types of objects that lack what the part needs, so that it is not asked of them. */
  readonly notOf: ReadonlySet<string>;
}

const nothing: ReadonlySet<string> = new Set();

/**
 * Parts of an entity fetch whose representations hold every field once: a representation has one `price`, so fields that
 * need it with different arguments are asked with one representation each. So are fields that need what objects of some
 * types do not have (`unmet`, by type), because the others need not do without an answer.
 */
export function splitByRequirement(
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  requirementOf: (typeName: string, fieldName: string) => Requirement,
  { originals }: PrivateFields,
  unmet: ReadonlyMap<string, ReadonlySet<string>>,
): readonly FetchPart[] {
  const whole = [{ selectionSet, fragments, without: nothing, notOf: nothing }];
  if (originals.size === 0 && unmet.size === 0) return whole;
  const nameOf = (privateName: string): string | undefined => originals.get(privateName)?.name.value;
  const clash = (a: string, b: string): boolean => a !== b && nameOf(a) === nameOf(b);
  const lacking = (keys: ReadonlySet<string>): string[] =>
    [...unmet].flatMap(([typeName, missing]) => (missing.isDisjointFrom(keys) ? [] : typeName));

  const parts: Part[] = [];
  for (const leaf of leavesOf(selectionSet, fragments, [])) {
    const { own, privates } = requirementOf(leaf.typeName, leaf.field.name.value);
    const notOf = new Set(lacking(own));
    const part = parts.find(
      (known) =>
        ![...privates].some((name) => [...known.privates].some((other) => clash(name, other))) &&
        known.notOf.symmetricDifference(notOf).size === 0,
    );
    if (part === undefined) {
      parts.push({ leaves: [leaf], own: new Set(own), privates: new Set(privates), notOf });
    } else {
      part.leaves.push(leaf);
      for (const name of own) part.own.add(name);
      for (const name of privates) part.privates.add(name);
    }
  }
  if (parts.every(({ notOf }) => parts.length < 2 && notOf.size === 0)) return whole;
  const required = parts.flatMap((part) => [...part.own]);
  return parts.map(({ leaves, own, privates, notOf }) => {
    const foreign = required.filter(
      (name) => !own.has(name) && lacking(new Set([name])).some((typeName) => !notOf.has(typeName)),
    );
    return {
      selectionSet: { kind: Kind.SELECTION_SET, selections: leaves.map(wrap) },
      fragments: new Map(),
      without: new Set([...foreign, ...parts.flatMap((part) => [...part.privates.difference(privates)])]),
      notOf,
    };
  });
}

/** Private fields as the subgraphs know them, under their private names. */
export function restoreFields<T extends ASTNode>(node: T, { originals }: PrivateFields): T {
  if (originals.size === 0) return node;
  return visit<ASTNode>(node, {
    Field(field) {
      const original = originals.get(field.name.value);
      if (original === undefined) return undefined;
      return { ...field, ...original, alias: field.alias ?? field.name };
    },
  }) as T;
}

/** The representation of one part under the names the subgraph knows. */
export function restoreRequired(
  { fields, typed }: RequiredSelection,
  privateFields: PrivateFields,
  { without, notOf }: Pick<FetchPart, 'without' | 'notOf'>,
): RequiredSelection {
  // An object below has fields and a type of its own.
  const below = { without: new Set([...without].filter((key) => privateFields.originals.has(key))), notOf: nothing };
  return {
    fields: fields
      .filter(({ key }) => !without.has(key))
      .map((field) => ({
        ...field,
        key: privateFields.originals.get(field.key)?.name.value ?? field.key,
        selection: field.selection && restoreRequired(field.selection, privateFields, below),
      })),
    typed: typed.map((one) => ({
      ...one,
      types: one.types.difference(notOf),
      selection: restoreRequired(one.selection, privateFields, { without, notOf }),
    })),
  };
}

interface Part extends Pick<FetchPart, 'notOf'> {
  readonly leaves: Leaf[];
  readonly own: Set<string>;
  readonly privates: Set<string>;
}

/** A field of an entity with the fragments it stands in, the outermost first. */
interface Leaf {
  readonly typeName: string;
  readonly field: FieldNode;
  readonly fragments: readonly Omit<InlineFragmentNode, 'selectionSet'>[];
}

function leavesOf(
  { selections }: SelectionSetNode,
  named: ReadonlyMap<string, FragmentDefinitionNode>,
  around: Leaf['fragments'],
): Leaf[] {
  return selections.flatMap((selection): Leaf[] => {
    if (selection.kind === Kind.FIELD) {
      const typeName = around.findLast(({ typeCondition }) => typeCondition !== undefined)?.typeCondition?.name.value;
      return [{ typeName: typeName ?? '', field: selection, fragments: around }];
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? named.get(selection.name.value) : selection;
    if (fragment === undefined) return [];
    const { typeCondition, selectionSet } = fragment;
    const wrapper: Leaf['fragments'][number] = {
      kind: Kind.INLINE_FRAGMENT,
      ...(typeCondition === undefined ? {} : { typeCondition }),
      ...(selection.directives === undefined ? {} : { directives: selection.directives }),
    };
    return leavesOf(selectionSet, named, [...around, wrapper]);
  });
}

function wrap({ field, fragments }: Leaf): FieldNode | InlineFragmentNode {
  return fragments.reduceRight<FieldNode | InlineFragmentNode>(
    (inner, fragment) => ({ ...fragment, selectionSet: { kind: Kind.SELECTION_SET, selections: [inner] } }),
    field,
  );
}
