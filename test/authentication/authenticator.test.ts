import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import type { JWTPayload } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { authenticationStep } from '../../src/authentication/authentication-step.ts';
import { createAuthenticator } from '../../src/authentication/authenticator.ts';
import type { AuthenticationOptions, Authenticator } from '../../src/authentication/authenticator.ts';
import { ConfigurationError, RequestError } from '../../src/core/errors.ts';
import type { Principal } from '../../src/core/principal.ts';
import { createRecordingLogger } from '../redis/recording-logger.ts';
import { createSigningKey, startIssuerServer } from './issuer-server.ts';
import type { IssuerServer, SigningKey } from './issuer-server.ts';

const seconds = 1000;
const minutes = 60 * seconds;
const hours = 60 * minutes;

let now: number;
let identity: IssuerServer;
let key: SigningKey;
let rsaKey: SigningKey;
let lines: string[];
const opened: Authenticator[] = [];

beforeAll(async () => {
  [key, rsaKey] = await Promise.all([createSigningKey('key'), createSigningKey('rsa', 'RS256')]);
});
beforeEach(async () => {
  now = Date.UTC(2030, 0, 1);
  identity = await startIssuerServer();
  identity.publish(key, rsaKey);
});
afterEach(async () => {
  for (const authenticator of opened.splice(0)) await authenticator.close();
  await identity.close();
});

async function open(more: Partial<AuthenticationOptions> = {}): Promise<Authenticator> {
  const { logger, lines: written } = createRecordingLogger();
  lines = written;
  const issuers = [{ issuer: identity.issuer, jwks: identity.jwksUrl, audiences: ['shop', 'desk'] }];
  const options = { issuers, required: false, clockToleranceSeconds: 5, ...more };
  const authenticator = await createAuthenticator(options, { logger, clock: () => now });
  opened.push(authenticator);
  return authenticator;
}

/** undefined leaves a claim out. */
function claims(more: Record<string, unknown> = {}): JWTPayload {
  return { iss: identity.issuer, aud: 'shop', sub: '1', exp: now / 1000 + 3600, ...more };
}

async function outcomeOf(
  authenticator: Authenticator,
  authorization: string | undefined,
): Promise<Principal | null | string> {
  try {
    return await authenticator.authenticate(authorization);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return `${error.status} ${error.code} ${error.headers['www-authenticate'] ?? ''}: ${error.message}`;
  }
}
const invalid = (reason: string) =>
  `401 UNAUTHENTICATED Bearer error="invalid_token": The bearer token is not valid: ${reason}.`;

describe('a valid token', () => {
  it('gives the principal its claims speak of', async () => {
    const all = claims({
      aud: ['other', 'desk'],
      roles: ['customer', 'admin'],
      scope: 'orders:read orders:write',
      name: 'Ann',
    });
    const principal = await (await open()).authenticate(`Bearer ${await key.sign(all)}`);
    expect(principal).toEqual({
      subject: '1',
      issuer: identity.issuer,
      roles: ['customer', 'admin'],
      scopes: ['orders:read', 'orders:write'],
      claims: all,
    });
  });

  it.each([
    [{ roles: 'a  b' }, ['a', 'b'], []],
    [{ roles: ['a', 1, null, 'b'], scp: ['x', 'y'] }, ['a', 'b'], ['x', 'y']],
    [{ roles: { admin: true }, scope: 7 }, [], []],
    [{ scope: '', scp: 'x' }, [], []],
    [{ scp: 'x y' }, [], ['x', 'y']],
  ])('with %o grants the roles %o and the scopes %o', async (more, roles, scopes) => {
    const principal = await (await open()).authenticate(`Bearer ${await key.sign(claims(more))}`);
    expect(principal).toMatchObject({ roles, scopes });
  });

  it('gives a principal that nobody can change for the requests after', async () => {
    const principal = await (await open()).authenticate(`Bearer ${await key.sign(claims({ tenant: { id: 1 } }))}`);
    expect(
      Object.isFrozen(principal) && Object.isFrozen(principal?.roles) && Object.isFrozen(principal?.claims['tenant']),
    ).toBe(true);
  });

  it('is accepted whatever the case of the scheme', async () => {
    const authenticator = await open();
    expect(await authenticator.authenticate(`bEARER  ${await key.sign(claims())}`)).toMatchObject({ subject: '1' });
  });

  it('of each of several issuers is verified with the keys of that issuer alone', async () => {
    const other = await startIssuerServer();
    const otherKey = await createSigningKey('key');
    other.publish(otherKey);
    const authenticator = await open({
      issuers: [identity, other].map(({ issuer, jwksUrl }) => ({ issuer, jwks: jwksUrl, audiences: ['shop'] })),
    });
    const ofOther = claims({ iss: other.issuer });
    expect(await authenticator.authenticate(`Bearer ${await otherKey.sign(ofOther)}`)).toMatchObject({
      issuer: other.issuer,
    });
    expect(await outcomeOf(authenticator, `Bearer ${await key.sign(ofOther)}`)).toBe(
      invalid('its signature does not match'),
    );
    await other.close();
  });
});

