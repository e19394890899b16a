import type { IRule } from 'graphql-shield';
import { rule } from './shield.ts';

/**
 * Decides on many parents at once: answers one result for each, in their order, as a rule would (true, false, a message
 * or an Error). A parent is what the rule's `fragment` describes.
 */
export type DecideList<Parent = unknown, Context = unknown> = (
  parents: readonly Parent[],
  context: Context,
) => readonly unknown[] | Promise<readonly unknown[]>;

const lists = new WeakMap<object, DecideList>();

/**
 * A rule over a list of parents: all that an answer holds at the same depth are decided in one call, equal ones once. It
 * goes wherever a rule goes.
 */
export function listRule(name: string, options: { readonly fragment: string }) {
  return <Parent = unknown, Context = unknown>(decide: DecideList<Parent, Context>): IRule => {
    const asRule = (): never => {
      throw new Error(`listRule "${name}" is asked by Atrium alone`);
    };
    // The rule tree is untyped: what the fragment fetches is what `Parent` was written after.
    lists.set(asRule, decide as DecideList);
    return rule(name, { fragment: options.fragment, cache: 'no_cache' })(asRule);
  };
}

/** The list function behind a rule's function, if it was made by `listRule`. */
export function decideListOf(decide: object): DecideList | undefined {
  return lists.get(decide);
}
