import { createHook } from 'node:async_hooks';
import { ApolloServer } from '@apollo/server';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { listRule } from '../../src/authorization/list-rule.ts';
import { and, not, or, rule, shield } from '../../src/authorization/shield.ts';
import type { RuleTree } from '../../src/authorization/shield.ts';
import { AtriumGateway } from '../../src/gateway.ts';
import { createTestGateway } from '../../src/testing.ts';
import type { TestGateway, TestSubgraph } from '../../src/testing.ts';
import { listeningLogger } from './fixture.ts';

interface Person {
  readonly id: string;
  readonly name: string;
  readonly nickname: string | null;
  readonly email: string;
  readonly boss: string | null;
}

const people: readonly Person[] = [
  { id: '1', name: 'Ann', nickname: 'annie', email: 'ann@example.com', boss: '3' },
  { id: '2', name: 'Bob', nickname: '1', email: 'bob@example.com', boss: '1' },
  { id: '3', name: 'Cleo', nickname: null, email: 'cleo@example.com', boss: null },
];

interface Context {
  readonly user: string | null;
}

function accounts(broken: (person: Person, field: string) => boolean = () => false): TestSubgraph {
  const read = (field: 'email' | 'nickname') => (person: Person) => {
    if (broken(person, field)) throw new Error(`cannot decrypt ${person.email}`);
    return person[field];
  };
  return {
    sdl: /* GraphQL */ `
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])
      interface Being {
        id: ID!
        email: String
      }
      type User implements Being @key(fields: "id") {
        id: ID!
        name: String!
        nickname: String
        email: String
        boss: User
        staff: [User!]!
        greet(word: String = "hi"): String
      }
      type Robot implements Being {
        id: ID!
        email: String
      }
      type Query {
        users: [User!]!
        me: User
        beings: [Being!]!
      }
      type Mutation {
        rename(id: ID!, name: String!): User
      }
    `,
    resolvers: {
      Query: {
        users: () => people,
        me: () => people[0],
        beings: () => [
          { __typename: 'User', ...people[0] },
          { __typename: 'Robot', id: '9', email: 'robot@example.com' },
          { __typename: 'User', ...people[1] },
        ],
      },
      Mutation: {
        rename: (_: unknown, { id, name }: { id: string; name: string }) => ({ ...byId(id), name }),
      },
      User: {
        __resolveReference: ({ id }: { id: string }) => byId(id),
        email: read('email'),
        nickname: read('nickname'),
        boss: ({ boss }: Person) => boss && byId(boss),
        staff: ({ id }: Person) => people.filter(({ boss }) => boss === id),
        greet: ({ name }: Person, { word }: { word: string }) => `${word} ${name}`,
      },
    },
  };
}

const reviews: TestSubgraph = {
  sdl: /* GraphQL */ `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])
    type User @key(fields: "id") {
      id: ID!
      isPublic: Boolean!
      reviews: [Review!]!
    }
    type Review {
      body: String
      author: User!
    }
  `,
  resolvers: {
    User: {
      isPublic: ({ id }: { id: string }) => id === '2',
      reviews: ({ id }: { id: string }) => [{ body: `by ${id}`, author: { id } }],
    },
  },
};

function byId(id: string): Person | undefined {
  return people.find((person) => person.id === id);
}

let running: TestGateway | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function gateway(rules: RuleTree, subgraphs: Partial<Record<'accounts' | 'reviews', TestSubgraph>> = {}) {
  const log = listeningLogger();
  const started = await createTestGateway(
    { accounts: accounts(), reviews, ...subgraphs },
    { rules: shield(rules), log },
  );
  running = started;
  const ask = (query: string, user: string | null = '1') => started.ask(query, {}, { user });
  return { log, calls: started.calls, ask };
}

const isOwner = rule('isOwner', { fragment: 'fragment Owner on User { id }' })(
  (parent: { id: string }, _, { user }: Context) => parent.id === user,
);
const denied = (...path: (string | number)[]) => ({
  message: 'Not Authorised!',
  path,
  extensions: { code: 'FORBIDDEN' },
});

