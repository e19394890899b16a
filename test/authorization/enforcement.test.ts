import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { expect, it, onTestFinished } from 'vitest';
import type { EnforcementMode } from '../../src/authorization/enforcement.ts';
import { listRule } from '../../src/authorization/list-rule.ts';
import { rule, shield } from '../../src/authorization/shield.ts';
import type { Logger } from '../../src/core/logger.ts';
import { createRequestContext } from '../../src/core/request-context.ts';
import { AtriumGateway } from '../../src/gateway.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';

const no = rule('no')(() => 'Not for you');
const isOwner = listRule('owner', { fragment: '... on User { id }' })<{ id: string }, object>((parents) =>
  parents.map(({ id }) => id === '1'),
);

/** A gateway behind HTTP; `as` names who asks. */
async function serve(enforcement: EnforcementMode) {
  const sdl =
    'type Query { users: [User!]! open: Int } type Mutation { wipe: Int } type User { id: ID! email: String ssn: String }';
  const composition = await composeSubgraphs([{ name: 's', url: 'http://s.test', sdl }]);
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join());
  const calls: string[] = [];
  const lines: object[] = [];
  const keep = (fields: object, message: string) => void lines.push({ ...fields, message });
  const log: Logger = { debug() {}, info() {}, warn: keep, error: keep };
  const gateway = new AtriumGateway({
    supergraphSdl: composition.supergraphSdl,
    rules: shield({ User: { email: isOwner, ssn: no }, Mutation: { wipe: no } }),
    enforcement,
    log,
    buildService: () => ({
      async process({ request }) {
        const { query = '' } = request;
        calls.push(query);
        const [, ownName = ''] = /(\w+):\s*id/.exec(query) ?? [];
        const users = ['1', '2', '3'].map((id) => ({ id, [ownName]: id, email: `${id}@x`, ssn: `s${id}` }));
        return { data: { users, open: 1, wipe: 1 } };
      },
    }),
  });
  const server = new ApolloServer({ gateway, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0, host: '127.0.0.1' },
    context: async ({ req }) => {
      const subject = req.headers['x-as'];
      if (typeof subject !== 'string') return createRequestContext({ principal: null });
      return createRequestContext({ principal: { subject, issuer: '', roles: [], scopes: [], claims: {} } });
    },
  });
  onTestFinished(() => server.stop());
  const ask = async (query: string, as?: string) => {
    const headers = { 'content-type': 'application/json', ...(as === undefined ? {} : { 'x-as': as }) };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    return { status: response.status, body: await response.json() };
  };
  return { ask, calls, lines };
}

it('reject refuses the whole operation before anything is fetched', async () => {
  const { ask, calls } = await serve('reject');
  const errors = [{ message: 'Not for you', extensions: { code: 'FORBIDDEN', field: 'User.ssn' } }];
  expect(await ask('{ open users { id ssn } }', 'ann')).toEqual({ status: 403, body: { errors } });
  expect(await ask('{ open users { id ssn } }')).toEqual({ status: 401, body: { errors } });
  expect(await ask('mutation { wipe }', 'ann')).toMatchObject({ status: 403 });
  expect(calls).toEqual([]);
  expect(await ask('{ open }')).toEqual({ status: 200, body: { data: { open: 1 } } });
  expect(await ask('{ users { email } }')).toMatchObject({
    status: 200,
    body: { data: { users: [{ email: '1@x' }, { email: null }, { email: null }] } },
  });
});

it('dryRun denies nothing and tells of everything in one line', async () => {
  const { ask, lines } = await serve('dryRun');
  expect(await ask('query Q { users { email ssn } }')).toEqual({
    status: 200,
    body: { data: { users: ['1', '2', '3'].map((id) => ({ email: `${id}@x`, ssn: `s${id}` })) } },
  });
  expect(lines).toEqual([
    {
      message: 'authorization dry run: this would have been denied',
      operationName: 'Q',
      denied: [
        { field: 'User.ssn', message: 'Not for you', code: 'FORBIDDEN' },
        { field: 'User.email', message: 'Not Authorised!', code: 'FORBIDDEN', positions: 2 },
      ],
    },
  ]);
  expect(await ask('mutation { wipe }')).toEqual({ status: 200, body: { data: { wipe: 1 } } });
  await ask('{ open }');
  expect(lines).toHaveLength(2);
});

it('filter answers the rest', async () => {
  const { ask } = await serve('filter');
  expect(await ask('{ open users { ssn } }')).toMatchObject({
    status: 200,
    body: { data: { open: 1, users: [{ ssn: null }, { ssn: null }, { ssn: null }] } },
  });
});
