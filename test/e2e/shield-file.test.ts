import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../cli/run.ts';
import { composeDemo } from './compose-demo.ts';
import { startDemoShop } from './demo-shop.ts';
import type { DemoShop } from './demo-shop.ts';
import { startGateway } from './gateway-process.ts';

let shop: DemoShop;
beforeAll(async () => {
  shop = await startDemoShop({ unsigned: true });
});
afterAll(async () => {
  await shop?.close();
});

/** A permissions file as teams have it: rules by context and arguments, logic, wildcard, type rules and options. */
const permissionsFile = (source: string) => `
import { allow, and, chain, deny, inputRule, not, or, race, rule, shield } from '${source}';

const isAuthenticated = rule({ cache: 'contextual' })(async (parent, args, ctx, info) => ctx.user !== null);
const isEditor = rule({ cache: 'contextual' })(async (parent, args, ctx) => ctx.user.role === 'editor');
const isAdmin = rule('isAdmin', { cache: 'contextual' })((parent, args, ctx) => ctx.user.role === 'admin');
const isOwner = rule({ cache: 'strict', fragment: 'fragment UserId on User { id }' })(
  async ({ id }, args, ctx) => ctx.user?.id === id || new Error('Not yours!'),
);
const fewAtOnce = inputRule()((yup) => yup.object({ first: yup.number().max(2, 'at most two') }));

export const permissions = shield(
  {
    Query: {
      '*': allow,
      products: fewAtOnce,
      users: and(isAuthenticated, or(isAdmin, isEditor)),
      me: chain(isAuthenticated, not(isEditor)),
    },
    Mutation: deny,
    User: { email: race(isOwner, isAdmin), address: isOwner },
  },
  { fallbackRule: allow, fallbackError: 'Not for you', allowExternalErrors: false, debug: false },
);
`;

const config = (identity: string) => `
import { defineConfig } from 'atrium';
import { permissions } from './permissions.ts';

export default defineConfig({
  supergraph: { file: 'supergraph.graphql' },
  headers: { toSubgraphs: ['authorization'] },
  authentication: { issuers: [{ issuer: 'http://127.0.0.1:4005', jwks: '${identity}/.well-known/jwks.json', audiences: ['atrium-shop'] }] },
  authorization: { rules: permissions },
  context: ({ principal }) => ({ user: principal && { id: principal.subject, role: principal.roles[0] } }),
});
`;

it.each(['atrium', 'graphql-shield'])('a permissions file that imports %s works as it is', async (source) => {
  const cwd = await temporaryFolder({
    'gateway.config.ts': config(shop.origins.identity),
    'permissions.ts': permissionsFile(source),
    'supergraph.graphql': await composeDemo({ origins: shop.origins }),
  });
  const gateway = await startGateway({ cwd });
  onTestFinished(async () => void (await gateway.stop()));
  const ask = async (query: string, user?: 'ann' | 'admin') => {
    const answer = await gateway.ask({ query, ...(user && { token: await shop.token(user) }) });
    const errors = answer.body.errors?.map(({ message, path }) => `${path?.join('.')}: ${message}`);
    return { data: answer.body.data, errors };
  };

  expect(await ask('{ me { name } }')).toEqual({ data: { me: null }, errors: ['me: Not for you'] });
  expect(await ask('{ me { name email } }', 'ann')).toEqual({
    data: { me: { name: 'Ann Archer', email: 'ann@shop.example' } },
    errors: undefined,
  });
  expect(await ask('{ users(first: 2) { edges { node { email } } } }', 'ann')).toEqual({
    data: { users: null },
    errors: ['users: Not for you'],
  });
  expect(await ask('{ users(first: 2) { edges { node { email address { city } } } } }', 'admin')).toMatchObject({
    data: { users: { edges: [{ node: { email: 'ann@shop.example', address: null } }, { node: { address: null } }] } },
    errors: ['users.edges.0.node.address: Not yours!', 'users.edges.1.node.address: Not yours!'],
  });
  expect(await ask('{ products(first: 3) { edges { node { name } } } }')).toEqual({
    data: { products: null },
    errors: ['products: at most two'],
  });
  expect((await ask('{ products(first: 2) { edges { node { name } } } }')).errors).toBeUndefined();
});
