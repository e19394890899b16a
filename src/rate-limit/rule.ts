import { hash } from 'node:crypto';
import type { Principal } from '../core/principal.ts';
import { clientNetwork } from './client-address.ts';
import type { Charge } from './gcra.ts';

/** `limit` requests in `windowSeconds` for each value of `key`; anonymous clients count by address under `principal`. */
export interface RateLimitRule {
  /** Appears in the response's `RateLimit` fields. */
  readonly name: string;
  readonly key: 'principal' | 'ip' | 'global';
  readonly limit: number;
  readonly windowSeconds: number;
  /** Requests admitted at once after a pause, at most the limit; the limit when it is absent. */
  readonly burst?: number | undefined;
}

export interface RateLimitSubject {
  readonly principal: Principal | null;
  readonly clientAddress: string;
}

/** The bucket of a rule that a client draws from. */
export function chargeOf(rule: RateLimitRule, subject: RateLimitSubject): Charge {
  const { increment, tolerance } = microsecondsOf(rule);
  // The part in braces alone decides the slot in a Redis Cluster. A rule that changes starts with new buckets.
  const key = `rl:{${subjectHash(rule.key, subject)}}:${rule.name}:${increment}:${tolerance}`;
  return { key, increment, tolerance };
}

export function burstOf({ burst, limit }: RateLimitRule): number {
  return burst ?? limit;
}

/**
 * Rounded up, so that a rule never admits more than it says. The configuration keeps both so small that doubles hold them
 * exactly, added to the time of day.
 */
function microsecondsOf(rule: RateLimitRule): { increment: number; tolerance: number } {
  const increment = Math.ceil((rule.windowSeconds * 1_000_000) / rule.limit);
  return { increment, tolerance: increment * burstOf(rule) };
}

/** Keys carry no identities, and identities of different kinds never meet. */
function subjectHash(key: RateLimitRule['key'], { principal, clientAddress }: RateLimitSubject): string {
  if (key === 'global') return 'global';
  const identity =
    key === 'principal' && principal !== null
      ? ['principal', principal.issuer, principal.subject]
      : ['address', clientNetwork(clientAddress)];
  return hash('sha256', JSON.stringify(identity), 'base64url').slice(0, 22);
}
