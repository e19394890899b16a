import DataLoader from 'dataloader';
import type { GraphQLResolveInfo } from 'graphql';
import { canonicalJson } from '../core/json.ts';
import type { Logger } from '../core/logger.ts';
import type { DecideList } from './list-rule.ts';
import { allSettled, asPromise, isPromise, isThenable, whenSettled } from './maybe-promise.ts';
import type { MaybePromise } from './maybe-promise.ts';
import { conjunction, disjunction, failure, no, unavailable } from './outcome.ts';
import type { Evaluation, Outcome, Refusal } from './outcome.ts';
import { rulesWithFragment } from './rule-fragment.ts';
import { denialOf } from './rule-node.ts';
import type { Denial, LeafRule, Requirement, RuleArguments, RuleNode } from './rule-node.ts';
import { ParentUnavailable } from './rule-parent.ts';
import { defaultDenial } from './rule-tree.ts';
import type { CompiledRules } from './rule-tree.ts';
import { ParentReadError, parentReadError, unreadableParent, watchedParent } from './unreadable-parent.ts';
import type { ParentWatch } from './unreadable-parent.ts';

/** The position a rule is asked about. */
export interface RuleCall {
  /** Root fields have `{}` as parent; before anything is fetched no other parent can be read. */
  readonly isRoot: boolean;
  readonly args: object;
  readonly info: GraphQLResolveInfo;
}

/** A decision that waits for the field's parent. */
export interface Postponed {
  /** The rules it waits for. */
  readonly leaves: readonly LeafRule[];
  /** Decides for one parent, which `parentFor` reads as a rule's fragment describes it. */
  readonly resume: (parentFor: (rule: LeafRule) => object) => MaybePromise<Denial | undefined>;
}

/** Undefined when the field may be seen. */
export type Decision = Denial | Postponed | undefined;

/** A promise only when a rule or `fallbackError` made one. */
export type Decide = (rule: RuleNode, call: RuleCall) => MaybePromise<Decision>;

export function isPostponed(decision: Decision): decision is Postponed {
  return decision !== undefined && 'resume' in decision;
}

/** A field's position while its rule is evaluated. */
interface Evaluated extends RuleCall {
  /** What rules with a fragment read; undefined before anything is fetched. */
  readonly parentFor?: (rule: LeafRule) => object;
  /** What the other rules said, once for all parents of the field; undefined where no rule has a fragment. */
  readonly settled?: Map<LeafRule, MaybePromise<Evaluation>>;
}

/** One call of a rule's function; shared by all positions with its cache key. */
interface Run extends ParentWatch {
  result: unknown;
}

const reportedParentReads = new WeakSet<LeafRule>();

/**
 * Evaluates rules for one operation: its results are cached as shield caches them, and never outlive it.
 *
 * Logic is Kleene's with a failed rule as the unknown value: `and` is false when any member is, `or` true when any
 * member is, whatever failed beside it; otherwise the failure stands. `chain` and `race` ask in order and stop as
 * shield's do. A denial's message is the first that a member gave. A rule with a fragment is unknown until its parent was
 * fetched, and so is what depends on it: `and` and `or` are decided by their other members where these suffice, `chain`
 * and `race` keep their order and wait.
 */