describe('no token', () => {
  it('is an anonymous client', async () => {
    expect(await (await open()).authenticate(undefined)).toBeNull();
  });

  it('is refused when one is required', async () => {
    expect(await outcomeOf(await open({ required: true }), undefined)).toBe(
      '401 UNAUTHENTICATED Bearer realm="atrium": A bearer token is required.',
    );
  });

  it.each([
    [''],
    ['Bearer'],
    ['Bearer '],
    ['Basic YW5uOnB3'],
    ['Bearer a b'],
    ['Bearer a, Bearer b'],
    ['Bearer ü'],
    ['a.b.c'],
  ])('but %o in its place is refused, not anonymous', async (authorization) => {
    expect(await outcomeOf(await open(), authorization)).toBe(
      '401 UNAUTHENTICATED Bearer realm="atrium": The Authorization header holds no bearer token.',
    );
  });
});

describe('a token is refused', () => {
  it.each<[string, () => JWTPayload, string]>([
    ['without exp', () => claims({ exp: undefined }), 'its claim "exp" is not accepted'],
    ['past exp', () => claims({ exp: now / 1000 - 6 }), 'it has expired'],
    ['with an exp that is no number', () => claims({ exp: 'never' }), 'its claim "exp" is not accepted'],
    ['before nbf', () => claims({ nbf: now / 1000 + 6 }), 'its claim "nbf" is not accepted'],
    ['of another audience', () => claims({ aud: 'bank' }), 'its claim "aud" is not accepted'],
    ['without audience', () => claims({ aud: undefined }), 'its claim "aud" is not accepted'],
    ['of an unknown issuer', () => claims({ iss: 'https://other.test' }), 'its issuer is not accepted'],
    ['without issuer', () => claims({ iss: undefined }), 'its issuer is not accepted'],
    ['without subject', () => claims({ sub: undefined }), 'its claim "sub" is not accepted'],
    ['with an empty subject', () => claims({ sub: '' }), 'its subject is empty'],
    ['whose subject is no text', () => claims({ sub: 1 }), 'its subject is empty'],
  ])('%s', async (_name, claimsOf, reason) => {
    expect(await outcomeOf(await open(), `Bearer ${await key.sign(claimsOf())}`)).toBe(invalid(reason));
  });

  it('but not within the clock tolerance', async () => {
    const authenticator = await open();
    const early = await key.sign(claims({ nbf: now / 1000 + 5 }));
    const late = await key.sign(claims({ exp: now / 1000 - 4 }));
    expect(await authenticator.authenticate(`Bearer ${early}`)).toMatchObject({ subject: '1' });
    expect(await authenticator.authenticate(`Bearer ${late}`)).toMatchObject({ subject: '1' });
  });

  it('when it is unsigned, in whatever spelling', async () => {
    const authenticator = await open();
    const unsecured = new UnsecuredJWT(claims()).encode();
    const [, body] = unsecured.split('.');
    const header = (alg: string) => Buffer.from(JSON.stringify({ alg, kid: 'key' })).toString('base64url');
    const tokens = [
      unsecured,
      ...['none', 'None', 'NONE', 'ES256'].map((alg) => `${header(alg)}.${body}.`),
      `${header('ES256')}.${body}`,
      `${header('ES256')}.${body}.AAAA`,
    ];
    for (const token of tokens) {
      expect(await outcomeOf(authenticator, `Bearer ${token}`)).toMatch(
        /^401 UNAUTHENTICATED Bearer error="invalid_token"/,
      );
    }
  });

  it('when it is signed with the text of a public key', async () => {
    const authenticator = await open();
    const publicKey = await importJWK(rsaKey.jwk, 'RS256', { extractable: true });
    if (publicKey instanceof Uint8Array) throw new Error('an RSA key is no secret');
    const pem = await exportSPKI(publicKey);
    for (const secret of [pem, `\n ${pem}`, JSON.stringify(rsaKey.jwk)]) {
      const forged = await new SignJWT(claims())
        .setProtectedHeader({ alg: 'HS256', kid: 'rsa' })
        .sign(new TextEncoder().encode(secret));
      expect(await outcomeOf(authenticator, `Bearer ${forged}`)).toBe(invalid('its algorithm is not accepted'));
    }
  });

  it('when it brings its own key', async () => {
    const own = await createSigningKey('own');
    const token = await own.sign(claims(), { jwk: own.jwk, jku: identity.jwksUrl } as { kid?: string });
    expect(await outcomeOf(await open(), `Bearer ${token}`)).toBe(invalid('it was signed with an unknown key'));
  });

  it('when its algorithm is not one the configuration selects', async () => {
    const authenticator = await open({
      issuers: [{ issuer: identity.issuer, jwks: identity.jwksUrl, audiences: ['shop'], algorithms: ['ES256'] }],
    });
    expect(await authenticator.authenticate(`Bearer ${await key.sign(claims())}`)).toMatchObject({ subject: '1' });
    expect(await outcomeOf(authenticator, `Bearer ${await rsaKey.sign(claims())}`)).toBe(
      invalid('its algorithm is not accepted'),
    );
  });

  it.each([['a'], ['a.b.c'], ['e30.e30.e30'], ['....'], [`${'a'.repeat(5000)}.b.c`]])(
    'when it is no token: %o',
    async (text) => {
      expect(await outcomeOf(await open(), `Bearer ${text}`)).toMatch(
        /^401 UNAUTHENTICATED Bearer error="invalid_token"/,
      );
    },
  );
});

