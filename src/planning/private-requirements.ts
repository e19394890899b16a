import { visit } from 'graphql';
import type { ASTNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql';
import type { PrivateFields, Requirement } from '../supergraph/private-fields.ts';
import { selectionOf } from './planned-fetch.ts';
import type { Entities, Leaf } from './planned-fetch.ts';
import type { RequiredSelection } from './required-selection.ts';

const nothing: ReadonlySet<string> = new Set();

/** What can be asked with one representation. */
export interface FetchPart {
  readonly selectionSet: SelectionSetNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Keys that the planner put into the representation for other parts. */
  readonly without: ReadonlySet<string>;
  /** Types of objects of which the part is not asked. */
  readonly notOf: ReadonlySet<string>;
}

/** What is known of a field of an entity fetch. */
export interface LeafNeeds extends Requirement {
  /** Types of which it is asked, and those of which it must not be asked. */
  readonly of: ReadonlySet<string>;
  readonly notOf: ReadonlySet<string>;
}

/**
 * Parts of an entity fetch whose representations hold every field once: a representation has one `price`, so fields that
 * need it with different arguments are asked with one representation each. So are fields that are asked of different
 * types under the same condition.
 */
export function splitByRequirement(
  { selectionSet, leaves }: Pick<Entities, 'selectionSet' | 'leaves'>,
  fragments: FetchPart['fragments'],
  needsOf: (leaf: Leaf) => LeafNeeds,
  { originals }: PrivateFields,
): readonly FetchPart[] {
  const nameOf = (privateName: string): string | undefined => originals.get(privateName)?.name.value;
  const clash = (a: string, b: string): boolean => a !== b && nameOf(a) === nameOf(b);

  const parts: Part[] = [];
  for (const leaf of leaves) {
    const { own, privates, of, notOf } = needsOf(leaf);
    const fits = (part: Part): boolean =>
      ![...privates].some((name) => [...part.privates].some((other) => clash(name, other))) &&
      part.of.isDisjointFrom(notOf) &&
      part.notOf.isDisjointFrom(of);
    let part = parts.find(fits);
    if (part === undefined) {
      part = { leaves: [], own: new Set(), privates: new Set(), of: new Set(), notOf: new Set() };
      parts.push(part);
    }
    part.leaves.push(leaf);
    for (const name of own) part.own.add(name);
    for (const name of privates) part.privates.add(name);
    for (const typeName of of) part.of.add(typeName);
    for (const typeName of notOf) part.notOf.add(typeName);
  }
  if (parts.every(({ notOf }) => parts.length < 2 && notOf.size === 0)) {
    return [{ selectionSet, fragments, without: nothing, notOf: nothing }];
  }
  return parts.map((part) => {
    const others = parts.filter((other) => other !== part);
    const foreign = others.flatMap(({ own, notOf }) => (notOf.isDisjointFrom(part.of) ? [] : [...own]));
    const privates = others.flatMap((other) => [...other.privates]);
    return {
      selectionSet: selectionOf(part.leaves),
      fragments: new Map(),
      without: new Set([...new Set(foreign).difference(part.own), ...new Set(privates).difference(part.privates)]),
      notOf: part.notOf,
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
  required: RequiredSelection,
  privateFields: PrivateFields,
  { without, notOf }: Pick<FetchPart, 'without' | 'notOf'>,
): RequiredSelection {
  if (without.size + notOf.size + privateFields.originals.size === 0) return required;
  // An object below has fields and a type of its own.
  const below = { without: new Set([...without].filter((key) => privateFields.originals.has(key))), notOf: nothing };
  return {
    fields: required.fields
      .filter(({ key }) => !without.has(key))
      .map((field) => ({
        ...field,
        key: privateFields.originals.get(field.key)?.name.value ?? field.key,
        selection: field.selection && restoreRequired(field.selection, privateFields, below),
      })),
    typed: required.typed.map((one) => ({
      ...one,
      types: one.types.difference(notOf),
      selection: restoreRequired(one.selection, privateFields, { without, notOf }),
    })),
  };
}

interface Part {
  readonly leaves: Leaf[];
  readonly own: Set<string>;
  readonly privates: Set<string>;
  readonly of: Set<string>;
  readonly notOf: Set<string>;
}
