import * as fc from 'fast-check';
import { buildSchema, execute, parse } from 'graphql';
import type { FieldNode, OperationDefinitionNode } from 'graphql';
import { expect, it } from 'vitest';
import { countCalls } from '../../src/rate-limit/count-calls.ts';

const schema = buildSchema(`
  type Query { me: User node: Node }
  interface Node { name: String peer: Node }
  type User implements Node { name: String peer: Node }
  type Bot implements Node { name: String peer: Node }
`);

function count(query: string, isDenied: (type: string, node: FieldNode) => boolean = () => false) {
  const document = parse(query);
  const operation = document.definitions[0] as OperationDefinitionNode;
  const counted = { schema, document, operation, variables: { no: false }, isDenied };
  return Object.fromEntries(countCalls(counted, ['User.name', 'Query.me']));
}

it.each([
  ['{ a: me { name } b: me { name other: name } }', { 'Query.me': 2, 'User.name': 3 }],
  // What is merged in the answer is one call.
  ['{ me { name } me { name } ...M } fragment M on Query { me { name } }', { 'Query.me': 1, 'User.name': 1 }],
  [
    '{ ...M x: node { ...N } } fragment M on Query { me { ...N } } fragment N on User { name }',
    { 'Query.me': 1, 'User.name': 2 },
  ],
  ['query($no: Boolean!) { me @include(if: $no) { name } node @skip(if: $no) { name } }', { 'User.name': 1 }],
  // A node may be a user, but not one that was asked for as a bot.
  ['{ node { name ... on Bot { n: name } } }', { 'User.name': 1 }],
  ['{ __typename node { __typename } }', {}],
])('in %s', (query, calls) => {
  expect(count(query)).toEqual(calls);
});

it('leaves out what is denied, with all below it', () => {
  const isDenied = (type: string, node: FieldNode) => type === 'Query' && node.alias?.value === 'b';
  expect(count('{ a: me { name } b: me { name } }', isDenied)).toEqual({ 'Query.me': 1, 'User.name': 1 });
});

it('counts what is called when every value is there and nothing is a list', async () => {
  const name = fc.constantFrom('name', 'n: name');
  const { users } = fc.letrec<{ users: string }>((tie) => ({
    users: fc
      .array(
        fc.oneof(
          { depthSize: 'small' },
          name,
          fc
            .tuple(fc.constantFrom('peer', 'p: peer', 'q: peer'), tie('users'))
            .map(([field, set]) => `${field} ${set}`),
          tie('users').map((set) => `... on User ${set}`),
          tie('users').map((set) => `... on Node ${set}`),
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map((selections) => `{ ${selections.join(' ')} }`),
  }));
  await fc.assert(
    fc.asyncProperty(users, async (set) => {
      let calls = 0;
      const user: object = {
        __typename: 'User',
        name() {
          calls += 1;
          return '';
        },
        peer: () => user,
      };
      const query = `{ me ${set} }`;
      const { errors } = await execute({ schema, document: parse(query), rootValue: { me: () => user } });
      expect(errors).toBeUndefined();
      expect(count(query)['User.name'] ?? 0).toBe(calls);
    }),
  );
});
