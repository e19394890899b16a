import * as fc from 'fast-check';
import { afterEach, describe, expect, it, test } from 'vitest';
import { implies } from '../../src/authorization/implies.ts';
import { compileRules } from '../../src/authorization/rule-tree.ts';
import { allow, and, chain, deny, not, or, race, rule, shield } from '../../src/authorization/shield.ts';
import type { RuleTree } from '../../src/authorization/shield.ts';
import type { RequestContext } from '../../src/core/request-context.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createTestGateway } from '../../src/testing.ts';
import type { TestGateway } from '../../src/testing.ts';
import { accounts, ask } from './fixture.ts';

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@external", ' +
  '"@inaccessible", "@context", "@fromContext"])';
const people = {
  sdl: `${link}
    type Query { me: User }
    type User @key(fields: "id") { id: ID! ssn: String home: Home }
    type Home { street: String }`,
  resolvers: { Query: { me: () => ({ id: '1', ssn: 'ssn-1', home: { street: 'Elm' } }) } },
};
const taxes = {
  sdl: `${link}
    type User @key(fields: "id") {
      id: ID!
      ssn: String @external
      home: Home @external
      digits: Int @requires(fields: "ssn") @inaccessible
      tax: Int @requires(fields: "ssn")
      rates: Int @requires(fields: "home { street }")
    }
    type Home { street: String @external }`,
  resolvers: { User: { tax: ({ ssn }: { ssn: string }) => ssn.length, digits: () => 1, rates: () => 2 } },
};
const scores = {
  sdl: `${link}
    type User @key(fields: "id") {
      id: ID!
      digits: Int @external
      score: Int @requires(fields: "digits")
    }`,
  resolvers: { User: { score: () => 3 } },
};

const isAdmin = rule('isAdmin')((_, __, { principal }: RequestContext) => principal?.roles.includes('admin') === true);
const isSignedIn = rule('isSignedIn')((_, __, { principal }: RequestContext) => principal !== null);
const restIsOpen = { tax: isAdmin, score: isAdmin };

let running: TestGateway | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function start(rules: RuleTree, allowTransitive: readonly string[] = []): Promise<TestGateway> {
  running = await createTestGateway({ people, taxes, scores }, { rules: shield(rules), allowTransitive });
  return running;
}

describe('a field that is computed from a protected one', () => {
  it.each<[string, RuleTree, string]>([
    [
      'by @requires',
      { User: { ...restIsOpen, ssn: isAdmin, tax: allow } },
      'User.tax is computed from User.ssn (@requires)',
    ],
    ['without a rule', { User: { score: isAdmin, ssn: isAdmin } }, 'User.tax is computed from User.ssn (@requires)'],
    [
      'through a hidden one',
      { User: { tax: isAdmin, ssn: isAdmin } },
      'User.score is computed from User.ssn (@requires through User.digits)',
    ],
    ['in another object', { Home: { street: isAdmin } }, 'User.rates is computed from Home.street (@requires)'],
    [
      'by half the rule',
      { User: { ...restIsOpen, ssn: and(isSignedIn, isAdmin) } },
      'User.tax is computed from User.ssn',
    ],
    [
      'by one of two rules',
      { User: { ssn: isAdmin, score: isAdmin, tax: or(isAdmin, isSignedIn) } },
      'User.tax is computed',
    ],
  ])('%s stops the start', async (_, rules, message) => {
    await expect(start(rules)).rejects.toThrow(message);
  });

  test('A7: under the same rule it is denied, and nobody is asked for what it needs', async () => {
    const gateway = await start({ User: { ...restIsOpen, ssn: isAdmin } });
    expect(await gateway.as({ roles: [] }).ask('{ me { id tax } }')).toEqual({
      data: { me: { id: '1', tax: null } },
      errors: [expect.objectContaining({ path: ['me', 'tax'], extensions: { code: 'FORBIDDEN' } })],
    });
    expect(gateway.calls.map(({ query }) => query).join()).not.toContain('ssn');
    expect((await gateway.as({ roles: ['admin'] }).ask('{ me { tax } }')).data).toEqual({ me: { tax: 5 } });
  });

  it('may be seen where the configuration says so', async () => {
    const gateway = await start({ User: { ssn: isAdmin, score: isAdmin } }, ['User.tax']);
    expect((await gateway.as(null).ask('{ me { ssn tax } }')).data).toEqual({ me: { ssn: null, tax: 5 } });
  });

  it.each([
    ['User.taxes', 'which is not computed from others. Did you mean'],
    ['User.rates', 'whose rule already includes the rules of what it reads'],
  ])('the exception %s without effect stops the start', async (name, message) => {
    await expect(start({ User: { ...restIsOpen, ssn: isAdmin } }, [name])).rejects.toThrow(message);
  });
});

describe('implies', () => {
  type Value = 'true' | 'false' | 'error';
  const leaves = (['a', 'b', 'c'] as const).map((name) =>
    rule(name, { cache: 'contextual' })((_, __, values: Record<string, Value>) => {
      if (values[name] === 'error') throw new Error('down');
      return values[name] === 'true';
    }),
  );
  type Tree = ReturnType<typeof and> | typeof allow | ReturnType<ReturnType<typeof rule>>;
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<Tree>(...leaves, allow, deny),
      fc
        .tuple(fc.constantFrom(and, or, chain, race), fc.array(tie('tree'), { minLength: 1, maxLength: 3 }))
        .map(([combine, members]) => combine(...members)),
      tie('tree').map((member) => not(member)),
    ),
  }));
  const value = fc.constantFrom<Value>('true', 'false', 'error');
  const compile = (one: Tree, other: Tree) => {
    const rules = compileRules(shield({ Query: { me: one, any: other } }), accounts, silentLogger);
    const node = (field: string) => rules.ruleFor('Query', field) ?? ({ kind: 'allow' } as const);
    return { rule: node('me'), required: node('any') };
  };

  it('is never wrong about who is let in', async () => {
    await fc.assert(
      fc.asyncProperty(tree, tree, fc.record({ a: value, b: value, c: value }), async (one, other, context) => {
        const compiled = compile(one, other);
        fc.pre(implies(compiled.rule, compiled.required, () => true));
        const { text } = await ask({
          query: '{ me { id } any { __typename } }',
          tree: { Query: { me: one, any: other } },
          context,
        });
        expect(!text.includes('me {') || text.includes('any {')).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('sees what is plain to see', () => {
    fc.assert(
      fc.property(tree, tree, (one, other) => {
        const isImplied = (from: Tree, to: Tree) => {
          const { rule: given, required } = compile(from, to);
          return implies(given, required, () => true);
        };
        expect([isImplied(one, one), isImplied(and(other, one), one), isImplied(one, or(other, one))]).toEqual([
          true,
          true,
          true,
        ]);
        expect(isImplied(or(and(one, other), one), chain(race(one, other), one))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
