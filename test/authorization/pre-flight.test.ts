import { buildSchema, Kind, parse, visit } from 'graphql';
import type { FieldNode, OperationDefinitionNode } from 'graphql';
import { describe, expect, test } from 'vitest';
import { preFlight } from '../../src/authorization/pre-flight.ts';
import { compileRules } from '../../src/authorization/rule-tree.ts';
import { allow, and, chain, deny, inputRule, not, or, rule, shield } from '../../src/authorization/shield.ts';
import { RequestError } from '../../src/core/errors.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { refuseReservedNames } from '../../src/core/reserved-names.ts';
import { accounts, ask } from './fixture.ts';

const isAdmin = rule('isAdmin', { cache: 'contextual' })(
  (_parent, _args, ctx: { admin?: boolean }) => ctx.admin === true,
);

const forbidden = { message: 'Not Authorised!', code: 'FORBIDDEN' };

/** Runs pre-flight over the very document given, so that its nodes can be asked about. */
async function askDocument(query: string, tree: Parameters<typeof shield>[0], context: object = {}) {
  const document = parse(query);
  const operation = document.definitions[0] as OperationDefinitionNode;
  const rules = compileRules(shield(tree), accounts, silentLogger);
  const asked = { schema: accounts, document, operation, variables: {}, conditions: '' };
  const input = { rules, ...asked, context, logger: silentLogger };
  const fields = new Map<string, FieldNode>();
  visit(document, { Field: (node) => void fields.set(node.alias?.value ?? node.name.value, node) });
  return { ...(await preFlight(input)), given: document, field: (name: string) => fields.get(name) as FieldNode };
}

describe('an operation', () => {
  test('of which nothing is denied stays the same object', async () => {
    const asked = await askDocument('{ me { id email } }', { User: { email: isAdmin } }, { admin: true });
    expect(asked.document).toBe(asked.given);
    expect(asked).toMatchObject({ empty: false, touched: true });
    expect(asked.denials).toBeUndefined();
    expect(asked.refused).toBeUndefined();
  });

  test('that meets no rule is not touched by one', async () => {
    const asked = await askDocument('{ me { id } }', { User: { email: deny, id: allow } });
    expect(asked).toMatchObject({ empty: false, touched: false });
  });

  test('loses denied fields, and what they alone used', async () => {
    const { text, empty } = await ask({
      query: `
        query Q($id: ID!, $text: String!) {
          user(id: $id) { id }
          search(text: $text)
          me { ...Mail ...Name }
        }
        fragment Mail on User { email }
        fragment Name on User { nickname }
      `,
      variables: { id: '1', text: 'x' },
      tree: { Query: { search: deny }, User: { email: deny } },
    });
    expect(empty).toBe(false);
    expect(text).toMatchInlineSnapshot(`
      "query Q($id: ID!) {
        user(id: $id) {
          id
        }
        me {
          ...Name
        }
      }

      fragment Name on User {
        nickname
      }"
    `);
  });

  test('of several in a document comes alone', async () => {
    const { document } = await askDocument('query A { me { id email } } query B { any { __typename } }', {
      User: { email: deny },
    });
    expect(document.definitions.map((definition) => 'name' in definition && definition.name?.value)).toEqual(['A']);
  });

  test('keeps the existence of an object of which nothing else may be seen', async () => {
    const { text } = await ask({ query: '{ me { email } }', tree: { User: deny } });
    expect(text).toMatchInlineSnapshot(`
      "{
        me {
          __atrium_empty: __typename
        }
      }"
    `);
  });

  test('of which all is denied asks nothing', async () => {
    const { text, empty } = await ask({
      query: '{ ...Root } fragment Root on Query { me { id } ... on Query { any { __typename } } }',
      tree: { Query: deny },
    });
    expect(empty).toBe(true);
    expect(text).toMatchInlineSnapshot(`
      "{
        __atrium_empty: __typename
      }"
    `);
  });

  test('that asks only for __typename asks nothing', async () => {
    expect(await ask({ query: '{ a: __typename me { id } }', tree: { Query: deny } })).toMatchObject({ empty: true });
    expect(await ask({ query: '{ __typename }', tree: { Query: deny } })).toMatchObject({
      empty: true,
      touched: false,
    });
  });

  test('is introspected whatever the rules say', async () => {
    const query = '{ __schema { types { name } } __type(name: "User") { name } me { __typename } }';
    const { touched, denials } = await ask({ query, tree: { Query: { me: allow } }, options: { fallbackRule: deny } });
    expect(touched).toBe(false);
    expect(denials).toBeUndefined();
  });

  test('of another user prunes to another text', async () => {
    const asking = { query: '{ me { id email } }', tree: { User: { email: isAdmin } } };
    const texts = await Promise.all(
      [{ admin: true }, {}, { admin: true }].map(async (context) => (await ask({ ...asking, context })).text),
    );
    expect(texts.map((text) => text.includes('email'))).toEqual([true, false, true]);
  });
});

