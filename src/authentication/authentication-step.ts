import type { Principal } from '../core/principal.ts';
import type { Authenticator } from './authenticator.ts';

export interface AuthenticatedRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  principal: Principal | null;
}

export interface AuthenticationStep {
  readonly name: 'authentication';
  /** Sets the principal; rejects as `Authenticator.authenticate` does. */
  run(request: AuthenticatedRequest): Promise<void>;
}

export function authenticationStep(authenticator: Authenticator): AuthenticationStep {
  return {
    name: 'authentication',
    async run(request) {
      request.principal = await authenticator.authenticate(request.headers['authorization']);
    },
  };
}
