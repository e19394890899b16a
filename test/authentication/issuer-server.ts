import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { JWK, JWTPayload } from 'jose';

/** Signs tokens and publishes keys, as an identity provider does, and fails in the ways they do. */
export interface IssuerServer {
  readonly issuer: string;
  readonly jwksUrl: string;
  /** Requests for the key set so far. */
  readonly fetches: () => number;
  /** What the key set's address answers from now on. */
  answerWith(answer: (response: ServerResponse) => void): void;
  publish(...keys: SigningKey[]): void;
  close(): Promise<void>;
}

export interface SigningKey {
  readonly jwk: JWK;
  sign(claims: JWTPayload, header?: { alg?: string; kid?: string }): Promise<string>;
}

export async function createSigningKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    sign: async (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid, ...header }).sign(privateKey),
  };
}

export async function startIssuerServer(): Promise<IssuerServer> {
  let fetches = 0;
  let answer: (response: ServerResponse) => void = (response) => response.end('{"keys":[]}');
  const server = createServer((_request, response) => {
    fetches += 1;
    answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    issuer: `http://127.0.0.1:${port}`,
    jwksUrl: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    fetches: () => fetches,
    answerWith(newAnswer) {
      answer = newAnswer;
    },
    publish(...keys) {
      answer = (response) => response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
