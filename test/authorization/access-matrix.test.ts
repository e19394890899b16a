import { expect, it } from 'vitest';
import { accessMatrix, printAccessMatrix } from '../../src/authorization/access-matrix.ts';
import { compileRules } from '../../src/authorization/rule-tree.ts';
import { chain, not, rule, shield } from '../../src/authorization/shield.ts';
import { silentLogger } from '../../src/core/logger.ts';
import type { RequestContext } from '../../src/core/request-context.ts';
import { createRequestContext } from '../../src/core/request-context.ts';
import { accounts } from './fixture.ts';

const hasScope = rule('scope')((_, __, { principal }: RequestContext) => principal?.scopes.includes('read') === true);
const isAdmin = rule('admin')((_, __, { principal }: RequestContext) => principal?.roles.includes('admin') === true);
const isInEurope = rule('europe')((_, __, { principal }: RequestContext) => principal?.claims['region'] === 'eu');
const isOwn = rule('own', { cache: 'strict' })((_, { id }: { id?: string }) => id === '1');
const contextual = rule('context', { cache: 'strict' })((_, __, { principal }: RequestContext) => principal !== null);
const throws = rule('throws')(() => {
  throw new Error('down');
});

it('asks the rules about everybody they know of, and about the principals of the configuration', async () => {
  const permissions = shield({
    Query: { me: contextual, user: isOwn, users: chain(hasScope, isAdmin), reviews: isInEurope },
    Mutation: { wipe: not(throws) },
  });
  const matrix = await accessMatrix({
    rules: compileRules(permissions, accounts, silentLogger),
    schema: accounts,
    principals: { auditor: { roles: ['admin'], scopes: ['read'] }, berlin: { claims: { region: 'eu' } } },
    contextFor: (principal) => createRequestContext({ principal }),
  });
  expect(printAccessMatrix(matrix).replace(/ +$/gm, '')).toMatchInlineSnapshot(`
    "               anonymous  signed in  role admin  scope read  auditor  berlin
    Query.me       no         yes        yes         yes         yes      yes
    Query.user     args       args       args        args        args     args
    Query.users    no         no         no          no          yes      no
    Query.reviews  no         no         no          no          no       yes
    Mutation.wipe  error      error      error       error       error    error

    No rule covers:
      User: id, ssn, owner, email, nickname, reviews
      Bot: id, ssn, owner, constructor
      Review: id, body, secret, author
      Query: node, any, secrets, search
      Mutation: rename"
  `);
});

it('says so when every field has a rule', async () => {
  const matrix = await accessMatrix({
    rules: compileRules(shield(isAdmin), accounts, silentLogger),
    schema: accounts,
    principals: {},
    contextFor: (principal) => createRequestContext({ principal }),
  });
  expect(matrix.rows).toContainEqual({ field: 'Query.me', access: ['no', 'no', 'yes'] });
  expect(printAccessMatrix(matrix)).toContain('\n\nEvery field has a rule.');
});
