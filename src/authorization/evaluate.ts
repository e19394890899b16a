import type { GraphQLResolveInfo } from 'graphql';
import type { Logger } from '../core/logger.ts';
import { denialOf } from './rule-node.ts';
import type { Denial, LeafRule, Requirement, RuleArguments, RuleNode } from './rule-node.ts';
import { defaultDenial } from './rule-tree.ts';
import type { CompiledRules } from './rule-tree.ts';

/** The position a rule is asked about. */
export interface RuleCall {
  /** Root fields have `{}` as parent; before anything is fetched no other parent can be read. */
  readonly isRoot: boolean;
  readonly args: object;
  readonly info: GraphQLResolveInfo;
}

/** Undefined when the field may be seen. A promise only when a rule or `fallbackError` made one. */
export type Decide = (rule: RuleNode, call: RuleCall) => Denial | undefined | Promise<Denial | undefined>;

/**
 * True, or a refusal. A refusal that `failed` means that no rule said no, one could not answer: it denies, and stays
 * a refusal under `not`, where a plain "no" becomes true.
 */
type Outcome = true | Refusal;
type Refusal = { readonly failed: boolean; readonly denial: Denial | undefined };
type MaybePromise<T> = T | Promise<T>;

/** One call of a rule's function; shared by all positions with its cache key. */
interface Run {
  result: unknown;
  /** The member of the parent it read, if any. */
  readFromParent: string | undefined;
}

const no: Refusal = { failed: false, denial: undefined };
const failure: Refusal = { failed: true, denial: undefined };

const reportedParentReads = new WeakSet<LeafRule>();

/**
 * Evaluates rules for one operation: its results are cached as shield caches them, and never outlive it.
 *
 * Logic is Kleene's with a failed rule as the unknown value: `and` is false when any member is, `or` true when any
 * member is, whatever failed beside it; otherwise the failure stands. `chain` and `race` ask in order and stop as
 * shield's do. A denial's message is the first that a member gave.
 */
export function createEvaluator(rules: CompiledRules, requestContext: object, logger: Logger): Decide {
  const runs = new Map<string, Run>();
  const requirements = new Map<string, MaybePromise<Outcome>>();
  const reportedFailures = new Set<LeafRule>();
  // A copy, so that rules that call shield's own `resolve` find a fresh cache and a frozen context serves as well.
  const context = Object.create(Object.getPrototypeOf(requestContext) as object | null, {
    ...Object.getOwnPropertyDescriptors(requestContext),
    _shield: { value: { cache: Object.create(null) as object }, enumerable: true, writable: true, configurable: true },
  }) as object;

  return (rule, call) => {
    const outcome = evaluate(rule, call);
    if (outcome === true) return undefined;
    return outcome instanceof Promise ? outcome.then((settled) => denialFor(settled, call)) : denialFor(outcome, call);
  };

  function evaluate(rule: RuleNode, call: RuleCall): MaybePromise<Outcome> {
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
          return outcome.failed ? outcome : true;
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
    call: RuleCall,
    before: readonly Outcome[],
  ): MaybePromise<Outcome> {
    const [first, ...others] = members;
    if (first === undefined) return (kind === 'chain' ? conjunction : disjunction)(before);
    return whenSettled(evaluate(first, call), (outcome) => {
      const stops = (outcome === true) === (kind === 'race');
      return stops ? outcome : evaluateInOrder(kind, others, call, [...before, outcome]);
    });
  }

  function evaluateLeaf(rule: LeafRule, call: RuleCall): MaybePromise<Outcome> {
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

  function runOf(rule: LeafRule, { isRoot, args, info }: RuleCall): Run {
    const run: Run = { result: undefined, readFromParent: undefined };
    const call: RuleArguments = [watchedParent(rule, run, isRoot), args, context, info];
    const key = cacheKey(rule, call);
    const earlier = key === undefined ? undefined : runs.get(key);
    if (earlier !== undefined) return earlier;
    run.result = rule.decide(...call);
    if (key !== undefined) runs.set(key, run);
    return run;
  }

  function cacheKey(rule: LeafRule, call: RuleArguments): string | undefined {
    if (rule.cache === 'no_cache') return undefined;
    if (rule.cache === 'contextual') return rule.name;
    if (rule.cache === 'strict') return `${rule.name}-${rules.hashArguments(call[1])}`;
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

function conjunction(outcomes: readonly Outcome[]): Outcome {
  const refusals = outcomes.filter((outcome) => outcome !== true);
  return refusals.length === 0 ? true : join(refusals, refusals.every(hasFailed));
}

function disjunction(outcomes: readonly Outcome[]): Outcome {
  const refusals = outcomes.filter((outcome) => outcome !== true);
  return refusals.length < outcomes.length ? true : join(refusals, refusals.some(hasFailed));
}

function join(refusals: readonly Refusal[], failed: boolean): Refusal {
  return { failed, denial: refusals.find((refusal) => refusal.denial !== undefined)?.denial };
}

function hasFailed(refusal: Refusal): boolean {
  return refusal.failed;
}

class ParentReadError extends Error {}

function parentReadError(rule: LeafRule, member: string): ParentReadError {
  return new ParentReadError(`rule "${rule.name}" reads parent.${member} but declares no fragment`);
}

/** A parent that notes on the run that it was read. At the root it is empty; elsewhere a read throws. */
function watchedParent(rule: LeafRule, run: Run, isRoot: boolean): object {
  return unreadableParent((member) => {
    run.readFromParent ??= member;
    return isRoot ? undefined : parentReadError(rule, member);
  });
}

function unreadableParent(onRead: (member: string) => Error | undefined): object {
  function read(member: string | symbol): undefined {
    const error = onRead(String(member));
    if (error !== undefined) throw error;
  }
  return new Proxy(
    {},
    {
      get: (_, member) => read(member),
      getOwnPropertyDescriptor: (_, member) => read(member),
      has: (_, member) => read(member) ?? false,
      ownKeys: () => read('*') ?? [],
    },
  );
}

function whenSettled<T, U>(value: MaybePromise<T>, then: (settled: T) => MaybePromise<U>): MaybePromise<U> {
  return isPromise(value) ? value.then(then) : then(value);
}

function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return value instanceof Promise;
}

function allSettled<T>(values: readonly MaybePromise<T>[]): values is readonly T[] {
  return !values.some(isPromise);
}

async function asPromise<T>(value: MaybePromise<T>): Promise<T> {
  return value;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function';
}