describe('a rule with a fragment', () => {
  test('decides for every parent of a list, in one call', async () => {
    const { ask, calls } = await gateway({ User: { email: isOwner } });
    expect(await ask('{ users { name email } }')).toEqual({
      data: {
        users: [
          { name: 'Ann', email: 'ann@example.com' },
          { name: 'Bob', email: null },
          { name: 'Cleo', email: null },
        ],
      },
      errors: [denied('users', 1, 'email'), denied('users', 2, 'email')],
    });
    expect(calls.map(({ subgraph }) => subgraph)).toEqual(['accounts']);
  });

  test('reads the real field, whatever the client calls its own', async () => {
    const { ask } = await gateway({ User: { email: isOwner } });
    const { data } = await ask('{ users { id: nickname __typename: id mail: email email: name } }');
    expect(data).toEqual({
      users: [
        { id: 'annie', __typename: '1', mail: 'ann@example.com', email: 'Ann' },
        { id: '1', __typename: '2', mail: null, email: 'Bob' },
        { id: null, __typename: '3', mail: null, email: 'Cleo' },
      ],
    });
  });

  test('asks nothing more where other rules decide before anything is fetched', async () => {
    const isAdmin = rule('isAdmin', { cache: 'contextual' })((_, __, { user }: Context) => user === 'admin');
    const isSignedIn = rule('isSignedIn', { cache: 'contextual' })((_, __, { user }: Context) => user !== null);
    const { ask, calls } = await gateway({ User: { email: and(isSignedIn, or(isOwner, isAdmin)) } });
    expect((await ask('{ me { email } }', 'admin')).data).toEqual({ me: { email: 'ann@example.com' } });
    expect(await ask('{ me { email } }', null)).toMatchObject({ data: { me: { email: null } } });
    expect(calls.map(({ query }) => query)).toEqual(['query{me{email}}', 'query{me{__typename}}']);
    await ask('{ me { email } }', '1');
    expect(calls[2]?.query).toMatch(/email __atrium_\d+_id:\s*id/);
  });

  test('reads what another subgraph has', async () => {
    const isPublic = rule('isPublic', { fragment: '... on User { isPublic }' })(
      (parent: { isPublic: boolean }) => parent.isPublic,
    );
    const { ask, calls } = await gateway({ User: { email: isPublic } });
    expect((await ask('{ users { email } }')).data).toEqual({
      users: [{ email: null }, { email: 'bob@example.com' }, { email: null }],
    });
    expect(calls.map(({ subgraph }) => subgraph)).toEqual(['accounts', 'reviews']);
  });

  test('reads nested objects, lists and aliases as its fragment has them', async () => {
    const seen: unknown[] = [];
    const look = rule('look', {
      fragment:
        '... on User { chief: boss { who: name ... on Being { __typename } } staff { id } hi: greet(word: "hey") }',
    })((parent: object) => {
      seen.push(JSON.parse(JSON.stringify(parent)));
      return true;
    });
    const { ask } = await gateway({ User: { email: look } });
    expect((await ask('{ me { boss { name: id } staff { name } email hi: greet } }')).data).toEqual({
      me: { boss: { name: '3' }, staff: [{ name: 'Bob' }], email: 'ann@example.com', hi: 'hi Ann' },
    });
    expect(seen).toEqual([{ chief: { who: 'Cleo', __typename: 'User' }, staff: [{ id: '2' }], hi: 'hey Ann' }]);
  });

  test('hides what is below a hidden parent, and asks nobody about it', async () => {
    const asked: string[] = [];
    const log = rule('log', { fragment: '... on User { id }' })((parent: { id: string }) => {
      asked.push(parent.id);
      return true;
    });
    const { ask } = await gateway({ User: { boss: isOwner, name: log } });
    expect(await ask('{ users { boss { name } } }')).toEqual({
      data: { users: [{ boss: { name: 'Cleo' } }, { boss: null }, { boss: null }] },
      errors: [denied('users', 1, 'boss'), denied('users', 2, 'boss')],
    });
    expect(asked).toEqual(['3']);
  });

  test('may answer later, below others that do', async () => {
    const later = rule('later', { fragment: '... on User { id }' })(async (parent: { id: string }, _, ctx: Context) => {
      await Promise.resolve();
      return parent.id !== ctx.user;
    });
    const { ask } = await gateway({ User: { boss: later, email: later, name: later } });
    expect(await ask('{ users { email boss { email } } }')).toEqual({
      data: {
        users: [
          { email: null, boss: null },
          { email: 'bob@example.com', boss: { email: null } },
          { email: 'cleo@example.com', boss: null },
        ],
      },
      errors: [denied('users', 0, 'email'), denied('users', 0, 'boss'), denied('users', 1, 'boss', 'email')],
    });
  });

  test('decides by type behind an interface', async () => {
    const { ask } = await gateway({ User: { email: isOwner } });
    expect(await ask('{ beings { email } }')).toEqual({
      data: { beings: [{ email: 'ann@example.com' }, { email: 'robot@example.com' }, { email: null }] },
      errors: [denied('beings', 2, 'email')],
    });
  });

  test('makes the parent null where the field cannot be', async () => {
    const { ask } = await gateway({ User: { name: isOwner } });
    expect(await ask('{ me { boss { name } } }')).toEqual({
      data: { me: { boss: null } },
      errors: [denied('me', 'boss', 'name')],
    });
  });

  test('decides on what a mutation gives back', async () => {
    const { ask, calls } = await gateway({ User: { email: isOwner } });
    expect(await ask('mutation { rename(id: "2", name: "Rob") { name email } }')).toEqual({
      data: { rename: { name: 'Rob', email: null } },
      errors: [denied('rename', 'email')],
    });
    expect(calls).toHaveLength(1);
  });

  test('one entity at two places is judged at both', async () => {
    const { ask } = await gateway({ User: { email: isOwner } });
    expect(await ask('{ me { reviews { author { email } } } users { reviews { author { email } } } }', '2')).toEqual({
      data: {
        me: { reviews: [{ author: { email: null } }] },
        users: [null, 'bob@example.com', null].map((email) => ({ reviews: [{ author: { email } }] })),
      },
      errors: [
        denied('me', 'reviews', 0, 'author', 'email'),
        denied('users', 0, 'reviews', 0, 'author', 'email'),
        denied('users', 2, 'reviews', 0, 'author', 'email'),
      ],
    });
  });

  test('sees the arguments of the field, once for each alias', async () => {
    const polite = rule('polite', { fragment: '... on User { id }' })(
      (parent: { id: string }, { word }: { word: string }) => word === `hello ${parent.id}`,
    );
    const { ask } = await gateway({ User: { greet: polite } });
    expect((await ask('{ users { a: greet(word: "hello 1") b: greet(word: "hello 2") greet } }')).data).toEqual({
      users: [
        { a: 'hello 1 Ann', b: null, greet: null },
        { a: null, b: 'hello 2 Bob', greet: null },
        { a: null, b: null, greet: null },
      ],
    });
  });
});

