import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { AtriumConfig } from '../config/config.ts';
import { RequestError } from '../core/errors.ts';
import { Timeline } from '../core/timeline.ts';
import type { Exchange } from './exchange.ts';

/** By which a client asks to be told how its request was answered. */
export const explainHeader = 'x-atrium-explain';

const audience = 'atrium-explain';
const algorithm = 'HS256';
/** A token that is good for longer is refused. */
export const longestGrantMinutes = 60;

export interface ExplainGateOptions {
  readonly mode: AtriumConfig['mode'];
  /** Absent: nobody has a claim in production. */
  readonly explain?: AtriumConfig['explain'] | undefined;
}

export interface ExplainGate {
  /** Where a client asks, notes from now on what takes how long. */
  readonly note: (exchange: Exchange) => void;
  /**
   * After what limits requests: a token takes time to verify.
   * @throws RequestError FORBIDDEN for who asks without a claim to it
   */
  readonly enter: (exchange: Exchange) => void | Promise<void>;
  /** For requests this process makes of itself. */
  readonly ownToken: string;
}

/** In development mode everybody is told who asks; in production who has a token signed with the secret (RFC 7519). */
export function createExplainGate({ mode, explain }: ExplainGateOptions): ExplainGate {
  const ownToken = randomUUID();
  const key = explain && new TextEncoder().encode(explain.secret);

  function admit({ record, responseHeaders }: Exchange): void {
    record.isExplained = true;
    responseHeaders.set('cache-control', 'private, no-store');
  }

  async function verify(token: string, exchange: Exchange): Promise<void> {
    if (key === undefined) throw refused('that only a gateway with explain.secret takes');
    try {
      const maxTokenAge = `${longestGrantMinutes}m`;
      await jwtVerify(token, key, { algorithms: [algorithm], audience, maxTokenAge, requiredClaims: ['exp'] });
    } catch (cause) {
      const isExpired = cause instanceof errors.JWTExpired;
      throw refused(isExpired ? 'that has not expired' : 'as `atrium explain --grant` prints it', cause);
    }
    admit(exchange);
  }

  return {
    ownToken,
    note({ headers, record, startedAt }) {
      if (headers[explainHeader] !== undefined) record.timeline ??= new Timeline(startedAt);
    },
    enter(exchange) {
      const token = exchange.headers[explainHeader];
      if (token === undefined) return undefined;
      return mode === 'development' || token === ownToken ? admit(exchange) : verify(token, exchange);
    },
  };
}

/** A token that is good for so many minutes. */
export function grantExplain(secret: string, minutes: number): Promise<string> {
  const claims = new SignJWT().setProtectedHeader({ alg: algorithm }).setAudience(audience).setIssuedAt();
  return claims.setExpirationTime(`${minutes}m`).sign(new TextEncoder().encode(secret));
}

function refused(what: string, cause?: unknown): RequestError {
  return new RequestError('FORBIDDEN', `Expected a token in ${explainHeader} ${what}.`, { cause });
}
