import * as fc from 'fast-check';
import { GraphQLError, Kind, parse } from 'graphql';
import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createEvaluator } from '../../src/authorization/evaluate.ts';
import type { RuleCall } from '../../src/authorization/evaluate.ts';
import { compileRules } from '../../src/authorization/rule-tree.ts';
import { allow, and, chain, deny, inputRule, not, or, race, rule, shield } from '../../src/authorization/shield.ts';
import type { ShieldOptions } from '../../src/authorization/shield.ts';
import { silentLogger } from '../../src/core/logger.ts';
import type { Logger } from '../../src/core/logger.ts';
import { accounts, listeningLogger } from './fixture.ts';

type ShieldRule = ReturnType<typeof and> | ReturnType<ReturnType<typeof rule>>;

/** Asks the rules of one operation about `User.id` and `User.email`, with or without a readable parent. */
function operationOver(
  { id = allow, email = allow }: { id?: ShieldRule; email?: ShieldRule },
  more: { options?: ShieldOptions; context?: object; logger?: Logger } = {},
) {
  const { options, context = {}, logger = silentLogger } = more;
  const compiled = compileRules(shield({ User: { id, email } }, options), accounts, logger);
  const decide = createEvaluator(compiled, context, logger);
  return (field: 'id' | 'email', { isRoot = false, args = {} }: Partial<RuleCall> = {}) => {
    const found = compiled.ruleFor('User', field);
    return found && decide(found, { isRoot, args, info: infoOf(field) });
  };
}

function infoOf(fieldName: string): GraphQLResolveInfo {
  const definition = parse(`{ ${fieldName} }`).definitions[0];
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('expected an operation');
  const parentType = accounts.getQueryType();
  if (!parentType) throw new Error('expected a query type');
  return {
    fieldName,
    fieldNodes: definition.selectionSet.selections as readonly FieldNode[],
    returnType: parentType,
    parentType,
    path: { prev: undefined, key: fieldName, typename: 'User' },
    schema: accounts,
    fragments: {},
    rootValue: undefined,
    operation: definition,
    variableValues: {},
  };
}

const forbidden = { message: 'Not Authorised!', code: 'FORBIDDEN' };