describe('what cannot be read', () => {
  const unavailable = (...path: (string | number)[]) => ({
    message: 'Data that a permission depends on could not be fetched.',
    path,
    extensions: { code: 'FORBIDDEN' },
  });

  test('errors of a hidden field do not reach those who may not see it', async () => {
    const { ask } = await gateway(
      { User: { email: isOwner } },
      { accounts: accounts((_, field) => field === 'email') },
    );
    const answer = await ask('{ users { email } }', '2');
    expect(answer.errors).toEqual([
      denied('users', 0, 'email'),
      expect.objectContaining({ message: 'cannot decrypt bob@example.com', path: ['users', 1, 'email'] }),
      denied('users', 2, 'email'),
    ]);
    expect(JSON.stringify(answer)).not.toMatch(/ann@|cleo@/);
  });

  const byNickname = rule('byNickname', { fragment: '... on User { nickname }' })(
    (parent: { nickname: string | null }, _, { user }: Context) => parent.nickname === user,
  );

  test.each([
    ['a rule', byNickname],
    ['what turns its answer round', not(byNickname)],
  ])('%s denies without the data it reads, and its errors stay inside', async (_, permission) => {
    const broken = accounts(({ id }, field) => field === 'nickname' && id !== '3');
    const { ask } = await gateway({ User: { email: permission } }, { accounts: broken });
    const { data, errors } = await ask('{ users { email } }');
    expect(data).toMatchObject({ users: [{ email: null }, { email: null }, {}] });
    expect(errors?.slice(0, 2)).toEqual([unavailable('users', 0, 'email'), unavailable('users', 1, 'email')]);
    expect(JSON.stringify(errors)).not.toContain('decrypt');
  });

  test('a parent that is no value of its type is not read', async () => {
    const lying: TestSubgraph = {
      ...accounts(),
      answer: () => ({ data: { me: { __typename: 'User', email: 'x', __atrium_1_id: { toString: 1 } } } }),
    };
    const { ask } = await gateway({ User: { email: isOwner } }, { accounts: lying });
    expect((await ask('{ me { email } }')).errors).toEqual([unavailable('me', 'email')]);
  });

  test('a member the fragment does not name denies, and the log says so', async () => {
    const forgetful = not(
      rule('forgetful', { fragment: '... on User { id }' })((parent: { banned?: boolean }) => parent.banned === true),
    );
    const { ask, log } = await gateway({ User: { email: forgetful } });
    expect((await ask('{ me { email } }')).data).toEqual({ me: { email: null } });
    expect(log.lines).toContainEqual({
      level: 'warn',
      message: 'rule "forgetful" threw instead of deciding: denied',
    });
  });
});

