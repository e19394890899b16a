import { join } from 'node:path';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeEach, expect, it } from 'vitest';
import type { Explanation } from '../../src/explain/explanation.ts';
import { root, runMain, temporaryFolder } from './run.ts';

const config = `
import { and, chain, defineConfig, not, or, rule, shield } from 'atrium';

const signedIn = rule('signed in', { cache: 'contextual' })((_, __, { principal }) => principal !== null);
const hasRole = (role) => rule(role)((_, __, { principal }) => principal?.roles.includes(role) || 'Not for you');
const isAdmin = hasRole('admin');
const isBanned = rule('banned')(() => false);
const isFirst = rule('first')((_, { id }) => id === '1');

export default defineConfig({
  supergraph: { file: ${JSON.stringify(join(root, 'schemas/supergraph.graphql'))} },
  authentication: { issuers: [{ issuer: 'shop', jwks: 'keys.json', audiences: ['web'] }] },
  authorization: {
    rules: shield({
      Query: { product: isFirst, users: isAdmin },
      User: { email: or(isAdmin, hasRole('support')), orders: and(chain(signedIn, not(isBanned)), signedIn) },
    }),
    principals: { helper: { roles: ['support'] } },
  },
});
`;

let cwd: string;
let token: string;
beforeEach(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'k' }] });
  cwd = await temporaryFolder({ 'gateway.config.ts': config, 'keys.json': keys });
  const claims = new SignJWT({ roles: ['customer'] }).setProtectedHeader({ alg: 'ES256', kid: 'k' });
  token = await claims.setIssuer('shop').setAudience('web').setSubject('7').setExpirationTime('1h').sign(privateKey);
});

const query = '{ me { name email orders { totalCount } } users { totalCount } product(id: "1") { name } }';

const dry = ['explain', '--dry-run'];

it('tells of an operation what it would take, asking nobody', async () => {
  const { code, out, error } = await runMain([...dry, '--as', token, '-q', query], { cwd });
  expect({ code, error }).toEqual({ code: 0, error: '' });
  expect(out).toMatchInlineSnapshot(`
    "7 (roles: customer; scopes: none)
    the operation: a query, 3 calls, cost at most 4

    Plan
      at the same time
      ├─ one after the other
      │  ├─ users
      │  │    {
      │  │      me {
      │  │        __typename
      │  │        id
      │  │        name
      │  │      }
      │  │    }
      │  └─ orders for me
      │       given User { __typename id }
      │       query ($representations: [_Any!]!) {
      │         _entities(representations: $representations) {
      │           ... on User {
      │             orders {
      │               totalCount
      │             }
      │           }
      │         }
      │       }
      └─ products
           {
             product(id: 1) {
               name
             }
           }

    Requests, each sent as soon as those it comes after are answered
      1. users
      2. products
      3. orders, after 1: me

    Who answers, who may see
      me                    Query.me                    users     open     no rule
      me.name               User.name                   users     open     no rule
      me.email              User.email                            denied   "admin" (gateway.config.ts:5): Not for you, "support" (gateway.config.ts:5): Not for you
      me.orders             User.orders                 orders    allowed  "signed in" (gateway.config.ts:4), not "banned" (gateway.config.ts:7): Not Authorised!
      me.orders.totalCount  OrderConnection.totalCount  orders    open     no rule
      users                 Query.users                           denied   "admin" (gateway.config.ts:5): Not for you
      product               Query.product               products  allowed  "first" (gateway.config.ts:8)
      product.name          Product.name                products  open     no rule
    "
  `);
});

it('asks for a principal of the configuration by its name, and for an anonymous client', async () => {
  const [helper, anonymous] = await Promise.all([
    runMain([...dry, '--as', 'helper', '-q', '{ me { email } }'], { cwd }),
    runMain([...dry, '-q', '{ me { email } }'], { cwd }),
  ]);
  expect(helper.out).toContain('helper (roles: support; scopes: none)');
  expect(helper.out).toMatch(/User\.email {2}users {2}allowed {2}"support" \(gateway\.config\.ts:5\)\n/);
  expect(anonymous.out).toMatch(/^An anonymous client\n/);
  expect(anonymous.out).toMatch(/User\.email +denied/);
});

it('refuses a token that is none, and an operation that does not fit', async () => {
  const [bad, misfit] = await Promise.all([
    runMain([...dry, '--as', `${token}x`, '-q', '{ me { email } }'], { cwd }),
    runMain([...dry, '-q', '{ nobody }'], { cwd }),
  ]);
  expect([bad.code, misfit.code]).toEqual([1, 1]);
  expect(bad.error).toContain('The bearer token is not valid: its signature does not match.');
  expect(misfit.error).toContain('Cannot query field "nobody" on type "Query".');
});

it('really answers a query, with what took how long', async () => {
  const { code, out } = await runMain(['explain', '--as', token, '-q', '{ me { name email } }', '--json'], {
    cwd,
    env: { ATRIUM_SUBGRAPH_USERS_URL: 'http://127.0.0.1:1/' },
  });
  const explanation: Explanation = JSON.parse(out);
  expect(code).toBe(0);
  expect(explanation.principal?.subject).toBe('7');
  expect(explanation.spans.flatMap(({ call }) => call?.code ?? [])).toContain('SUBGRAPH_UNREACHABLE');
  expect(explanation.fields.find(({ path }) => path === 'me')?.errors).toMatchObject([
    { code: 'SUBGRAPH_UNREACHABLE' },
  ]);
});

it('asks as nobody it cannot be, and changes nothing', async () => {
  const mutation = ['explain', '-q', 'mutation { pay(input: { orderId: "1" }) { __typename } }'];
  const [named, changing, unknown] = await Promise.all([
    runMain(['explain', '--as', 'helper', '-q', '{ me { email } }'], { cwd }),
    runMain(mutation, { cwd }),
    runMain(['explain', '--as', 'x', '-q', '{ me { email } }'], { cwd }),
  ]);
  expect([named.code, changing.code, unknown.code]).toEqual([2, 2, 1]);
  expect(named.error).toContain('as whom only --dry-run can ask');
  expect(changing.error).toContain('expected a query, got a mutation');
  expect(unknown.error).toContain('The bearer token is not valid');
});

it('prints a token for the header of an explained request', async () => {
  const env = { ATRIUM_EXPLAIN_SECRET: 'a secret that is long enough to be one' };
  const [given, without, wrong] = await Promise.all([
    runMain(['explain', '--grant', '15'], { cwd, env }),
    runMain(['explain', '--grant', '15'], { cwd }),
    runMain(['explain', '--grant', '90'], { cwd, env }),
  ]);
  const { iat = 0, exp = 0, aud } = decodeJwt(given.out.trim());
  expect([exp - iat, aud]).toEqual([900, 'atrium-explain']);
  expect([without.code, without.error]).toEqual([1, expect.stringContaining('explain.secret (ATRIUM_EXPLAIN_SECRET)')]);
  expect([wrong.code, wrong.error]).toEqual([2, expect.stringContaining('minutes from 1 to 60, got 90')]);
});
