import { assert, constantFrom, property, string, uint8Array } from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse-config.ts';
import type { Principal } from '../../src/core/principal.ts';
import { createRequestSigner } from '../../src/core/sign-request.ts';
import { createRequestVerifier } from '../../src/core/verify-request.ts';
import type { ReceivedRequest, VerifierOptions } from '../../src/core/verify-request.ts';
import { createHeaderPolicy } from '../../src/subgraph/headers.ts';
import { AtriumGateway } from '../../src/gateway.ts';
import { introspectSubgraph } from '../../src/supergraph/introspect.ts';
import { messageOf } from '../config/message-of.ts';
import { clientOf, closeAll, contextWith, data, query, subgraph } from '../subgraph/client-under-test.ts';

afterEach(closeAll);

const [old, fresh, other] = ['o', 'f', 'x'].map((letter) => letter.repeat(32)) as [string, string, string];
const ann: Principal = { subject: 'Änn "1"', issuer: 'https://id.test', roles: [], scopes: [], claims: {} };
const headers = { toSubgraphs: ['authorization', 'x-tenant', 'x-atrium-principal'], toClients: [] };

async function signed(secrets = [fresh], principal: Principal | null = ann): Promise<ReceivedRequest> {
  const { url, received } = await subgraph();
  const context = contextWith({
    principal,
    headers: { authorization: 'Bearer t', 'x-atrium-principal': '{"issuer":"","subject":"root"}' },
  });
  expect(await clientOf(url, { headers, signingSecrets: secrets }).send(query, context)).toMatchObject(data);
  const [request] = received;
  if (request === undefined) throw new Error('The service was not asked');
  return request;
}

const verifier = (options: Partial<VerifierOptions> = {}) =>
  createRequestVerifier({ subgraph: 's', secrets: [fresh], ...options });

describe('a signed request', () => {
  it('tells a service for whom the gateway asks, whatever the client sent', async () => {
    expect(verifier()(await signed())).toEqual({ issuer: 'https://id.test', subject: 'Änn "1"' });
    const anonymous = await signed([fresh], null);
    expect(anonymous.headers).not.toHaveProperty('x-atrium-principal');
    expect(verifier()(anonymous)).toBeNull();
  });

  it('is refused when anything of it was changed, added or taken away', async () => {
    const request = await signed();
    const withHeader = (name: string, value: string | undefined): ReceivedRequest => ({
      ...request,
      headers: { ...request.headers, [name]: value },
    });
    const signature = String(request.headers['x-atrium-signature']);
    const changes: Readonly<Record<string, ReceivedRequest>> = {
      method: { ...request, method: 'GET' },
      path: { ...request, url: '/graphql?v=2' },
      body: { ...request, body: '{"query":"{b}","variables":{"x":1}}' },
      principal: withHeader('x-atrium-principal', '{"issuer":"https://id.test","subject":"root"}'),
      anonymous: withHeader('x-atrium-principal', undefined),
      token: withHeader('authorization', 'Bearer u'),
      'added tenant': withHeader('x-tenant', 'a'),
      'added cookie': withHeader('cookie', 'a=b'),
      unsigned: withHeader('x-atrium-signature', undefined),
      'other time': withHeader('x-atrium-signature', signature.replace(/t=\d/, 't=2')),
      'other nonce': withHeader('x-atrium-signature', signature.replace(/n=[\w-]{22}/, `n=${'A'.repeat(22)}`)),
      'fewer headers': withHeader('x-atrium-signature', signature.replace('authorization,', '')),
      'empty signature': withHeader('x-atrium-signature', signature.replace(/s=.*/, 's=')),
    };
    const verify = verifier();
    for (const [change, changed] of Object.entries(changes))
      expect({ change, said: said(() => verify(changed)) }).toEqual({
        change,
        said: 'The signature is missing or wrong',
      });
    expect(verify(request)).not.toBeNull();
    expect(() => verifier({ subgraph: 'other' })(request)).toThrow('missing or wrong');
  });

  it('is good for one time and a while', async () => {
    const request = await signed();
    const sentAt = Number(/t=(\d+)/.exec(String(request.headers['x-atrium-signature']))?.[1]);
    let now = sentAt + 30_000;
    const verify = verifier({ now: () => now });
    verify(request);
    expect(() => verify(request)).toThrow('came before');
    now += 1;
    expect(() => verify(request)).toThrow('out of time');
    now = sentAt - 30_001;
    expect(() => verify(request)).toThrow('out of time');
  });

  it('is signed anew each time it is sent', async () => {
    const { url, received } = await subgraph();
    const client = clientOf(url, { signingSecrets: [fresh] });
    const verify = verifier();
    for (let count = 0; count < 3; count++) await client.send(query, contextWith());
    expect(received.map(verify)).toEqual([null, null, null]);
  });

  it('passes with either of two secrets while they change', async () => {
    const request = await signed([fresh, old]);
    expect(() => verifier({ secrets: [old] })(request)).toThrow('missing or wrong');
    verifier({ secrets: [fresh] })(request);
    verifier({ secrets: [other, fresh] })(request);
    expect(() => verifier({ secrets: [old, other] })(request)).toThrow('missing or wrong');
  });

  it('is never accepted twice, however few signatures a service can remember', () => {
    let now = 1_000_000;
    const sign = createRequestSigner([fresh], [], () => now);
    const verify = verifier({ maxNonces: 3, now: () => now });
    const request = { subgraph: 's', method: 'POST', path: '/', headers: {}, body: '', principal: null };
    const sent = Array.from({ length: 9 }, () => {
      now += 1;
      return { method: 'POST', url: '/', body: '', headers: sign(request) };
    });
    for (const one of sent) verify(one);
    for (const one of sent) expect(() => verify(one)).toThrow(/came before|out of time/);
  });

  it('is what it was signed as, whatever is in it', () => {
    const text = string({ unit: 'binary' });
    assert(
      property(text, text, uint8Array(), constantFrom('POST', 'GET'), (subject, subgraph, bytes, method) => {
        const principal = { ...ann, subject };
        const body = Buffer.from(bytes).toString('latin1');
        const sign = createRequestSigner([fresh]);
        const own = sign({ subgraph, method, path: '/', headers: {}, body, principal });
        for (const value of Object.values(own)) expect(value).toMatch(/^[\x20-\x7e]*$/);
        const received = verifier({ subgraph })({ method, url: '/', headers: own, body });
        expect(received).toEqual({ issuer: ann.issuer, subject });
      }),
    );
  });

  it('introspects a service', async () => {
    const { url, received } = await subgraph();
    const sign = createRequestSigner([fresh]);
    await expect(introspectSubgraph({ name: 's', url }, { timeoutMs: 5_000, maxBytes: 1_000, sign })).rejects.toThrow(
      'did not tell its schema',
    );
    expect(received.map(verifier())).toEqual([null]);
  });
});

