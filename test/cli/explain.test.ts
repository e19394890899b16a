import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeEach, expect, it } from 'vitest';
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

it('names for each field the rules that decided, and where they stand', async () => {
  const { code, out, error } = await runMain(['explain', '--as', token, '-q', query], { cwd });
  expect({ code, error }).toEqual({ code: 0, error: '' });
  expect(out).toMatchInlineSnapshot(`
    "7 (roles: customer; scopes: none)

    Query.me                    allowed  no rule
    Query.users                 denied   "admin" (gateway.config.ts:5): Not for you
    Query.product               allowed  "first" (gateway.config.ts:8)
    User.name                   allowed  no rule
    User.email                  denied   "admin" (gateway.config.ts:5): Not for you, "support" (gateway.config.ts:5): Not for you
    User.orders                 allowed  "signed in" (gateway.config.ts:4), not "banned" (gateway.config.ts:7): Not Authorised!, "signed in" (gateway.config.ts:4)
    Product.name                allowed  no rule
    OrderConnection.totalCount  allowed  no rule
    "
  `);
});

it('asks for a principal of the configuration by its name, and for an anonymous client', async () => {
  const [helper, anonymous] = await Promise.all([
    runMain(['explain', '--as', 'helper', '-q', '{ me { email } }'], { cwd }),
    runMain(['explain', '-q', '{ me { email } }'], { cwd }),
  ]);
  expect(helper.out).toContain('helper (roles: support; scopes: none)');
  expect(helper.out).toMatch(/User\.email {2}allowed {2}"support" \(gateway\.config\.ts:5\)\n/);
  expect(anonymous.out).toMatch(/^An anonymous client\n/);
  expect(anonymous.out).toMatch(/User\.email {2}denied/);
});

it('refuses a token that is none, and an operation that does not fit', async () => {
  const [bad, misfit] = await Promise.all([
    runMain(['explain', '--as', `${token}x`, '-q', '{ me { email } }'], { cwd }),
    runMain(['explain', '-q', '{ nobody }'], { cwd }),
  ]);
  expect([bad.code, misfit.code]).toEqual([1, 1]);
  expect(bad.error).toContain('The bearer token is not valid: its signature does not match.');
  expect(misfit.error).toContain('Cannot query field "nobody" on type "Query".');
});
