import { hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openApiKeys } from '../../src/authentication/api-keys.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import type { Logger } from '../../src/core/logger.ts';
import type { RequestContext } from '../../src/core/request-context.ts';
import { createAtrium } from '../../src/create-atrium.ts';
import type { Atrium } from '../../src/create-atrium.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';
import { createSigningKey, startIssuerServer } from './issuer-server.ts';
import type { IssuerServer, SigningKey } from './issuer-server.ts';

const entry = (key: string, more: object = {}) => ({ sha256: hash('sha256', key), subject: `of ${key}`, ...more });
const keysText = (...keys: object[]) => JSON.stringify({ keys });

let folder: string;
let file: string;
let identity: IssuerServer;
let other: IssuerServer;
let key: SigningKey;
let rsaKey: SigningKey;
let atrium: Atrium;
let url: string;
const calls: IncomingHttpHeaders[] = [];
const seen: unknown[] = [];
const logged: string[] = [];
let onLog: (message: string) => void = () => {};
const keep = (fields: object, message: string) => {
  logged.push(`${message} ${JSON.stringify(fields)}`);
  onLog(message);
};
const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };

const subgraph = createServer((request, response) => {
  calls.push(request.headers);
  response.setHeader('content-type', 'application/json').end('{"data":{"a":1}}');
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atrium-'));
  file = join(folder, 'api-keys.json');
  await writeFile(file, keysText(entry('good', { roles: ['robot'] }), entry('old', { expires: '2020-01-01' })));
  [identity, other] = await Promise.all([startIssuerServer(), startIssuerServer()]);
  [key, rsaKey] = await Promise.all([createSigningKey('key'), createSigningKey('rsa', 'RS256')]);
  identity.publish(key, rsaKey);
  await once(subgraph.listen(0, '127.0.0.1'), 'listening');
  const { port } = subgraph.address() as AddressInfo;
  const composition = await composeSubgraphs([
    { name: 'a', url: `http://127.0.0.1:${port}`, sdl: 'type Query { a: Int }' },
  ]);
  const supergraph = join(folder, 'supergraph.graphql');
  await writeFile(supergraph, composition.ok ? composition.supergraphSdl : '');
  const issuers = [identity, other].map(({ issuer, jwksUrl }) => ({ issuer, jwks: jwksUrl, audiences: ['shop'] }));
  const config = parseConfig(
    {
      server: { port: 0 },
      admin: { enabled: false },
      supergraph: { file: supergraph, watch: false },
      authentication: { issuers, apiKeys: { file }, cookie: 'session', required: true },
      context: ({ principal }: RequestContext) => {
        seen.push(principal);
        return {};
      },
    },
    {},
  );
  atrium = createAtrium(config, { logger });
  url = `${(await atrium.start())?.url}/graphql`;
});
afterAll(async () => {
  await atrium.stop();
  await Promise.all([identity.close(), other.close()]);
  subgraph.closeAllConnections();
  subgraph.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  for (const list of [calls, seen, logged]) list.length = 0;
});

async function ask(headers: Record<string, string>): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{"query":"{ a }"}',
  });
  const body = JSON.parse(await response.text());
  return `${response.status} ${body.errors?.[0].extensions.code ?? JSON.stringify(body.data)}`;
}

const seconds = () => Math.floor(Date.now() / 1000);
/** undefined leaves a claim out. */
const claims = (more: Record<string, unknown> = {}) => ({
  iss: identity.issuer,
  aud: 'shop',
  sub: '1',
  exp: seconds() + 3600,
  ...more,
});
const sign = async (more?: Record<string, unknown>, by = key) => by.sign(claims(more));