describe('conditions', () => {
  const query = `
    query ($no: Boolean!, $yes: Boolean!) {
      me {
        id @include(if: $yes)
        email @include(if: $no)
        ... @skip(if: $yes) { ssn }
        ...Secrets @include(if: $no)
        nickname
      }
    }
    fragment Secrets on User { ssn }
  `;

  test('that leave a field out leave its denial out', async () => {
    const tree = { User: { email: deny, ssn: deny } };
    const { denials, touched } = await ask({ query, tree, variables: { no: false, yes: true } });
    expect(denials).toBeUndefined();
    expect(touched).toBe(false);
  });

  test('that leave a field out keep it out of the pruned operation', async () => {
    const { text } = await ask({ query, tree: { User: { nickname: deny } }, variables: { no: false, yes: true } });
    expect(text).toMatchInlineSnapshot(`
      "query ($yes: Boolean!) {
        me {
          id @include(if: $yes)
        }
      }"
    `);
  });

  test('without a value refuse the operation', async () => {
    const asking = ask({
      query: 'query ($if: Boolean = true) { me { id @include(if: $if) } }',
      variables: { if: null },
      tree: { Query: isAdmin },
      context: { admin: true },
    });
    await expect(asking).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('interfaces and unions', () => {
  const tree = { User: { ssn: deny } };

  test('a field that only some types may show is asked for on those', async () => {
    const { text } = await ask({ query: '{ secrets { ssn } }', tree });
    expect(text).toMatchInlineSnapshot(`
      "{
        secrets {
          ... on Bot {
            ssn
          }
        }
      }"
    `);
  });

  test.each([
    ['{ node(id: "2") { ... on Secret { ssn } } }', '{ node(id: "2") { ... on Secret { ... on Bot { ssn } } } }'],
    ['{ any { ... on User { ssn } ... on Bot { id } } }', '{ any { ... on Bot { id } } }'],
    ['{ any { ... on Secret { ssn } } }', '{ any { ... on Secret { ... on Bot { ssn } } } }'],
  ])('%s does not reach a denied field from another side', async (query, pruned) => {
    const { text } = await ask({ query, tree });
    expect(text.replaceAll(/\s+/g, ' ')).toBe(pruned);
  });

  test('the denial is per type of the parent', async () => {
    const { denials, field } = await askDocument('{ secrets { s: ssn } }', tree);
    expect(denials?.get(field('s'))?.get('User')).toEqual(forbidden);
    expect(denials?.get(field('s'))?.get('Bot')).toBeUndefined();
  });

  test('below a split field a selection fits the narrower type', async () => {
    const { text } = await ask({
      query: `
        { secrets { owner { ssn ... on Bot { id } ... on User { nickname } ...OfBots } } }
        fragment OfBots on Bot { constructor }
      `,
      tree: { User: { owner: deny } },
    });
    expect(text).toMatchInlineSnapshot(`
      "{
        secrets {
          ... on Bot {
            owner {
              ssn
              ... on Bot {
                id
              }
              ...OfBots
            }
          }
        }
      }

      fragment OfBots on Bot {
        constructor
      }"
    `);
  });

  test('a field no type may show is gone', async () => {
    const { text } = await ask({ query: '{ secrets { ssn } }', tree: { User: deny, Bot: deny } });
    expect(text).toMatchInlineSnapshot(`
      "{
        secrets {
          __atrium_empty: __typename
        }
      }"
    `);
  });

  test('splitting by type at every depth ends in a refusal', async () => {
    const many = Array.from({ length: 6 }, (_, at) => `type T${at} implements I { next: I }`);
    const schema = buildSchema(`interface I { next: I } ${many.join(' ')} type Query { first: I }`);
    const query = `{ first { ${'next { '.repeat(18)} __typename ${'} '.repeat(19)} }`;
    await expect(ask({ query, schema, tree: { T0: deny } })).rejects.toThrow(RequestError);
  });
});

describe('fragments', () => {
  test('stay where they are allowed and go where their parent is denied', async () => {
    const { text } = await ask({
      query: '{ me { ...F } user(id: 1) { ...F } } fragment F on User { id ssn }',
      tree: { Query: { me: deny } },
    });
    expect(text).toMatchInlineSnapshot(`
      "{
        user(id: 1) {
          ...F
        }
      }

      fragment F on User {
        id
        ssn
      }"
    `);
  });

  test('of which nothing is left disappear with their spreads', async () => {
    const { text } = await ask({
      query: '{ me { id ...F } } fragment F on User { ...G } fragment G on User { ssn }',
      tree: { User: { ssn: deny } },
    });
    expect(text).toMatchInlineSnapshot(`
      "{
        me {
          id
        }
      }"
    `);
  });

  test('doubled at every depth cost no more than their number', async () => {
    const calls: object[] = [];
    const counted = rule()((_parent, args: object) => calls.push(args) > 0);
    const spread = (depth: number) => (depth === 18 ? 'id email' : `...F${depth + 1}`);
    const fragments = Array.from(
      { length: 18 },
      (_, at) =>
        `fragment F${at + 1} on User { a: reviews { author { ${spread(at + 1)} } } b: reviews { author { ${spread(at + 1)} } } }`,
    );
    const { text } = await ask({
      query: `{ me { ...F1 } } ${fragments.join('\n')}`,
      tree: { User: { id: counted, email: deny } },
    });
    expect(calls).toHaveLength(2);
    expect(text.match(/fragment F\d+ on/g)).toHaveLength(18);
    expect(text).not.toContain('email');
  });
});

describe('mutations', () => {
  const rename = 'rename(id: "1", name: "z") { id }';

  test('a denied non-null field refuses the whole operation', async () => {
    const query = `mutation { ${rename} ...M } fragment M on Mutation { all: wipe wipe }`;
    const { refused } = await ask({ query, tree: { Mutation: { wipe: isAdmin } } });
    expect(refused).toEqual([
      { responseName: 'all', denial: forbidden },
      { responseName: 'wipe', denial: forbidden },
    ]);
    const admin = await ask({ query, tree: { Mutation: { wipe: isAdmin } }, context: { admin: true } });
    expect(admin.refused).toBeUndefined();
  });

  test('a denied nullable field is not sent, the others are', async () => {
    const asked = await ask({ query: `mutation { ${rename} wipe }`, tree: { Mutation: { rename: deny } } });
    expect(asked.refused).toBeUndefined();
    expect(asked.text).toMatchInlineSnapshot(`
      "mutation {
        wipe
      }"
    `);
  });

  test('a denied field of a result refuses nothing', async () => {
    const asked = await ask({ query: `mutation { ${rename} }`, tree: { User: deny } });
    expect(asked.refused).toBeUndefined();
  });
});

describe('rules', () => {
  test('decide on the arguments of each node, defaults included', async () => {
    const atMost10 = rule()((_parent, args: { first: number }) => args.first <= 10 || 'At most 10');
    const query = 'query ($n: Int) { a: users { id } b: users(first: 11) { id } c: users(first: $n) { id } }';
    const asked = await ask({ query, tree: { Query: { users: atMost10 } }, variables: { n: 12 } });
    expect(asked.text.match(/\b[abc]: users/g)).toEqual(['a: users']);
  });

  test('deny when the arguments have no value to decide on', async () => {
    const query = 'query ($text: String) { search(text: $text) }';
    const open = rule()(() => true);
    const { empty } = await ask({ query, tree: { Query: { search: open } }, variables: { text: null } });
    expect(empty).toBe(true);
  });

  test('see the field as graphql-js would describe it', async () => {
    const seen: string[] = [];
    const looks = rule()((_parent, _args, _ctx, info) => {
      const { fieldName, parentType, returnType, path, operation, variableValues, fragments } = info;
      const names = [fieldName, parentType, returnType, path.key, operation.operation, Object.keys(fragments)];
      return seen.push(`${names.join(' ')} ${JSON.stringify(variableValues)}`) > 0;
    });
    await ask({
      query: 'query ($id: ID = 1) { u: user(id: $id) { ...F } } fragment F on User { id }',
      tree: { Query: { user: looks } },
    });
    expect(seen).toEqual(['user Query User u query F {"id":"1"}']);
  });

  test('below a denied field are not asked, also when the denial comes later', async () => {
    const asked: string[] = [];
    const late = rule()(() => Promise.resolve(false));
    const records = rule()((_parent, _args, _ctx, info) => asked.push(info.fieldName) > 0);
    await ask({
      query: '{ me { id reviews { body } } any { ... on User { nickname } } }',
      tree: { Query: { me: late, any: rule()(() => Promise.resolve(true)) }, User: records, Review: records },
    });
    expect(asked).toEqual(['nickname']);
  });

  test("from shield's documentation decide here", async () => {
    const isAuthenticated = rule({ cache: 'contextual' })(
      async (_parent, _args, ctx: { user?: object }) => ctx.user !== undefined,
    );
    const isEditor = rule({ cache: 'contextual' })(
      async (_parent, _args, ctx: { user?: { role: string } }) => ctx.user?.role === 'editor',
    );
    const isBanned = rule()(async (_parent, _args, ctx: { user?: { banned?: boolean } }) => ctx.user?.banned === true);
    const tree = {
      Query: { me: isAuthenticated, users: or(isAdmin, isEditor), any: and(isAuthenticated, not(isBanned)) },
      Mutation: {
        rename: chain(
          isAuthenticated,
          inputRule()((yup) => yup.object({ name: yup.string().max(3) })),
        ),
      },
      User: { ssn: deny },
    };
    const seen = async (user: object | undefined, query: string) => {
      const { text } = await ask({ query, tree, context: { user } });
      return text.replaceAll(/\s+/g, ' ').trim();
    };
    const query = '{ me { id ssn } users { id } any { __typename } }';
    expect(await seen(undefined, query)).toBe('{ __atrium_empty: __typename }');
    expect(await seen({ role: 'editor' }, query)).toBe('{ me { id } users { id } any { __typename } }');
    expect(await seen({ role: 'reader', banned: true }, query)).toBe('{ me { id } }');
    const rename = (name: string) => `mutation { rename(id: 1, name: "${name}") { id } }`;
    expect(await seen({ role: 'editor' }, rename('Ann'))).toContain('rename');
    expect(await seen({ role: 'editor' }, rename('Anna'))).not.toContain('rename');
  });
});

describe('names', () => {
  test('of every object serve as response, field and variable names', async () => {
    const { text, denials } = await ask({
      query: `query ($__proto__: ID!, $constructor: ID!) {
        __proto__: user(id: $__proto__) { constructor: id toString: email hasOwnProperty: nickname }
        constructor: user(id: $constructor) { id }
        any { ... on Bot { constructor } }
      }`,
      variables: Object.fromEntries([
        ['__proto__', '1'],
        ['constructor', '2'],
      ]),
      tree: { User: { email: deny } },
    });
    expect(denials).toBeDefined();
    expect(text).toMatchInlineSnapshot(`
      "query ($__proto__: ID!, $constructor: ID!) {
        __proto__: user(id: $__proto__) {
          constructor: id
          hasOwnProperty: nickname
        }
        constructor: user(id: $constructor) {
          id
        }
        any {
          ... on Bot {
            constructor
          }
        }
      }"
    `);
    expect(Reflect.get({}, 'id')).toBeUndefined();
  });

  test.each([
    '{ __atrium_empty: me { id } }',
    '{ me { ... { __atrium_x: id } } }',
    'query A { me { id } } fragment F on User { reviews { __atrium_x: id } }',
  ])('that Atrium reserves are refused: %s', (query) => {
    expect(() => refuseReservedNames(parse(query))).toThrow(RequestError);
    expect(() => refuseReservedNames(parse(query))).toThrow(/^Response names that begin with "__atrium_" are reserved/);
  });

  test('near the reserved ones pass', () => {
    expect(() => refuseReservedNames(parse('{ _atrium_x: me { __typename a: __atrium } }'))).not.toThrow();
  });
});

test('nothing of the document is changed in place', async () => {
  const { given, document } = await askDocument('{ secrets { ssn } me { email } }', { User: deny });
  expect(document).not.toBe(given);
  expect(given).toEqual(parse('{ secrets { ssn } me { email } }'));
  expect(document.definitions.every((definition) => definition.kind === Kind.OPERATION_DEFINITION)).toBe(true);
});
