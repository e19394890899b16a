import type { FieldNode } from 'graphql';
import type { Logger } from '../core/logger.ts';
import { decideFields } from './decide-fields.ts';
import type { Asked } from './decide-fields.ts';
import { createEvaluator, isPostponed } from './evaluate.ts';
import type { Decide, RuleCall } from './evaluate.ts';
import type { LeafRule, RuleNode } from './rule-node.ts';
import { siteOf } from './rule-site.ts';
import type { CompiledRules } from './rule-tree.ts';

/** What the rules say of one field of an operation on one object type, before anything is fetched. */
export interface ExplainedVerdict {
  /** `data`: it depends on the parent. */
  readonly access: 'allowed' | 'denied' | 'data';
  /** The rules that made it so, each with what it said, or that read the parent. */
  readonly because: readonly string[];
}

export interface ExplainInput extends Asked {
  readonly rules: CompiledRules;
  /** What rules receive as `ctx`. */
  readonly context: object;
  readonly logger: Logger;
}

/** undefined where no rule covers the field, or none was asked because a field above it is denied. */
export type VerdictOf = (node: FieldNode | undefined, typeName: string) => ExplainedVerdict | undefined;

/** Asks the rules as a request would be, and tells which of them decided. Fields below a denied one are not asked about. */
export async function explainRules(input: ExplainInput): Promise<VerdictOf> {
  const { rules, context, logger } = input;
  const ask = createEvaluator(rules, context, logger);
  const verdicts = new Map<FieldNode | undefined, Map<string, ExplainedVerdict>>();
  const decide: Decide = async (rule, call) => {
    const denial = await ask(rule, call);
    const verdict: ExplainedVerdict = isPostponed(denial)
      ? { access: 'data', because: denial.leaves.map((leaf) => `${named(leaf)}: reads the parent`) }
      : {
          access: denial === undefined ? 'allowed' : 'denied',
          because: await reasons(rule, denial === undefined, call, ask),
        };
    const [node] = call.info.fieldNodes;
    const byType = verdicts.get(node) ?? new Map<string, ExplainedVerdict>();
    verdicts.set(node, byType.set(call.info.parentType.name, verdict));
    return denial;
  };
  await decideFields(input, rules, decide);
  return (node, typeName) => verdicts.get(node)?.get(typeName);
}

/** With the place where it was written. */
function named({ name, decide, at }: LeafRule): string {
  return `${JSON.stringify(name)} (${siteOf(decide) ?? at})`;
}

/** The leaves without which the outcome could be another. */
async function reasons(rule: RuleNode, isAllowed: boolean, call: RuleCall, ask: Decide): Promise<string[]> {
  switch (rule.kind) {
    case 'not':
      return (await reasons(rule.rule, (await ask(rule.rule, call)) === undefined, call, ask)).map((by) => `not ${by}`);
    case 'and':
    case 'chain':
    case 'or':
    case 'race': {
      const needsAll = (rule.kind === 'and' || rule.kind === 'chain') === isAllowed;
      const found: string[] = [];
      for (const member of rule.rules) {
        const decision = await ask(member, call);
        if (isPostponed(decision)) continue;
        const allows = decision === undefined;
        if (!needsAll && allows !== isAllowed) continue;
        found.push(...(await reasons(member, allows, call, ask)));
        if (!needsAll) break;
      }
      return found;
    }
    case 'rule':
    case 'inputRule': {
      const denial = await ask(rule, call);
      return [denial === undefined || isPostponed(denial) ? named(rule) : `${named(rule)}: ${denial.message}`];
    }
    case 'requirement':
      return [rule.name];
    default:
      return [rule.kind];
  }
}
