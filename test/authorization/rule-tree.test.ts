import { createRequire } from 'node:module';
import { buildSchema } from 'graphql';
import type * as GraphqlShield from 'graphql-shield';
import { expect, test } from 'vitest';
import { compileRules } from '../../src/authorization/rule-tree.ts';
import { allow, and, chain, deny, inputRule, not, or, race, rule, shield } from '../../src/authorization/shield.ts';
import type { RuleTree } from '../../src/authorization/shield.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { accounts, listeningLogger } from './fixture.ts';

const isAdmin = rule('isAdmin')(() => true);

/** Loads graphql-shield once more from the files, as a nested node_modules would. */
function secondCopy(): typeof GraphqlShield {
  const require = createRequire(import.meta.url);
  const main = require.resolve('graphql-shield');
  const folder = main.slice(0, main.lastIndexOf('/'));
  const cached = Object.entries(require.cache).filter(([file]) => file.startsWith(folder));
  for (const [file] of cached) delete require.cache[file];
  const copy = require('graphql-shield') as typeof GraphqlShield;
  for (const [file, module] of cached) require.cache[file] = module;
  return copy;
}

const foreign = secondCopy();

const always = () => true;
const reading = (fragment: string) => rule('reading', { fragment })(always);
const named = (name: string, cache?: 'contextual' | 'strict' | ((parent: unknown) => string)) =>
  rule(name, cache === undefined ? {} : { cache })(() => true);

test.each<[string, unknown, string]>([
  ['a function among rules', { Query: { me: deny, user: () => false } }, 'Query.user: expected a rule'],
  ['undefined among rules', { Query: { me: deny, user: undefined } }, 'Query.user: expected a rule'],
  ['null among rules', { Query: { me: deny, user: null } }, 'Query.user: expected a rule'],
  ['a boolean among rules', { Query: { me: true } }, 'Query.me: expected a rule'],
  ['a deeper map', { Query: { me: { email: deny } } }, 'Query.me: expected a rule'],
  ['a type without rules', { Query: undefined }, 'Query: expected a rule'],
  ['a list for a type', { Query: [deny] }, 'Query: expected a rule'],
  ['a rule of another copy', { Query: { me: foreign.rule('x')(() => true) } }, 'Query.me: expected a rule'],
  ["another copy's deny", { Query: { me: foreign.deny } }, 'Query.me: expected a rule'],
  ['another copy inside and', { Query: { me: and(isAdmin, foreign.allow) } }, 'Query.me (inside and): expected a rule'],
  ['rules in a prototype', { Query: Object.create({ me: deny }) as unknown }, 'Query: expected a rule'],
  ['an interface', { Secret: { ssn: deny } }, 'Secret: expected an object type'],
  ['an unknown field of an interface', { Secret: { nope: deny } }, 'Secret: expected an object type'],
  ['a union', { Any: deny }, 'Any: expected an object type'],
  ['an enum', { Role: deny }, 'Role: expected an object type'],
  ['an input type', { Change: { name: deny } }, 'Change: expected an object type'],
  ['a scalar', { String: deny }, 'String: expected an object type'],
  ['an introspection type', { __Type: deny }, '__Type: expected an object type'],
  ['an unknown type', { Nope: deny }, 'Nope: expected a type of the API schema'],
  ['a star for types', { '*': deny }, '*: expected a type of the API schema'],
  ['a name every object inherits', { constructor: deny }, 'constructor: expected a type of the API schema'],
  ['an unknown field', { Query: { nope: deny } }, 'Query.nope: expected a field of the API schema'],
  ['an inherited name as field', { Query: { toString: deny } }, 'Query.toString: expected a field of the API schema'],
  ['__typename', { User: { __typename: deny } }, 'User.__typename: expected a field of the API schema'],
  ['empty and', { Query: { me: and() } }, 'Query.me: expected at least one rule in and()'],
  ['empty or', { Query: { me: or() } }, 'Query.me: expected at least one rule in or()'],
  ['empty chain', { Query: { me: not(chain()) } }, 'Query.me (inside not): expected at least one rule in chain()'],
  ['empty race', { Query: race() }, 'Query: expected at least one rule in race()'],
  [
    'a fragment on a root field',
    { Query: { me: reading('... on User { id }') } },
    'Query.me: expected a rule over context',
  ],
  [
    'a fragment on another type',
    { Bot: { id: reading('... on User { id }') } },
    'Bot.id: expected rule "reading" to have a fragment on Bot, got one on User.',
  ],
  [
    'a field no client may ask for in a fragment',
    { User: { email: reading('fragment F on User { nope }') } },
    'User.email: expected rule "reading" to have a fragment of the API schema, such as "... on User { id }", got ' +
      '"fragment F on User { nope }": Cannot query field "nope" on type "User".',
  ],
  [
    'two rules of one name that read different fields',
    { User: { id: reading('... on User { id }'), email: reading('... on User { email }') } },
    'User.email: expected rules to have names of their own',
  ],
  ['a broken fragment', { User: { email: reading('{ id }') } }, '"{ id }": It has to be one fragment.'],
  [
    'a variable in a fragment',
    { User: { email: reading('... on User { owner(of: $x) { id } }') } },
    'Variables have no',
  ],
  [
    'a condition in a fragment',
    { User: { email: reading('... on User { id @skip(if: true) }') } },
    'Directives have no',
  ],
  ['a spread in a fragment', { User: { email: reading('... on User { ...F }') } }, 'Other fragments cannot be spread'],
  [
    'a contextual rule with a fragment',
    { User: { email: or(rule('mine', { cache: 'contextual', fragment: '... on User { id }' })(() => true)) } },
    'User.email (inside or): expected rule "mine" to be cached "strict" or not at all',
  ],
  ['two rules of one name', { Query: { me: named('a'), any: named('a') } }, 'Query.any: expected rules to have names'],
  [
    'colliding cache keys',
    { Query: { me: named('can', () => 'read'), any: named('can-read', 'contextual') } },
    'Query.any: expected cached rules',
  ],
  [
    'colliding cache keys, the longer name first',
    { Query: { me: named('can-read', 'contextual'), any: named('can', 'strict') } },
    '"can" and "can-read" (at Query.me)',
  ],
])('refuses %s and names it', (_, tree, message) => {
  const compile = () => compileRules(shield(tree as RuleTree), accounts, silentLogger);
  expect(compile).toThrow(ConfigurationError);
  expect(compile).toThrow(message);
});

