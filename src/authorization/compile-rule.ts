import { GraphQLError } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { ConfigurationError } from '../core/errors.ts';
import { decideListOf } from './list-rule.ts';
import { parseRuleFragment } from './rule-fragment.ts';
import type { RuleFragment } from './rule-fragment.ts';
import { denialOf } from './rule-node.ts';
import type { LeafRule, RuleNode } from './rule-node.ts';
import { allow, and, chain, deny, inputRule, not, or, race, rule } from './shield.ts';

/** Every rule met while one tree is compiled. */
export interface RuleRegistry {
  /** The API schema, which fragments have to fit. */
  readonly schema: GraphQLSchema;
  readonly nodes: Map<unknown, RuleNode>;
  /** By name: shield caches results under names, so two rules must not share one. */
  readonly leaves: Map<string, LeafRule>;
}

/** The prototypes of our copy's classes, which shield does not export; a second copy of shield has others. */
const kinds = new Map<unknown, Exclude<RuleNode['kind'], 'requirement'>>([
  [Object.getPrototypeOf(rule()(() => true)), 'rule'],
  [Object.getPrototypeOf(inputRule()((yup) => yup.mixed())), 'inputRule'],
  [Object.getPrototypeOf(and()), 'and'],
  [Object.getPrototypeOf(or()), 'or'],
  [Object.getPrototypeOf(chain()), 'chain'],
  [Object.getPrototypeOf(race()), 'race'],
  [Object.getPrototypeOf(not(allow)), 'not'],
  [Object.getPrototypeOf(allow), 'allow'],
  [Object.getPrototypeOf(deny), 'deny'],
]);

/**
 * @param at the place in the tree, for messages: `Query.me`
 * @throws ConfigurationError when it is no rule of this copy of shield, or one that could not be enforced as written
 */
export function compileRule(value: unknown, at: string, registry: RuleRegistry): RuleNode {
  const known = registry.nodes.get(value);
  if (known !== undefined) return known;
  const node = buildNode(value, at, registry);
  registry.nodes.set(value, node);
  return node;
}

/** @throws ConfigurationError, always */
export function refuse(at: string, expected: string, got: string): never {
  throw new ConfigurationError(`authorization.rules: ${at}: expected ${expected}, got ${got}.`);
}

function buildNode(value: unknown, at: string, registry: RuleRegistry): RuleNode {
  const kind = typeof value === 'object' && value !== null ? kinds.get(Object.getPrototypeOf(value)) : undefined;
  switch (kind) {
    case undefined:
      return refuse(at, 'a rule made by rule(), and(), or(), ..., allow or deny', describe(value));
    case 'allow':
    case 'deny':
      return { kind };
    case 'rule':
    case 'inputRule':
      return buildLeaf(kind, value as object, at, registry);
    case 'not': {
      const error: unknown = Reflect.get(value as object, 'error');
      const [negated] = membersOf(value as object);
      return {
        kind,
        rule: compileRule(negated, `${at} (inside not)`, registry),
        denial: error instanceof Error ? denialOf(error) : undefined,
      };
    }
    default: {
      const members = membersOf(value as object);
      if (members.length === 0) refuse(at, `at least one rule in ${kind}()`, 'none');
      return { kind, rules: members.map((member) => compileRule(member, `${at} (inside ${kind})`, registry)) };
    }
  }
}

function membersOf(logicRule: object): readonly unknown[] {
  return Reflect.get(logicRule, 'rules') as unknown[];
}

/** Reads the fields shield declares private: `Rule.resolve` always makes promises and swallows what a rule throws. */
function buildLeaf(kind: LeafRule['kind'], value: object, at: string, registry: RuleRegistry): LeafRule {
  const name: unknown = Reflect.get(value, 'name');
  const cache: unknown = Reflect.get(value, 'cache');
  const decide: unknown = Reflect.get(value, 'func');
  const fragment: unknown = Reflect.get(value, 'fragment');
  if (typeof name !== 'string') return refuse(at, 'the name of a rule to be a string', typeof name);
  if (typeof decide !== 'function') return refuse(at, `rule "${name}" to hold a function`, describe(decide));
  if (!isCacheMode(cache)) {
    return refuse(at, `rule "${name}" to be cached 'no_cache', 'contextual', 'strict' or by a function`, String(cache));
  }
  if (fragment !== undefined && cache === 'contextual') {
    refuse(
      at,
      `rule "${name}" to be cached "strict" or not at all, because it reads the parent`,
      'a rule with a fragment that is cached "contextual", as if it read only the context',
    );
  }
  const leaf: LeafRule = {
    kind,
    name,
    at,
    cache,
    decide: decide as LeafRule['decide'],
    fragment: fragment === undefined ? undefined : readFragment(fragment, name, at, registry),
    decideList: decideListOf(decide),
  };
  refuseCollisions(leaf, registry);
  registry.leaves.set(name, leaf);
  return leaf;
}

function readFragment(text: unknown, name: string, at: string, { schema, leaves }: RuleRegistry): RuleFragment {
  try {
    return parseRuleFragment(String(text), schema, leaves.size);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return refuse(
      at,
      `rule "${name}" to have a fragment of the API schema, such as "... on User { id }"`,
      `${JSON.stringify(text)}: ${error.message}`,
    );
  }
}

function isCacheMode(cache: unknown): cache is LeafRule['cache'] {
  return cache === 'no_cache' || cache === 'contextual' || cache === 'strict' || typeof cache === 'function';
}

/**
 * Shield caches under `name` (contextual) or `name-key` (strict, function), so the rule `can` with the key `read`
 * would answer for the contextual rule `can-read`.
 */
function refuseCollisions(leaf: LeafRule, registry: RuleRegistry): void {
  const namesake = registry.leaves.get(leaf.name);
  const isOther = (named: LeafRule): boolean =>
    named.decide !== leaf.decide || named.cache !== leaf.cache || named.fragment?.text !== leaf.fragment?.text;
  if (namesake !== undefined && isOther(namesake)) {
    refuse(
      leaf.at,
      'rules to have names of their own',
      `a second rule "${leaf.name}" (the first is at ${namesake.at})`,
    );
  }
  if (leaf.cache === 'no_cache') return;
  for (const other of registry.leaves.values()) {
    if (other.cache === 'no_cache') continue;
    if (leaf.name.startsWith(`${other.name}-`) || other.name.startsWith(`${leaf.name}-`)) {
      refuse(
        leaf.at,
        'cached rules of which no name is another name followed by "-"',
        `"${leaf.name}" and "${other.name}" (at ${other.at}), which share cache keys`,
      );
    }
  }
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'function') return 'a function that is not wrapped in rule()';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const className = (value.constructor as { name?: unknown } | undefined)?.name;
  if (typeof className === 'string' && /^(Input)?Rule/.test(className))
    return 'a rule of a second copy of graphql-shield';
  return 'an object that is no rule';
}
