import type { Principal } from '../core/principal.ts';
import type { Authenticator } from './authenticator.ts';

export interface AuthenticatedRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  principal: Principal | null;
}

/** Sets the principal; rejects as `Authenticator.authenticate` does. */
export function authenticationStep(authenticator: Authenticator) {
  return {
    name: 'authentication',
    async run(request: AuthenticatedRequest): Promise<void> {
      request.principal = await authenticator.authenticate(request.headers['authorization']);
    },
  };
}
