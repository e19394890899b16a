import type { JWTPayload } from 'jose';
import { isJsonObject } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';

/** The principal verified claims speak of, frozen because requests share it; undefined when they name no subject. */
export function principalOfClaims(claims: JWTPayload, issuer: string): Principal | undefined {
  const { sub } = claims;
  if (typeof sub !== 'string' || sub === '') return undefined;
  return deepFreeze({
    subject: sub,
    issuer,
    roles: words(claims['roles']),
    scopes: words(claims['scope'] ?? claims['scp']),
    claims,
  });
}

/** An array of strings or one space-separated string; anything else grants nothing. */
function words(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((word) => word !== '');
  if (!Array.isArray(claim)) return [];
  return claim.filter((word): word is string => typeof word === 'string');
}

function deepFreeze<T>(value: T): T {
  if (isJsonObject(value) || Array.isArray(value)) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