describe('a token seen before', () => {
  it('is known until it expires and no longer', async () => {
    const authenticator = await open();
    const authorization = `Bearer ${await key.sign(claims({ exp: now / 1000 + 60 }))}`;
    const first = await authenticator.authenticate(authorization);
    expect(await authenticator.authenticate(authorization)).toBe(first);
    now += 65 * seconds - 1;
    expect(await authenticator.authenticate(authorization)).toBe(first);
    now += 1;
    expect(await outcomeOf(authenticator, authorization)).toBe(invalid('it has expired'));
  });

  it('is refused as soon as the issuer is known to have withdrawn its key', async () => {
    const authenticator = await open();
    const authorization = `Bearer ${await key.sign(claims())}`;
    await authenticator.authenticate(authorization);
    identity.publish(rsaKey);
    now += 11 * seconds;
    await outcomeOf(authenticator, `Bearer ${await (await createSigningKey('new')).sign(claims())}`);
    expect(await outcomeOf(authenticator, authorization)).toBe(invalid('it was signed with an unknown key'));
  });
});

describe('the keys of an issuer', () => {
  const tokenOf = async (signingKey: SigningKey) => `Bearer ${await signingKey.sign(claims())}`;

  it('are fetched once for many tokens', async () => {
    const authenticator = await open();
    const tokens = await Promise.all(['1', '2', '3'].map(async (sub) => key.sign(claims({ sub }))));
    const principals = await Promise.all(tokens.map(async (token) => authenticator.authenticate(`Bearer ${token}`)));
    expect(principals.map((principal) => principal?.subject)).toEqual(['1', '2', '3']);
    expect(identity.fetches()).toBe(1);
  });

  it('are fetched again for an unknown key id, at most once in 10 s', async () => {
    const authenticator = await open();
    await authenticator.authenticate(await tokenOf(key));
    const newKey = await createSigningKey('new');
    now += 10 * seconds;
    identity.publish(key, newKey);
    expect(await authenticator.authenticate(await tokenOf(newKey))).toMatchObject({ subject: '1' });
    for (const kid of ['x', 'y', 'z']) {
      const unknown = await tokenOf(await createSigningKey(kid));
      expect(await outcomeOf(authenticator, unknown)).toBe(invalid('it was signed with an unknown key'));
    }
    expect(identity.fetches()).toBe(2);
  });

  it('survive an outage of the issuer for a day, in which an unknown key id is refused', async () => {
    const authenticator = await open();
    await authenticator.authenticate(await tokenOf(key));
    identity.answerWith((response) => response.destroy());
    const unknown = await createSigningKey('unknown');
    for (let hour = 1; hour <= 23; hour += 1) {
      now += hours;
      expect(await authenticator.authenticate(await tokenOf(key))).toMatchObject({ subject: '1' });
      expect(await outcomeOf(authenticator, await tokenOf(unknown))).toBe(invalid('it was signed with an unknown key'));
    }
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([
      'warn the keys of the issuer could not be loaded',
    ]);
    now += hours;
    expect(await outcomeOf(authenticator, await tokenOf(key))).toBe(
      '503 SERVICE_UNAVAILABLE : Tokens cannot be verified at the moment.',
    );
    identity.publish(key);
    now += 1 * seconds;
    expect(await authenticator.authenticate(await tokenOf(key))).toMatchObject({ subject: '1' });
    expect(lines).toContain('info the keys of the issuer could be loaded again');
  });

  it('are refreshed in the background when they are 10 minutes old, while the old ones serve', async () => {
    const authenticator = await open();
    await authenticator.authenticate(await tokenOf(key));
    const waiting: (() => void)[] = [];
    const asked = new Promise<void>((resolve) =>
      identity.answerWith((response) => {
        waiting.push(() => response.end(JSON.stringify({ keys: [key.jwk] })));
        resolve();
      }),
    );
    now += 10 * minutes;
    expect(await authenticator.authenticate(await tokenOf(key))).toMatchObject({ subject: '1' });
    await asked;
    expect(waiting).toHaveLength(1);
    for (const answer of waiting) answer();
  });

  it.each<[string, Parameters<IssuerServer['answerWith']>[0]]>([
    ['an error', (response) => response.writeHead(500).end('{"keys":[]}')],
    ['a web page', (response) => response.end('<html>')],
    ['something else', (response) => response.end('{"keys":{}}')],
    ['null', (response) => response.end('null')],
    ['too much', (response) => response.end(`{"keys":[],"x":"${'x'.repeat(2_000_000)}"}`)],
    ['nothing', (response) => response.destroy()],
  ])('make tokens wait with 503 when the issuer answers %s, until it answers well', async (_name, answer) => {
    identity.answerWith(answer);
    const authenticator = await open();
    const error = await authenticator.authenticate(await tokenOf(key)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', status: 503, headers: { 'retry-after': '5' } });
    expect(await authenticator.authenticate(undefined)).toBeNull();
    identity.publish(key);
    now += 1 * seconds;
    expect(await authenticator.authenticate(await tokenOf(key))).toMatchObject({ subject: '1' });
  });

  it('are not fetched from where the issuer redirects to', async () => {
    const elsewhere = await startIssuerServer();
    elsewhere.publish(key);
    identity.answerWith((response) => response.writeHead(302, { location: elsewhere.jwksUrl }).end());
    expect(await outcomeOf(await open(), await tokenOf(key))).toMatch(/^503 /);
    expect(elsewhere.fetches()).toBe(0);
    await elsewhere.close();
  });

  it('do not include secrets', async () => {
    const secret = new TextEncoder().encode('0123456789abcdef0123456789abcdef');
    const jwk = { kty: 'oct', kid: 'secret', k: Buffer.from(secret).toString('base64url'), alg: 'HS256' };
    identity.answerWith((response) => response.end(JSON.stringify({ keys: [jwk] })));
    const token = await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'secret' }).sign(secret);
    expect(await outcomeOf(await open(), `Bearer ${token}`)).toBe(invalid('its algorithm is not accepted'));
  });
});