describe('logic', () => {
  type Value = 'true' | 'false' | 'error';
  type Formula = Value | { readonly operator: 'and' | 'or' | 'chain' | 'race' | 'not'; readonly members: Formula[] };

  const { formula } = fc.letrec<{ formula: Formula }>((tie) => ({
    formula: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom<Value>('true', 'false', 'error'),
      fc.record({
        operator: fc.constantFrom('and', 'or', 'chain', 'race'),
        members: fc.array(tie('formula'), { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ operator: fc.constant('not' as const), members: fc.tuple(tie('formula')) }),
    ),
  }));

  /** Kleene's three values in order, so that `and` is the least and `or` the greatest. */
  const order: readonly Value[] = ['false', 'error', 'true'];

  function reference(node: Formula): Value {
    if (typeof node === 'string') return node;
    const values = node.members.map(reference);
    const ranks = values.map((value) => order.indexOf(value));
    switch (node.operator) {
      case 'not':
        return order[2 - (ranks[0] ?? 0)] ?? 'error';
      case 'and':
        return order[Math.min(...ranks)] ?? 'error';
      case 'chain':
        return values.find((value) => value !== 'true') ?? 'true';
      default:
        return order[Math.max(...ranks)] ?? 'error';
    }
  }

  const async = <T>(isAsync: boolean, run: () => T): T | Promise<T> => (isAsync ? Promise.resolve().then(run) : run());

  function ruleOf(node: Formula, isAsync: boolean): ShieldRule {
    if (typeof node !== 'string') {
      const [first = allow, ...others] = node.members.map((member, at) => ruleOf(member, isAsync !== (at % 2 === 1)));
      return node.operator === 'not' ? not(first) : { and, or, chain, race }[node.operator](first, ...others);
    }
    return rule()(() =>
      async(isAsync, () => {
        if (node === 'error') throw new Error('Redis is down');
        return node === 'true';
      }),
    );
  }

  test('allows exactly what is true whatever a failing rule would have said', async () => {
    await fc.assert(
      fc.asyncProperty(formula, fc.boolean(), async (node, isAsync) => {
        const denial = await operationOver({ id: ruleOf(node, isAsync) })('id');
        expect(denial === undefined).toBe(reference(node) === 'true');
      }),
    );
  });

  test('stays synchronous when every rule is', () => {
    const id = and(
      rule()(() => true),
      not(chain(rule()(() => false))),
      race(deny, or(deny, allow)),
    );
    expect(operationOver({ id })('id')).toBeUndefined();
  });

  test('and asks all of its members, chain and race stop when they know', async () => {
    const asked: string[] = [];
    const says = (name: string, value: boolean) => rule(name)(() => asked.push(name) > 0 && value);
    await operationOver({ id: and(says('a', false), says('b', true)) })('id');
    await operationOver({ id: chain(says('c', false), says('d', true)) })('id');
    await operationOver({ id: race(says('e', true), says('f', true)) })('id');
    expect(asked).toEqual(['a', 'b', 'c', 'e']);
  });
});

describe('what a rule answers', () => {
  test.each<[string, unknown]>([
    ['false', false],
    ['undefined', undefined],
    ['null', null],
    ['1', 1],
    ["'' ", ''],
    ['an object', { allowed: true }],
    ['an Error without a message', new Error('')],
  ])('%s denies', async (_, answer) => {
    for (const value of [answer, Promise.resolve(answer)]) {
      expect(await operationOver({ id: rule()(() => value as boolean) })('id')).toEqual(forbidden);
    }
  });

  test.each<[string, string | Error, object]>([
    ['a string', 'Only for staff', { message: 'Only for staff', code: 'FORBIDDEN' }],
    ['an Error', new Error('Only for staff'), { message: 'Only for staff', code: 'FORBIDDEN' }],
    [
      'an Error that asks for a login',
      new GraphQLError('Sign in', { extensions: { code: 'UNAUTHENTICATED', secret: 1 } }),
      { message: 'Sign in', code: 'UNAUTHENTICATED' },
    ],
    [
      'an Error with any other code',
      new GraphQLError('No', { extensions: { code: 'TEAPOT' } }),
      { message: 'No', code: 'FORBIDDEN' },
    ],
  ])('%s is the message', async (_, answer, denial) => {
    expect(
      await operationOver({
        id: and(
          deny,
          rule()(() => answer),
        ),
      })('id'),
    ).toEqual(denial);
    expect(operationOver({ id: not(rule()(() => answer)) })('id')).toBeUndefined();
  });

  test('a negation has a message of its own', () => {
    expect(operationOver({ id: not(allow, 'Banned') })('id')).toEqual({ message: 'Banned', code: 'FORBIDDEN' });
  });

  test.each<[string, NonNullable<ShieldOptions['fallbackError']>, string]>([
    ['a string', 'Go away', 'Go away'],
    ['an Error', new Error('Go away'), 'Go away'],
    ['a function', (_error, _parent, args) => new Error(`Not ${JSON.stringify(args)}`), 'Not {"a":1}'],
    ['an asynchronous function', () => Promise.resolve(new Error('Later')), 'Later'],
    ['a function that throws', () => JSON.parse('{') as Error, 'Not Authorised!'],
    ['a function that returns data', () => JSON.parse('{"message":"secret"}') as Error, 'Not Authorised!'],
    [
      'a function that reads the parent',
      (_error, parent) => new Error(String(Reflect.get(parent, 'id'))),
      'Not Authorised!',
    ],
  ])('fallbackError may be %s', async (_, fallbackError, message) => {
    const decide = operationOver({ id: deny }, { options: { fallbackError } });
    expect(await decide('id', { args: { a: 1 } })).toEqual({ message, code: 'FORBIDDEN' });
  });

  test('a rule that throws is logged once an operation and keeps its message from the client', async () => {
    const logger = listeningLogger();
    const id = rule('isBanned')(() => {
      throw new Error('connect ECONNREFUSED 10.0.0.1');
    });
    const decide = operationOver({ id, email: not(id) }, { logger });
    expect([await decide('id'), await decide('email')]).toEqual([forbidden, forbidden]);
    expect(logger.lines).toEqual([{ level: 'warn', message: 'rule "isBanned" threw instead of deciding: denied' }]);
    const debugged = await operationOver({ id }, { options: { debug: true } })('id');
    expect(debugged).toMatchObject({ message: 'connect ECONNREFUSED 10.0.0.1' });
  });

  test('an inputRule validates arguments and reports what is wrong with them', async () => {
    const id = inputRule('withName')((yup) => yup.object({ name: yup.string().min(3, 'Name is too short') }));
    const decide = operationOver({ id });
    expect(await decide('id', { args: { name: 'ann' } })).toBeUndefined();
    expect(await decide('id', { args: { name: 'a' } })).toEqual({ message: 'Name is too short', code: 'FORBIDDEN' });
  });

  test('an inputRule whose schema breaks denies, also under not', async () => {
    const breaks = inputRule()((yup) =>
      yup.object().test('taken', 'Taken', () => {
        throw new TypeError('connect ECONNREFUSED 10.0.0.1');
      }),
    );
    const decide = operationOver({ id: breaks, email: not(breaks) });
    expect([await decide('id'), await decide('email')]).toEqual([forbidden, forbidden]);
  });
});

describe('the parent', () => {
  const readers: [string, ReturnType<ReturnType<typeof rule>>][] = [
    ['reads a member', rule()((parent: { id: string }) => parent.id === undefined)],
    ['reads it later', rule()(async (parent: { id: string }) => (await Promise.resolve()) ?? parent.id === undefined)],
    ['asks for a member', rule()((parent: object) => !('id' in parent))],
    ['lists its members', rule()((parent: object) => Object.keys(parent).length === 0)],
    ['copies it', rule()((parent: object) => Reflect.get({ ...parent }, 'id') === undefined)],
    ['reads it in its cache key', rule({ cache: (parent: { id: string }) => parent.id })(() => true)],
    [
      'catches what the read throws',
      rule()((parent: { id: string }) => {
        try {
          return parent.id === '1';
        } catch {
          return true;
        }
      }),
    ],
  ];

  test.each(readers)('denies and says so once when a rule %s', async (_, reader) => {
    const logger = listeningLogger();
    const decide = operationOver({ id: reader, email: not(reader) }, { logger });
    expect([await decide('id'), await decide('email')]).toEqual([forbidden, forbidden]);
    expect(logger.lines.map(({ level }) => level)).toEqual(['error']);
    expect(logger.lines[0]?.message).toMatch(/^rule ".*" reads parent\.(id|\*) but declares no fragment: denied$/);
  });

  test.each(readers.slice(0, -1))('of a root field is empty when a rule %s', async (_, reader) => {
    expect(await operationOver({ id: reader })('id', { isRoot: true })).toBeUndefined();
  });

  test('an answer cached where the parent was readable does not serve where it is not', async () => {
    const owner = rule({ cache: 'contextual' })(
      (parent: { owner?: string }, _, ctx: { user?: string }) => parent.owner === ctx.user,
    );
    const decide = operationOver({ id: owner });
    expect(await decide('id', { isRoot: true })).toBeUndefined();
    expect(await decide('id')).toEqual(forbidden);
  });
});

describe('caching', () => {
  function counting(cache?: 'strict' | 'contextual' | ((parent: unknown, args: { a: number }) => string)) {
    const calls: object[] = [];
    const counted = rule(`counted`, cache === undefined ? {} : { cache })((_, args: object) => calls.push(args) > 0);
    return { counted, calls };
  }

  test.each([
    ['no cache', undefined, 4],
    ['strict: per arguments, whatever the order of their members', 'strict' as const, 2],
    ['contextual', 'contextual' as const, 1],
    ['a key function', (_: unknown, args: { a: number }) => String(args.a > 0), 1],
  ])('%s', async (_, cache, times) => {
    const { counted, calls } = counting(cache);
    const decide = operationOver({ id: counted, email: not(counted) });
    await decide('id', { args: { a: 1, b: 2 } });
    await decide('id', { args: { b: 2, a: 1 } });
    await decide('id', { args: { a: 3 } });
    await decide('email', { args: { a: 3 } });
    expect(calls).toHaveLength(times);
  });

  test('nothing outlives the operation', async () => {
    const { counted, calls } = counting('contextual');
    const context = {};
    await operationOver({ id: counted }, { context })('id');
    await operationOver({ id: counted }, { context })('id');
    expect(calls).toHaveLength(2);
    expect(context).toEqual({});
  });

  test('hashFunction decides what equal arguments are', async () => {
    const { counted, calls } = counting('strict');
    const decide = operationOver({ id: counted }, { options: { hashFunction: () => 'same' } });
    await decide('id', { args: { a: 1 } });
    await decide('id', { args: { a: 2 } });
    expect(calls).toEqual([{ a: 1 }]);
  });

  test('a rule may ask another through shield itself, on a frozen context of any class', async () => {
    class Context {
      readonly user = { admin: true };
      get isAdmin() {
        return this.user.admin;
      }
    }
    const isAdmin = rule('isAdmin', { cache: 'contextual' })((_parent, _args, ctx: Context) => ctx.isAdmin);
    const id = rule('delegates')((_parent, args: object, ctx, info: GraphQLResolveInfo) =>
      isAdmin.resolve({}, args, ctx as never, info, { debug: true } as never),
    );
    expect(await operationOver({ id }, { context: Object.freeze(new Context()) })('id')).toBeUndefined();
  });
});