describe('at the gateway', () => {
  const ok = '200 {"a":1}';
  const refused = '401 UNAUTHENTICATED';
  const credentials: [name: string, headers: () => Promise<Record<string, string>>, outcome: string][] = [
    ['an API key', async () => ({ 'x-api-key': 'good' }), ok],
    ['a token', async () => ({ authorization: `Bearer ${await sign()}` }), ok],
    ['a token in the cookie', async () => ({ cookie: `a=b; session=${await sign()}; c` }), ok],
    ['a token in quotes in the cookie', async () => ({ cookie: `session="${await sign()}"` }), ok],
    ['a token beside a bad cookie', async () => ({ authorization: `Bearer ${await sign()}`, cookie: 'session=x' }), ok],
    [
      'A25: one of several audiences',
      async () => ({ authorization: `Bearer ${await sign({ aud: ['x', 'shop'] })}` }),
      ok,
    ],
    ['no credential', async () => ({}), refused],
    ['an unknown API key', async () => ({ 'x-api-key': 'unknown' }), refused],
    ['an expired API key', async () => ({ 'x-api-key': 'old' }), refused],
    ['an empty API key', async () => ({ 'x-api-key': '' }), refused],
    ['the hash of an API key', async () => ({ 'x-api-key': hash('sha256', 'good') }), refused],
    ['a cookie without a token', async () => ({ cookie: 'session=' }), refused],
    ['a forged token in the cookie', async () => ({ cookie: `session=${await sign()}x` }), refused],
    ['a token in another cookie', async () => ({ cookie: `xsession=${await sign()}` }), refused],
    [
      'a bad header beside a good cookie',
      async () => ({ authorization: 'Bearer x', cookie: `session=${await sign()}` }),
      refused,
    ],
    [
      'two credentials',
      async () => ({ authorization: `Bearer ${await sign()}`, 'x-api-key': 'good' }),
      '400 BAD_REQUEST',
    ],
  ];
  it.each(credentials)('%s', async (_name, headers, outcome) => {
    expect(await ask(await headers())).toBe(outcome);
    expect(calls).toHaveLength(outcome === ok ? 1 : 0);
  });

  const unsigned = () => new UnsecuredJWT(claims()).encode();
  const withAlg = (alg: string) => {
    const header = Buffer.from(JSON.stringify({ alg, kid: 'key' })).toString('base64url');
    return `${header}.${unsigned().split('.')[1]}.`;
  };
  const confused = async (before: string) => {
    const publicKey = await importJWK(rsaKey.jwk, 'RS256', { extractable: true });
    if (publicKey instanceof Uint8Array) throw new Error('an RSA key is no secret');
    const secret = new TextEncoder().encode(before + (await exportSPKI(publicKey)));
    return new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'rsa' }).sign(secret);
  };
  const attacks: [name: string, token: () => string | Promise<string>][] = [
    ['A23: alg none', unsigned],
    ['A23: alg None', () => withAlg('None')],
    ['A23: an empty signature', () => withAlg('ES256')],
    ['A23: two parts', () => withAlg('ES256').slice(0, -1)],
    ['A24: HS256 with the public key', async () => confused('')],
    ['A24: and leading white space', async () => confused(' \n')],
    ['A25: no exp', async () => sign({ exp: undefined })],
    ['A25: past exp', async () => sign({ exp: seconds() - 60 })],
    ['A25: nbf in the future', async () => sign({ nbf: seconds() + 60 })],
    ['A25: another audience', async () => sign({ aud: 'bank' })],
    ['A25: the iss of another configured issuer', async () => sign({ iss: other.issuer })],
    ['A25: no sub', async () => sign({ sub: undefined })],
  ];
  it.each(attacks)('refuses %s, in the header and in the cookie, and calls no subgraph', async (_name, tokenOf) => {
    const token = await tokenOf();
    other.publish(await createSigningKey('key'));
    expect(await ask({ authorization: `Bearer ${token}` })).toBe(refused);
    expect(await ask({ cookie: `session=${token}` })).toBe(refused);
    expect(calls).toEqual([]);
  });

  it('A26: keeps known keys through an outage and refuses unknown ones', async () => {
    expect(await ask({ authorization: `Bearer ${await sign({ sub: 'before' })}` })).toBe(ok);
    identity.answerWith((response) => response.destroy());
    expect(await ask({ authorization: `Bearer ${await sign({ sub: 'during' })}` })).toBe(ok);
    const unknown = await createSigningKey('unknown');
    expect(await ask({ authorization: `Bearer ${await sign({}, unknown)}` })).toBe(refused);
    expect(calls).toHaveLength(2);
    identity.publish(key, rsaKey);
  });

  it('knows an API key by its subject and shows the key to nobody', async () => {
    await ask({ 'x-api-key': 'good' });
    await ask({ 'x-api-key': 'unknown-key' });
    expect(seen).toEqual([{ subject: 'of good', issuer: 'api-key', roles: ['robot'], scopes: [], claims: {} }]);
    expect(calls[0]).not.toHaveProperty('x-api-key');
    expect(logged.join('\n')).not.toMatch(/"good"|unknown-key/);
  });

  it('revokes and adds API keys when the file changes, and keeps them when it breaks', async () => {
    const replace = async (text: string, message: string) => {
      const said = new Promise<void>((resolve) => {
        onLog = (line) => void (line.startsWith(message) && resolve());
      });
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
      await said;
    };
    await replace(keysText(entry('new')), 'The API keys were read again');
    expect(await ask({ 'x-api-key': 'good' })).toBe(refused);
    expect(await ask({ 'x-api-key': 'new' })).toBe(ok);
    await replace('{"keys":', 'The API keys in use stay');
    expect(await ask({ 'x-api-key': 'new' })).toBe(ok);
  });
});