describe('keys in a file', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'atrium-keys-'));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true });
  });
  const openWithFile = async (jwks: string) =>
    open({ issuers: [{ issuer: identity.issuer, jwks, audiences: ['shop'] }] });

  it('verify tokens, and are read again for a key id that was added', async () => {
    const file = join(directory, 'keys.json');
    const added = await createSigningKey('added');
    await writeFile(file, JSON.stringify({ keys: [key.jwk] }));
    const authenticator = await openWithFile(file);
    expect(await authenticator.authenticate(`Bearer ${await key.sign(claims())}`)).toMatchObject({ subject: '1' });
    await writeFile(file, JSON.stringify({ keys: [added.jwk] }));
    now += 10 * seconds;
    expect(await authenticator.authenticate(`Bearer ${await added.sign(claims())}`)).toMatchObject({ subject: '1' });
    expect(identity.fetches()).toBe(0);
  });

  it('stop the start when they cannot be read', async () => {
    await writeFile(join(directory, 'broken.json'), '{"keys":');
    await writeFile(join(directory, 'other.json'), '{"kty":"RSA"}');
    for (const name of ['missing.json', 'broken.json', 'other.json']) {
      const opening = openWithFile(join(directory, name));
      await expect(opening).rejects.toThrow(`${name}" to be a JSON Web Key Set (issuer "${identity.issuer}")`);
      await expect(opening).rejects.toBeInstanceOf(ConfigurationError);
    }
  });
});

describe('a configuration', () => {
  it.each([[['none']], [['HS256']], [['RS256', 'HS512']], [['rs256']], [['dir']]])(
    'that selects the algorithms %o stops the start',
    async (algorithms) => {
      const issuers = [{ issuer: 'a', jwks: identity.jwksUrl, audiences: ['shop'], algorithms }];
      await expect(open({ issuers })).rejects.toBeInstanceOf(ConfigurationError);
    },
  );
});

describe('authentication step', () => {
  it('sets the principal of the request, or refuses it', async () => {
    const step = authenticationStep(await open());
    const request = { headers: { authorization: `Bearer ${await key.sign(claims())}` }, principal: null };
    await step.run(request);
    expect(request.principal).toMatchObject({ subject: '1' });
    const bad = { headers: { authorization: 'Bearer x' }, principal: null };
    await expect(step.run(bad)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(bad.principal).toBeNull();
  });
});
