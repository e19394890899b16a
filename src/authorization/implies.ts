import { covers } from './required-by.ts';
import type { LeafRule, RuleNode } from './rule-node.ts';

/**
 * Whether everybody whom `rule` allows, `required` allows too, as far as the form of the two tells: a `false` may be
 * wrong, a `true` is not. `and` and `chain` need one member that implies it, `or` and `race` need all; `not` implies only
 * an equal `not`, because a failed rule denies under `not` as well.
 *
 * @param decidesAlike whether one rule comes to one answer at both places
 */
export function implies(rule: RuleNode, required: RuleNode, decidesAlike: (rule: LeafRule) => boolean): boolean {
  if (rule.kind === 'deny' || required.kind === 'allow' || isEqual(rule, required, decidesAlike)) return true;
  const from = (member: RuleNode): boolean => implies(member, required, decidesAlike);
  const to = (member: RuleNode): boolean => implies(rule, member, decidesAlike);
  if (isAll(rule) && rule.rules.some(from)) return true;
  if (isAny(rule) && rule.rules.every(from)) return true;
  if (isAll(required) && required.rules.every(to)) return true;
  return isAny(required) && required.rules.some(to);
}

type LogicRule = Extract<RuleNode, { rules: unknown }>;

function isAll(rule: RuleNode): rule is LogicRule {
  return rule.kind === 'and' || rule.kind === 'chain';
}

function isAny(rule: RuleNode): rule is LogicRule {
  return rule.kind === 'or' || rule.kind === 'race';
}

function isEqual(one: RuleNode, other: RuleNode, decidesAlike: (rule: LeafRule) => boolean): boolean {
  switch (one.kind) {
    case 'allow':
    case 'deny':
      return other.kind === one.kind;
    case 'rule':
    case 'inputRule':
      if (other.kind !== one.kind || !decidesAlike(one)) return false;
      // Two that read the parent may differ in what they read of it.
      if (one.fragment !== undefined || other.fragment !== undefined) return one === other;
      return other.name === one.name && other.decide === one.decide;
    case 'requirement':
      return (
        other.kind === 'requirement' &&
        other.protection.directive === one.protection.directive &&
        covers(one.protection.anyOf, other.protection.anyOf)
      );
    case 'not':
      return (
        other.kind === 'not' &&
        isEqual(one.rule, other.rule, decidesAlike) &&
        isEqual(other.rule, one.rule, decidesAlike)
      );
    default:
      return (
        'rules' in other &&
        other.kind === one.kind &&
        other.rules.length === one.rules.length &&
        one.rules.every((member, at) => {
          const counterpart = other.rules[at];
          return counterpart !== undefined && isEqual(member, counterpart, decidesAlike);
        })
      );
  }
}
