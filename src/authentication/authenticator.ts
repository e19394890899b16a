import { hash } from 'node:crypto';
import { decodeJwt, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import { RequestError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Principal } from '../core/principal.ts';
import { bearerToken } from './bearer-token.ts';
import { openIssuer } from './issuer.ts';
import type { Issuer, IssuerOptions } from './issuer.ts';
import type { Keys } from './key-set.ts';
import { principalOfClaims } from './principal-of-claims.ts';

export interface AuthenticationOptions {
  readonly issuers: readonly IssuerOptions[];
  /** Refuse anonymous clients. */
  readonly required: boolean;
  /** For `exp` and `nbf`. */
  readonly clockToleranceSeconds: number;
  /** Present when API keys are accepted as well, which only a message depends on. */
  readonly apiKeys?: object | undefined;
}

export interface Authenticator {
  /**
   * The principal of an `Authorization` header, null without the header. Rejects with UNAUTHENTICATED for anything but
   * a valid bearer token, and with SERVICE_UNAVAILABLE while there are no keys to tell.
   */
  authenticate(authorization: string | undefined): Promise<Principal | null>;
  close(): Promise<void>;
}

const maxVerifiedTokens = 10_000;

interface VerifiedToken {
  readonly principal: Principal;
  readonly expiresAt: number;
  readonly issuer: Issuer;
  /** It was verified with these, and has to be again when the issuer publishes others. */
  readonly keys: Keys;
}

/**
 * Rejects with a ConfigurationError for options that cannot be kept and for key files that cannot be read. Key sets at
 * URLs are fetched in the background: a token that comes before its issuer has answered waits for that answer.
 */
export async function createAuthenticator(
  { issuers: issuerOptions, required, clockToleranceSeconds, apiKeys }: AuthenticationOptions,
  {
    logger,
    clock = Date.now,
  }: { readonly logger: Logger; /** Milliseconds since 1970. */ readonly clock?: () => number },
): Promise<Authenticator> {
  const issuers = new Map<string, Issuer>();
  for (const options of issuerOptions) {
    issuers.set(options.issuer, await openIssuer(options, clock, logger));
  }
  const verified = new LRUCache<string, VerifiedToken>({ max: maxVerifiedTokens });

  async function verify(token: string): Promise<VerifiedToken> {
    const issuer = issuers.get(unverifiedIssuer(token) ?? '');
    if (issuer === undefined) throw invalidToken('its issuer is not accepted');
    const keys = issuer.keySet.current() ?? (await issuer.keySet.refresh());
    if (keys === undefined) throw keysMissing();
    try {
      return await verifyWith(keys, issuer, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const newKeys = await issuer.keySet.refresh();
      if (newKeys === undefined || newKeys === keys) throw error;
      return verifyWith(newKeys, issuer, token);
    }
  }

  async function verifyWith(keys: Keys, issuer: Issuer, token: string): Promise<VerifiedToken> {
    const { payload } = await jwtVerify(token, keys, {
      issuer: issuer.options.issuer,
      audience: [...issuer.options.audiences],
      algorithms: [...issuer.algorithms],
      requiredClaims: ['exp', 'sub'],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(clock()),
    });
    const principal = principalOfClaims(payload, issuer.options.issuer);
    if (principal === undefined) throw invalidToken('its subject is empty');
    return { principal, expiresAt: expiryOf(payload, clockToleranceSeconds), issuer, keys };
  }

  return {
    async authenticate(authorization) {
      if (authorization === undefined) {
        const wanted = apiKeys === undefined ? 'A bearer token' : 'A bearer token or an API key';
        if (required) throw unauthenticated(`${wanted} is required.`, 'Bearer realm="atrium"');
        return null;
      }
      const token = bearerToken(authorization);
      if (token === undefined) {
        throw unauthenticated('The Authorization header holds no bearer token.', 'Bearer realm="atrium"');
      }
      const digest = hash('sha256', token, 'base64url');
      const known = verified.get(digest);
      if (known !== undefined && known.keys === known.issuer.keySet.current() && clock() < known.expiresAt) {
        return known.principal;
      }
      try {
        const fresh = await verify(token);
        verified.set(digest, fresh);
        return fresh.principal;
      } catch (error) {
        if (error instanceof RequestError) throw error;
        logger.debug({ err: error }, 'a bearer token was refused');
        throw invalidToken(reasonOf(error));
      }
    },
    async close() {
      await Promise.all(Array.from(issuers.values(), async ({ keySet }) => keySet.close()));
    },
  };
}

function unverifiedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    throw invalidToken('it is malformed');
  }
}

function expiryOf({ exp }: JWTPayload, toleranceSeconds: number): number {
  return exp === undefined ? 0 : (exp + toleranceSeconds) * 1000;
}

/** What a client may learn about why its token was refused. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim "${error.claim}" is not accepted`;
  if (error instanceof errors.JWKSNoMatchingKey) return 'it was signed with an unknown key';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature does not match';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not accepted';
  return 'it cannot be verified';
}

function invalidToken(reason: string): RequestError {
  return unauthenticated(`The bearer token is not valid: ${reason}.`, 'Bearer error="invalid_token"');
}

/** The challenges are those of RFC 6750, section 3. */
function unauthenticated(message: string, challenge: string): RequestError {
  return new RequestError('UNAUTHENTICATED', message, { headers: { 'www-authenticate': challenge } });
}

/** Not UNAUTHENTICATED: the token may be good, and a client that drops it would sign its user out. */
function keysMissing(): RequestError {
  return new RequestError('SERVICE_UNAVAILABLE', 'Tokens cannot be verified at the moment.', {
    headers: { 'retry-after': '5' },
  });
}
