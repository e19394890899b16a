import { createRequire } from 'node:module';
import util from 'node:util';
import type * as GraphqlShield from 'graphql-shield';
import { rememberSite } from './rule-site.ts';

export type { IRule, IRules } from 'graphql-shield';

export type RuleTree = Parameters<typeof GraphqlShield.shield>[0];
export type ShieldOptions = NonNullable<Parameters<typeof GraphqlShield.shield>[1]>;

/** What the operator handed to `shield(...)`, unchecked: `compileRules` does that once the schema is known. */
export interface ShieldCall {
  readonly tree: RuleTree;
  readonly options: ShieldOptions;
}

/**
 * The one copy of graphql-shield in the process. Its 7.6.5 does not load on Node 23 and later: the ES module imports
 * `util.isUndefined`, which Node removed, and the CommonJS build calls it in `chain` and `race`. So the function is
 * put back and the CommonJS build loaded; imports of `graphql-shield` in a config are resolved to this module.
 */
const original = loadShield();

const calls = new WeakMap<object, ShieldCall>();

/**
 * graphql-shield's `shield`. The result is a middleware generator as graphql-middleware takes it, and keeps the tree
 * visible to Atrium. A faulty tree is reported when it is compiled or generated, where the item can be named.
 */
export const shield: typeof GraphqlShield.shield = <TSource, TContext, TArgs>(
  tree: RuleTree,
  options: ShieldOptions = {},
) => {
  const generator = original.shield<TSource, TContext, TArgs>({});
  // A copy each time, because shield writes into the options it is given.
  generator.generate = (schema) => original.shield<TSource, TContext, TArgs>(tree, { ...options }).generate(schema);
  calls.set(generator, { tree, options: { ...options } });
  return generator;
};

/** graphql-shield's `rule`, which remembers where it was called for `atrium explain`. */
export const rule: typeof GraphqlShield.rule = (...options) => {
  const make = original.rule(...options);
  return (decide) => {
    rememberSite(decide);
    return make(decide);
  };
};

export const inputRule: typeof GraphqlShield.inputRule = original.inputRule;
export const and: typeof GraphqlShield.and = original.and;
export const or: typeof GraphqlShield.or = original.or;
export const not: typeof GraphqlShield.not = original.not;
export const chain: typeof GraphqlShield.chain = original.chain;
export const race: typeof GraphqlShield.race = original.race;
export const allow: typeof GraphqlShield.allow = original.allow;
export const deny: typeof GraphqlShield.deny = original.deny;

/** The tree and options behind a result of `shield`; undefined for anything else, a second copy's result included. */
export function shieldCallOf(value: unknown): ShieldCall | undefined {
  return typeof value === 'object' && value !== null ? calls.get(value) : undefined;
}

function loadShield(): typeof GraphqlShield {
  const utilities = util as { isUndefined?: (value: unknown) => boolean };
  utilities.isUndefined ??= (value) => value === undefined;
  return createRequire(import.meta.url)('graphql-shield') as typeof GraphqlShield;
}
