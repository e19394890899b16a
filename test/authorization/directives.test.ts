import { afterEach, expect, it, test } from 'vitest';
import type { Policies } from '../../src/authorization/required-by.ts';
import { allow, rule, shield } from '../../src/authorization/shield.ts';
import type { RuleTree } from '../../src/authorization/shield.ts';
import { createTestGateway } from '../../src/testing.ts';
import type { TestGateway } from '../../src/testing.ts';

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@shareable", ' +
  '{ name: "@authenticated", as: "@login" }, "@requiresScopes", "@policy"])';
const people = {
  sdl: `${link}
    interface Named { name: String }
    type User implements Named @key(fields: "id") {
      id: ID!
      name: String @requiresScopes(scopes: [["names"]])
      email: String @login
      salary: Int @shareable @requiresScopes(scopes: [["pay", "read"], ["boss"]])
      secret: Secret
      colour: Colour
      safe: Int @policy(policies: [["adult", "sober"], ["vip"]])
      vault: Int @policy(policies: [["adult"]])
    }
    type Bot implements Named { name: String model: String }
    type Vault @login { gold: Int }
    scalar Secret @requiresScopes(scopes: [["s"]])
    enum Colour @login { RED }
    type Query { me: User vault: Vault named: [Named!]! open: Int }
    type Mutation { wipe: Boolean @login }`,
  resolvers: {
    Query: {
      me: () => ({ id: '1', name: 'Ann', email: 'ann@x', salary: 3, secret: 's', colour: 'RED', safe: 1, vault: 2 }),
      vault: () => ({ gold: 7 }),
      named: () => [
        { __typename: 'User', id: '1', name: 'Ann' },
        { __typename: 'Bot', name: 'R2' },
      ],
      open: () => 1,
    },
    Mutation: { wipe: () => true },
  },
};
const payroll = {
  sdl: `${link}
    type User @key(fields: "id") {
      id: ID!
      salary: Int @shareable @requiresScopes(scopes: [["hr"]])
    }`,
  resolvers: {},
};
const policies: Policies = { adult: () => true, sober: () => false, vip: () => false };

let running: TestGateway | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function start(more: { rules?: RuleTree; policies?: Policies } = {}): Promise<TestGateway> {
  const rules = more.rules === undefined ? undefined : shield(more.rules);
  running = await createTestGateway({ people, payroll }, { rules, policies: more.policies ?? policies });
  return running;
}

const unauthorized = (...path: (string | number)[]) => ({
  message: 'Unauthorized field or type',
  path,
  extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
});

it('A32: denies under whatever name, before anything is fetched', async () => {
  const gateway = await start();
  const query = '{ open me { id email colour } vault { gold } }';
  expect(await gateway.as(null).ask(query)).toEqual({
    data: { open: 1, me: { id: '1', email: null, colour: null }, vault: null },
    errors: [unauthorized('me', 'email'), unauthorized('me', 'colour'), unauthorized('vault')],
  });
  expect(gateway.calls.map(({ query: text }) => text).join()).not.toMatch(/email|colour|vault|gold/);
  expect(await gateway.as({}).ask(query)).toEqual({
    data: { open: 1, me: { id: '1', email: 'ann@x', colour: 'RED' }, vault: { gold: 7 } },
  });
  expect(await gateway.as(null).ask('mutation { wipe }')).toMatchObject({ data: { wipe: null } });
  expect(gateway.calls.map(({ query: text }) => text).join()).not.toContain('wipe');
});

test.each([
  [['pay', 'read'], null],
  [['boss'], null],
  [['hr'], null],
  [['boss', 'hr'], 3],
  [['pay', 'hr'], null],
  [['pay', 'read', 'hr'], 3],
])('scopes %j see what both subgraphs let them: %j', async (scopes, salary) => {
  const gateway = await start();
  const { data } = await gateway.as({ scopes }).ask('{ me { salary } }');
  expect(data).toEqual({ me: { salary } });
});

it('covers scalars, and what an interface has of one type', async () => {
  const gateway = await start();
  expect(await gateway.as({}).ask('{ me { secret } named { name } }')).toEqual({
    data: { me: { secret: null }, named: [{ name: null }, { name: 'R2' }] },
    errors: [unauthorized('me', 'secret'), unauthorized('named', 0, 'name')],
  });
  expect((await gateway.as({ scopes: ['s', 'names'] }).ask('{ me { secret } named { name } }')).data).toEqual({
    me: { secret: 's' },
    named: [{ name: 'Ann' }, { name: 'R2' }],
  });
});

it('asks each policy once, and only what it needs', async () => {
  const asked: string[] = [];
  const answer = (name: string, value: boolean) => (): boolean => {
    asked.push(name);
    return value;
  };
  const gateway = await start({
    policies: { adult: answer('adult', true), sober: answer('sober', false), vip: answer('vip', true) },
  });
  expect((await gateway.as(null).ask('{ me { safe vault again: safe } }')).data).toEqual({
    me: { safe: 1, vault: 2, again: 1 },
  });
  expect(asked.toSorted()).toEqual(['adult', 'sober', 'vip']);
});

it.each([
  ['says no', () => false],
  ['throws', () => Promise.reject(new Error('down'))],
])('a policy that %s denies', async (_, adult) => {
  const gateway = await start({ policies: { ...policies, adult } });
  expect((await gateway.as({}).ask('{ me { vault } }')).errors).toEqual([unauthorized('me', 'vault')]);
});

it('a policy nobody has defined stops the start', async () => {
  await expect(start({ policies: { adult: () => true, toString: () => true, vip: () => true } })).rejects.toThrow(
    'authorization.policies: expected a function for the policy "sober", which the supergraph asks for at User.safe, got none.',
  );
});

it('and the rule tree both have to allow', async () => {
  const isAnn = rule('isAnn')(
    (_, __, { principal }: { principal: { subject: string } | null }) => principal?.subject === 'ann',
  );
  const gateway = await start({ rules: { User: { email: isAnn, colour: allow } } });
  const see = async (subject: string | null) =>
    (await gateway.as(subject === null ? null : { subject }).ask('{ me { email colour } }')).data;
  expect(await see('ann')).toEqual({ me: { email: 'ann@x', colour: 'RED' } });
  expect(await see('bob')).toEqual({ me: { email: null, colour: 'RED' } });
  expect(await see(null)).toEqual({ me: { email: null, colour: null } });
});

it('is in the access matrix', async () => {
  const gateway = await start();
  expect((await gateway.accessMatrix()).replaceAll(/ +$/gm, '')).toMatchInlineSnapshot(`
    "               anonymous  signed in  scope boss  scope hr  scope names  scope s
    Mutation.wipe  no         yes        yes         yes       yes          yes
    Query.vault    no         yes        yes         yes       yes          yes
    User.salary    no         no         no          no        no           no
    User.name      no         no         no          no        yes          no
    User.email     no         yes        yes         yes       yes          yes
    User.secret    no         no         no          no        no           yes
    User.colour    no         yes        yes         yes       yes          yes
    User.safe      no         no         no          no        no           no
    User.vault     yes        yes        yes         yes       yes          yes
    Vault.gold     no         yes        yes         yes       yes          yes

    No rule covers:
      Bot: name, model
      Query: me, named, open
      User: id"
  `);
});
