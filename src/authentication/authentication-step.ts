import { RequestError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import type { ApiKeys } from './api-keys.ts';
import type { Authenticator } from './authenticator.ts';
import { bearerToken } from './bearer-token.ts';
import { cookieValue } from './cookie.ts';

export interface AuthenticatedRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  principal: Principal | null;
}

export interface OtherCredentials {
  /** `header` in lower case. */
  readonly apiKeys?: { readonly header: string; readonly keys: ApiKeys } | undefined;
  /** The name of a cookie that holds a token. */
  readonly cookie?: string | undefined;
}

/**
 * Sets the principal; rejects as `Authenticator.authenticate` and `ApiKeys.principalOf` do, and with BAD_REQUEST for an
 * API key beside an Authorization header. What browsers send by themselves, a cookie, counts only without either.
 */
export function authenticationStep(authenticator: Authenticator, { apiKeys, cookie }: OtherCredentials = {}) {
  return {
    name: 'authentication',
    async run(request: AuthenticatedRequest): Promise<void> {
      const { headers } = request;
      const { authorization } = headers;
      const key = apiKeys && headers[apiKeys.header];
      if (apiKeys === undefined || key === undefined) {
        request.principal = await authenticator.authenticate(authorization ?? fromCookie(headers['cookie'], cookie));
      } else if (authorization === undefined) {
        request.principal = apiKeys.keys.principalOf(key);
      } else {
        throw new RequestError('BAD_REQUEST', 'Expected one credential, got two: Authorization and an API key.');
      }
    },
  };
}

/** As an `Authorization` header would say it. */
function fromCookie(header: string | undefined, name: string | undefined): string | undefined {
  if (header === undefined || name === undefined) return undefined;
  const token = cookieValue(header, name);
  if (token === undefined) return undefined;
  const authorization = `Bearer ${token}`;
  if (bearerToken(authorization) !== undefined) return authorization;
  throw new RequestError('UNAUTHENTICATED', `The cookie "${name}" holds no bearer token.`, {
    headers: { 'www-authenticate': 'Bearer realm="atrium"' },
  });
}