test.each<[string, unknown, string]>([
  ['a bare tree', { Query: deny }, 'expected the result of shield(...)'],
  ["another copy's shield", foreign.shield({ Query: foreign.deny }), 'a second copy of graphql-shield?'],
  [
    'an unknown option',
    shield({}, Object.fromEntries([['fallbackrule', deny]])),
    'unknown shield option "fallbackrule"',
  ],
  ['a fallbackRule that is undefined', shield({}, Object.fromEntries([['fallbackRule', undefined]])), 'fallbackRule:'],
  ['a fallbackError of another kind', shield({}, Object.fromEntries([['fallbackError', 7]])), '"fallbackError"'],
  ['a debug option of another kind', shield({}, Object.fromEntries([['debug', 'yes']])), '"debug": expected a boolean'],
])('refuses %s', (_, permissions, message) => {
  expect(() => compileRules(permissions, accounts, silentLogger)).toThrow(message);
});

test('accepts what the refusals are near to', () => {
  const yes = () => true;
  const tree = {
    Query: {
      me: and(or(isAdmin, deny), not(chain(allow)), race(isAdmin)),
      any: rule('can', { cache: 'strict' })(yes),
      secrets: rule('can', { cache: 'strict' })(yes),
      node: rule('can-do')(yes),
      user: inputRule('withId')((yup) => yup.object({ id: yup.string() })),
      '*': isAdmin,
    },
    User: allow,
    Bot: Object.assign(Object.create(null) as object, { constructor: isAdmin }),
  };
  expect(() => compileRules(shield(tree as RuleTree), accounts, silentLogger)).not.toThrow();
});

test('a reload validates the same permissions against the new schema', () => {
  const permissions = shield({ User: { email: deny } });
  compileRules(permissions, accounts, silentLogger);
  const withoutUser = buildSchema('type Query { me: String }');
  expect(() => compileRules(permissions, withoutUser, silentLogger)).toThrow('User: expected a type of the API schema');
});

test('looks a field up by its rule, then the star, then fallbackRule', () => {
  const [byField, byStar, byType, byFallback] = ['field', 'star', 'type', 'fallback'].map((name) =>
    rule(name)(() => true),
  );
  if (!byField || !byStar || !byType || !byFallback) throw new Error('four rules');
  const { ruleFor, coveredFields } = compileRules(
    shield({ Query: { me: byField, any: allow, '*': byStar }, User: byType }, { fallbackRule: byFallback }),
    accounts,
    silentLogger,
  );
  const nameAt = (type: string, field: string) => {
    const found = ruleFor(type, field);
    return found !== undefined && 'name' in found ? found.name : found;
  };
  expect(nameAt('Query', 'me')).toBe('field');
  expect(nameAt('Query', 'any')).toBeUndefined();
  expect(nameAt('Query', 'node')).toBe('star');
  expect(nameAt('User', 'email')).toBe('type');
  expect(nameAt('Review', 'secret')).toBe('fallback');
  expect(nameAt('Bot', 'constructor')).toBe('fallback');
  expect(nameAt('__proto__', 'constructor')).toBeUndefined();
  expect(nameAt('__Type', 'name')).toBeUndefined();
  expect(coveredFields).toBe(7 + 6 + 4 + 4 + 2);
});

test('a single rule covers every field', () => {
  const { ruleFor } = compileRules(shield(deny), accounts, silentLogger);
  expect(ruleFor('Mutation', 'wipe')).toEqual({ kind: 'deny' });
});

test('no permissions are no rules', () => {
  expect(compileRules(undefined, accounts, silentLogger).coveredFields).toBe(0);
});

test('says which options do something else at a gateway', () => {
  const logger = listeningLogger();
  compileRules(shield({}, { debug: true, allowExternalErrors: true }), accounts, logger);
  expect(logger.lines.map(({ level, message }) => `${level} ${message.split(/:| errors/)[0]}`)).toEqual([
    'warn shield option "debug"',
    'info shield option "allowExternalErrors" has no effect',
  ]);
});
