import Fastify from 'fastify';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { demoUsers } from '../support/demo-users.ts';
import { listen } from '../support/listen.ts';
import type { ListenOptions, RunningService } from '../support/listen.ts';

export interface IdentityOptions extends ListenOptions {
  /** The tokens' `iss`; `http://127.0.0.1:4005` when absent. */
  readonly issuer?: string | undefined;
}

const lifetimeSeconds = 3_600;

/**
 * Hands a token to every demo user who asks: a stand-in for a real identity provider, with a new key at every start.
 * `POST /token` takes `{"user":"ann"}` and answers like RFC 6749, section 5.1; `GET /.well-known/jwks.json` is the key
 * to verify with.
 */
export async function startIdentity(options: IdentityOptions): Promise<RunningService> {
  const issuer = options.issuer ?? 'http://127.0.0.1:4005';
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);

  const app = Fastify({ forceCloseConnections: true });
  app.get('/health', () => ({ status: 'ok', service: 'identity' }));
  app.get('/.well-known/jwks.json', (_, reply) =>
    reply
      .header('cache-control', 'public, max-age=300')
      .send({ keys: [{ ...publicJwk, kid, alg: 'ES256', use: 'sig' }] }),
  );
  app.post('/token', async (request, reply) => {
    const login: unknown = Object(request.body).user;
    const user = demoUsers.find((candidate) => candidate.login === login);
    if (user === undefined) {
      const users = demoUsers.map((candidate) => candidate.login);
      return reply.code(404).send({ error: `"user" must be one of ${users.join(', ')}`, users });
    }
    const token = await new SignJWT({ name: user.name, roles: user.roles, scope: user.scope })
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience('atrium-shop')
      .setSubject(user.id)
      .setIssuedAt()
      .setExpirationTime(`${String(lifetimeSeconds)}s`)
      .sign(privateKey);
    return reply
      .header('cache-control', 'no-store')
      .send({ access_token: token, token_type: 'Bearer', expires_in: lifetimeSeconds });
  });
  return listen('identity', app, options, '');
}