function said(verify: () => unknown): unknown {
  try {
    return verify();
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

describe('signing', () => {
  it('keeps the answers for different principals apart', () => {
    const { scopeOf } = createHeaderPolicy(headers, { signs: true });
    const keys = [ann, { ...ann, subject: 'bob' }, { ...ann, issuer: 'other' }, null].map(
      (principal) => scopeOf(contextWith({ principal })).key,
    );
    expect(new Set(keys).size).toBe(4);
  });

  it('refuses secrets that are short, three, or none, and prints none of them', () => {
    const supergraph = { file: 's.graphql' };
    const refused = (secrets: unknown, env = {}) =>
      messageOf(() => parseConfig({ supergraph, signing: { secrets } }, env));
    const wanted = 'expected a text of at least 32 characters without ","';
    expect(refused(['hush'])).toContain(`signing.secrets[0]: ${wanted}, got 4 characters`);
    expect(refused([`${fresh},`])).toContain('got 33 characters');
    expect(refused([])).toContain('signing.secrets: expected one secret, or two while they change');
    expect(refused([old, fresh, other])).toContain('signing.secrets: expected one secret, or two while they change');
    expect(refused([fresh], { ATRIUM_SIGNING_SECRET: `${fresh},hush` })).toBe(
      `ATRIUM_SIGNING_SECRET: ${wanted}, got 4 characters`,
    );
    expect(() => createRequestSigner([''])).toThrow('at least 32 characters');
    expect(() => verifier({ secrets: [''] })).toThrow('at least 32 characters');
    expect(() => verifier({ secrets: [] })).toThrow('at least 32 characters');
  });

  it('is refused beside data sources that would not sign', () => {
    const buildService = () => ({ process: async () => ({}) });
    expect(() => new AtriumGateway({ signingSecrets: [fresh], buildService })).toThrow('signingSecrets');
  });

  it('takes the new and the old secret from the environment', () => {
    const config = parseConfig({ supergraph: { file: 's.graphql' } }, { ATRIUM_SIGNING_SECRET: `${fresh},${old}` });
    expect(config.signing).toEqual({ secrets: [fresh, old] });
  });
});