describe('listRule', () => {
  test('is asked once about all parents of an answer, equal ones once', async () => {
    const batches: unknown[] = [];
    const mine = listRule('mine', { fragment: '... on User { id }' })<{ id: string }, Context>((parents, { user }) => {
      batches.push(JSON.parse(JSON.stringify(parents)));
      return parents.map(({ id }) => (id === user ? true : `not yours: ${id}`));
    });
    const { ask } = await gateway({ User: { email: mine, nickname: not(mine) } });
    const { data, errors } = await ask('{ users { email nickname } me { email } }');
    expect(data).toEqual({
      users: [
        { email: 'ann@example.com', nickname: null },
        { email: null, nickname: '1' },
        { email: null, nickname: null },
      ],
      me: { email: 'ann@example.com' },
    });
    expect(errors?.map(({ message }) => message)).toEqual(['Not Authorised!', 'not yours: 2', 'not yours: 3']);
    expect(batches).toEqual([[{ id: '1' }, { id: '2' }, { id: '3' }]]);
  });

  test.each([
    ['throws', () => Promise.reject(new Error('down'))],
    ['answers too few', () => [true]],
    ['answers no list', () => true as unknown as boolean[]],
  ])('denies everything when it %s', async (_, decide) => {
    const { ask, log } = await gateway({
      User: { email: not(listRule('broken', { fragment: '... on User { id }' })(decide)) },
    });
    expect((await ask('{ users { email } }')).data).toEqual({ users: people.map(() => ({ email: null })) });
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });
});

test('what is asked under a condition, in fragments and under many names is decided alike', async () => {
  const { ask } = await gateway({ User: { email: isOwner } });
  const part = fc.constantFrom(
    'email',
    'id',
    'mail: email',
    'id: name',
    '... on Being { email }',
    '...Mail',
    'email @include(if: true)',
    'gone: email @skip(if: true)',
    'boss { id: email }',
    'staff { ...Mail mail: email }',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(part, { minLength: 1 }),
      fc.constantFrom('1', '2', '3', '4'),
      async (parts, user) => {
        if (parts.includes('id') && parts.includes('id: name')) return;
        const { data } = await ask(
          `{ users { ${parts.join(' ')} } } ${parts.some((p) => p.includes('Mail')) ? 'fragment Mail on User { email }' : ''}`,
          user,
        );
        const seen = JSON.stringify(data).match(/\w+@example.com/g) ?? [];
        const own = people.filter(({ id }) => id === user).map(({ email }) => email);
        const isAsked = parts.some((name) => /email|Mail/.test(name) && !/boss|staff|skip/.test(name));
        expect(new Set(seen).difference(new Set(own))).toEqual(new Set());
        expect(seen).toEqual(expect.arrayContaining(isAsked ? own : []));
      },
    ),
    { numRuns: 60 },
  );
});

test.each([true, false])('a rule on each of a list makes no promise for each (allowed: %s)', async (allowed) => {
  let length = 0;
  const users: TestSubgraph = {
    sdl: 'type Query { users: [User!]! } type User { id: ID! email: String }',
    answer({ query }) {
      const [, name = 'id'] = /(\w+):\s*id/.exec(query) ?? [];
      const row = (_: unknown, id: number) => ({ id: `${id}`, email: `${id}@shop.example`, [name]: `${id}` });
      return { data: { users: Array.from({ length }, row) } };
    },
  };
  const owner = rule('owner', { fragment: '... on User { id }' })(({ id }: { id: string }) => id !== '' && allowed);
  running = await createTestGateway({ users }, { rules: shield({ User: { email: owner } }) });
  const promisesFor = async (users: number): Promise<number> => {
    length = users;
    let promises = 0;
    const hook = createHook({ init: (_, type) => void (promises += type === 'PROMISE' ? 1 : 0) }).enable();
    const { errors } = (await running?.ask('{ users { email } }')) ?? {};
    hook.disable();
    expect(errors !== undefined).toBe(!allowed);
    return promises;
  };
  await promisesFor(1);

  expect(await promisesFor(1_000)).toBe(await promisesFor(2));
});

test('holds for a text that the server has parsed again', async () => {
  const users: TestSubgraph = { sdl: 'type Query { me: User } type User { id: ID! email: String }' };
  running = await createTestGateway({ users });
  const stranger = rule('stranger', { fragment: '... on User { id }' })(() => false);
  const server = new ApolloServer({
    gateway: new AtriumGateway({
      supergraphSdl: running.supergraphSdl,
      rules: shield({ User: { email: stranger } }),
      buildService: () => ({
        async process({ request: { query = '' } }) {
          const [, name = 'id'] = /(\w+):\s*id/.exec(query) ?? [];
          return { data: { me: { email: 'ann@example.com', [name]: '1' } } };
        },
      }),
    }),
    documentStore: null,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await server.start();
  const ask = async () => {
    const { body } = await server.executeOperation({ query: '{ me { email } }' });
    return body.kind === 'single' ? body.singleResult : undefined;
  };
  const answers = [await ask(), await ask()];
  await server.stop();

  expect(answers[0]?.data).toEqual({ me: { email: null } });
  expect(answers[1]).toEqual(answers[0]);
});