describe('a file of API keys', () => {
  const open = async (text: string, clock?: () => number) => {
    const path = join(folder, 'other.json');
    await writeFile(path, text);
    return openApiKeys({ file: path }, { logger, ...(clock && { clock }) });
  };

  it.each<[string, string, string]>([
    ['no JSON', 'secret', 'expected JSON'],
    ['no object', '[]', 'expected an object, got an empty list'],
    ['no keys', '{}', 'keys: expected a list of keys, got nothing'],
    ['an unknown member', keysText({ ...entry('a'), role: 'x' }), 'keys[0].role: unknown key'],
    [
      'the key instead of its hash',
      keysText(entry('a'), { ...entry('b'), sha256: 'secret' }),
      'keys[1].sha256: expected the 64 hex digits of a SHA-256, got something else',
    ],
    ['no subject', keysText({ sha256: hash('sha256', 'a') }), 'keys[0].subject: expected a subject, got nothing'],
    ['roles in one text', keysText(entry('a', { roles: 'x y' })), 'keys[0].roles: expected a list of texts, got "x y"'],
    [
      'no date',
      keysText(entry('a', { expires: '2030-02-30' })),
      'keys[0].expires: expected a date such as "2030-01-01", or a date with time and zone, got "2030-02-30"',
    ],
    [
      'a key twice',
      keysText(entry('a'), { ...entry('a'), sha256: hash('sha256', 'a').toUpperCase() }),
      `keys[1].sha256: expected a key listed once, got "${hash('sha256', 'a')}"`,
    ],
  ])('stops the start when it holds %s', async (_name, text, problem) => {
    const opening = open(text);
    await expect(opening).rejects.toBeInstanceOf(ConfigurationError);
    await expect(opening).rejects.toThrow(`${join(folder, 'other.json')} cannot be used:\n  ${problem}`);
    await expect(opening).rejects.not.toThrow('"secret"');
  });

  it.each(['2030-01-01', '2030-01-01T02:00:00+02:00'])('ends a key at the moment of %s', async (expires) => {
    const end = Date.UTC(2030, 0, 1);
    let now = end - 1;
    const keys = await open(keysText(entry('a', { expires })), () => now);
    expect(keys.principalOf('a').subject).toBe('of a');
    now = end;
    expect(() => keys.principalOf('a')).toThrow('The API key is unknown or has expired.');
    keys.close();
  });
});