export function createEvaluator(rules: CompiledRules, requestContext: object, logger: Logger): Decide {
  const runs = new Map<string, Run>();
  const requirements = new Map<string, MaybePromise<Outcome>>();
  const loaders = new Map<LeafRule, DataLoader<object, { readonly result: unknown }, string>>();
  const reportedFailures = new Set<LeafRule>();
  // A copy, so that rules that call shield's own `resolve` find a fresh cache and a frozen context serves as well.
  const context = Object.create(Object.getPrototypeOf(requestContext) as object | null, {
    ...Object.getOwnPropertyDescriptors(requestContext),
    _shield: { value: { cache: Object.create(null) as object }, enumerable: true, writable: true, configurable: true },
  }) as object;

  return (rule, call) => {
    const leaves = rulesWithFragment(rule);
    const position: Evaluated = leaves.length === 0 ? call : { ...call, settled: new Map() };
    return whenSettled(evaluate(rule, position), (evaluation): MaybePromise<Decision> => {
      if (evaluation === 'unknown') return { leaves, resume: (parentFor) => resume(rule, { ...position, parentFor }) };
      return denialFor(evaluation, position);
    });
  };

  function resume(rule: RuleNode, call: Evaluated): MaybePromise<Denial | undefined> {
    return whenSettled(evaluate(rule, call), (evaluation) =>
      denialFor(evaluation === 'unknown' ? failure : evaluation, call),
    );
  }

  function evaluate(rule: RuleNode, call: Evaluated): MaybePromise<Evaluation> {
    switch (rule.kind) {
      case 'allow':
        return true;
      case 'deny':
        return no;
      case 'rule':
      case 'inputRule':
        return evaluateLeaf(rule, call);
      case 'requirement':
        return evaluateRequirement(rule);
      case 'not':
        return whenSettled(evaluate(rule.rule, call), (outcome) => {
          if (outcome === true) return { failed: false, denial: rule.denial };
          return outcome === 'unknown' || outcome.failed ? outcome : true;
        });
      case 'and':
      case 'or': {
        const combine = rule.kind === 'and' ? conjunction : disjunction;
        const outcomes = rule.rules.map((member) => evaluate(member, call));
        return allSettled(outcomes) ? combine(outcomes) : Promise.all(outcomes.map(asPromise)).then(combine);
      }
      default:
        return evaluateInOrder(rule.kind, rule.rules, call, []);
    }
  }

  function evaluateInOrder(
    kind: 'chain' | 'race',
    members: readonly RuleNode[],
    call: Evaluated,
    before: readonly Evaluation[],
  ): MaybePromise<Evaluation> {
    const [first, ...others] = members;
    if (first === undefined) return (kind === 'chain' ? conjunction : disjunction)(before);
    return whenSettled(evaluate(first, call), (outcome) => {
      const stops = (outcome === true) === (kind === 'race');
      return stops || outcome === 'unknown' ? outcome : evaluateInOrder(kind, others, call, [...before, outcome]);
    });
  }

  function evaluateLeaf(rule: LeafRule, call: Evaluated): MaybePromise<Evaluation> {
    if (rule.fragment !== undefined) return call.parentFor === undefined ? 'unknown' : ask(rule, call);
    const known = call.settled?.get(rule);
    if (known !== undefined) return known;
    const outcome = ask(rule, call);
    call.settled?.set(rule, outcome);
    return outcome;
  }

  function ask(rule: LeafRule, call: Evaluated): MaybePromise<Outcome> {
    try {
      const run = runOf(rule, call);
      if (!isThenable(run.result)) return judge(rule, call, run, run.result);
      return Promise.resolve(run.result).then(
        (settled) => judge(rule, call, run, settled),
        (error: unknown) => failed(rule, error),
      );
    } catch (error) {
      return failed(rule, error);
    }
  }

  function evaluateRequirement(rule: Requirement): MaybePromise<Outcome> {
    const known = requirements.get(rule.name);
    if (known !== undefined) return known;
    const judged = (holds: boolean): Outcome => (holds ? true : { failed: false, denial: rule.denial });
    const failing = (error: unknown): Outcome => {
      logger.warn({ rule: rule.name, err: error }, `requirement "${rule.name}" threw instead of deciding: denied`);
      return { failed: true, denial: rule.denial };
    };
    let outcome: MaybePromise<Outcome>;
    try {
      const holds = rule.holds(context);
      outcome = isPromise(holds) ? holds.then(judged, failing) : judged(holds);
    } catch (error) {
      outcome = failing(error);
    }
    requirements.set(rule.name, outcome);
    return outcome;
  }

  function runOf(rule: LeafRule, { isRoot, args, info, parentFor }: Evaluated): Run {
    const run: Run = { result: undefined, readFromParent: undefined };
    const hasParent = rule.fragment !== undefined && parentFor !== undefined;
    const parent = hasParent ? parentFor(rule) : watchedParent(rule, run, isRoot);
    if (rule.decideList !== undefined) {
      run.result = loaderOf(rule, rule.decideList)
        .load(parent)
        .then(({ result }) => result);
      return run;
    }
    const call: RuleArguments = [parent, args, context, info];
    const key = cacheKey(rule, call);
    const earlier = key === undefined ? undefined : runs.get(key);
    if (earlier !== undefined) return earlier;
    run.result = rule.decide(...call);
    if (key !== undefined) runs.set(key, run);
    return run;
  }

  function loaderOf(rule: LeafRule, decideList: DecideList): DataLoader<object, { readonly result: unknown }, string> {
    const known = loaders.get(rule);
    if (known !== undefined) return known;
    const load = async (parents: readonly object[]): Promise<{ readonly result: unknown }[]> => {
      const results: unknown = await decideList(parents, context);
      if (Array.isArray(results) && results.length === parents.length) return results.map((result) => ({ result }));
      const got = Array.isArray(results) ? `${results.length}` : typeof results;
      throw new Error(`It has to answer a list of ${parents.length} results, one for each parent, got ${got}`);
    };
    const loader = new DataLoader(load, { cacheKeyFn: canonicalJson });
    loaders.set(rule, loader);
    return loader;
  }

  function cacheKey(rule: LeafRule, call: RuleArguments): string | undefined {
    if (rule.cache === 'no_cache') return undefined;
    if (rule.cache === 'contextual') return rule.name;
    if (rule.cache === 'strict') {
      // Reading the parent without a fragment is a fault, which a hash must not commit.
      const parent = rule.fragment === undefined ? {} : call[0];
      return `${rule.name}-${rules.hashCall({ parent, args: call[1] })}`;
    }
    return `${rule.name}-${String(rule.cache(...call))}`;
  }

  function judge(rule: LeafRule, call: RuleCall, run: Run, result: unknown): Outcome {
    // Also when the rule caught the error its read raised, or read another position's parent under the same key.
    if (run.readFromParent !== undefined && !call.isRoot) {
      return failed(rule, parentReadError(rule, run.readFromParent));
    }
    if (result === true) return true;
    if (typeof result === 'string' && result !== '') {
      return { failed: false, denial: { message: result, code: 'FORBIDDEN' } };
    }
    if (!(result instanceof Error)) return no;
    // An inputRule returns whatever its schema threw; only yup's verdict is an answer.
    if (rule.kind === 'inputRule' && result.name !== 'ValidationError') return failed(rule, result);
    return { failed: false, denial: denialOf(result) };
  }

  function failed(rule: LeafRule, error: unknown): Refusal {
    if (error instanceof ParentUnavailable) return unavailable;
    const fields = { rule: rule.name, at: rule.at, err: error };
    if (error instanceof ParentReadError) {
      if (!reportedParentReads.has(rule)) logger.error(fields, `${error.message}: denied`);
      reportedParentReads.add(rule);
      return failure;
    }
    if (!reportedFailures.has(rule)) logger.warn(fields, `rule "${rule.name}" threw instead of deciding: denied`);
    reportedFailures.add(rule);
    return rules.debug && error instanceof Error ? { failed: true, denial: denialOf(error) } : failure;
  }

  function denialFor(outcome: Outcome, call: RuleCall): MaybePromise<Denial | undefined> {
    if (outcome === true) return undefined;
    if (outcome.denial !== undefined) return outcome.denial;
    return typeof rules.fallback === 'function' ? askFallback(rules.fallback, call) : rules.fallback;
  }

  async function askFallback(
    fallback: Extract<CompiledRules['fallback'], CallableFunction>,
    { isRoot, args, info }: RuleCall,
  ): Promise<Denial> {
    try {
      const parent = isRoot ? {} : unreadableParent((member) => new Error(`fallbackError reads parent.${member}`));
      const error: unknown = await fallback(null, parent, args, context, info);
      if (typeof error === 'string' && error !== '') return { message: error, code: 'FORBIDDEN' };
      return (error instanceof Error ? denialOf(error) : undefined) ?? defaultDenial;
    } catch (error) {
      logger.warn({ err: error }, 'shield option "fallbackError" threw: the default message is sent');
      return defaultDenial;
    }
  }
}
