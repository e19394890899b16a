import {
  getNamedType,
  GraphQLError,
  isCompositeType,
  Kind,
  NoUnusedFragmentsRule,
  parse,
  specifiedRules,
} from 'graphql';
import { isAbstractType, validate, visit } from 'graphql';
import type { FieldNode, FragmentDefinitionNode, GraphQLNamedType, GraphQLSchema, SelectionSetNode } from 'graphql';
import { reservedPrefix } from '../core/reserved-names.ts';
import type { LeafRule, RuleNode } from './rule-node.ts';

/** What a rule reads of the parent. */
export interface RuleFragment {
  /** As it was written. */
  readonly text: string;
  /** The type it is written on: an object type, or an abstract type that the parent belongs to. */
  readonly typeName: string;
  /** What is fetched for it, under response names of which each is `prefix` and the rule's own name. */
  readonly selectionSet: SelectionSetNode;
  readonly prefix: string;
}

const rules = specifiedRules.filter((rule) => rule !== NoUnusedFragmentsRule);

const typeName: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/**
 * Reads `fragment Name on User { id }` or `... on User { id }`, as shield documents them.
 *
 * @param number sets its names apart from those of other fragments
 * @throws GraphQLError that says what is wrong with it
 */
export function parseRuleFragment(text: string, schema: GraphQLSchema, number: number): RuleFragment {
  const document = parse(text.replace(/^\s*\.\.\.\s*/, 'fragment rule '), { noLocation: true });
  const [definition, ...others] = document.definitions;
  if (definition?.kind !== Kind.FRAGMENT_DEFINITION || others.length > 0) {
    throw new GraphQLError('It has to be one fragment.');
  }
  visit(definition, {
    Directive: () => refuse('Directives have no meaning in it.'),
    Variable: () => refuse('Variables have no values in it.'),
    FragmentSpread: () => refuse('Other fragments cannot be spread in it.'),
  });
  const [fault] = validate(schema, document, rules);
  if (fault !== undefined) throw fault;
  const prefix = `${reservedPrefix}r${number}_`;
  const type = schema.getType(definition.typeCondition.name.value);
  return {
    text,
    typeName: definition.typeCondition.name.value,
    selectionSet: underReservedNames(definition.selectionSet, type, schema, prefix),
    prefix,
  };
}

function refuse(message: string): never {
  throw new GraphQLError(message);
}

/** Objects of abstract types are asked for `__typename` as well: what applies to them has to be known. */
function underReservedNames(
  { selections }: FragmentDefinitionNode['selectionSet'],
  type: GraphQLNamedType | undefined,
  schema: GraphQLSchema,
  prefix: string,
): SelectionSetNode {
  const renamed = selections.map((selection) => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return refuse('Other fragments cannot be spread in it.');
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const inside = selection.typeCondition === undefined ? type : schema.getType(selection.typeCondition.name.value);
      return { ...selection, selectionSet: underReservedNames(selection.selectionSet, inside, schema, prefix) };
    }
    const alias = { kind: Kind.NAME as const, value: `${prefix}${(selection.alias ?? selection.name).value}` };
    if (selection.selectionSet === undefined) return { ...selection, alias };
    const field = isCompositeType(type) && 'getFields' in type ? type.getFields()[selection.name.value] : undefined;
    const inside = field && getNamedType(field.type);
    return { ...selection, alias, selectionSet: underReservedNames(selection.selectionSet, inside, schema, prefix) };
  });
  return { kind: Kind.SELECTION_SET, selections: isAbstractType(type) ? [typeName, ...renamed] : renamed };
}

const readers = new WeakMap<RuleNode, readonly LeafRule[]>();

/** The rules with a fragment in a rule, each once. */
export function rulesWithFragment(rule: RuleNode): readonly LeafRule[] {
  const known = readers.get(rule);
  if (known !== undefined) return known;
  const found = [...new Set(search(rule))];
  readers.set(rule, found);
  return found;
}

function search(rule: RuleNode): readonly LeafRule[] {
  if ('rules' in rule) return rule.rules.flatMap(rulesWithFragment);
  if (rule.kind === 'not') return rulesWithFragment(rule.rule);
  return 'fragment' in rule && rule.fragment !== undefined ? [rule] : [];
}
