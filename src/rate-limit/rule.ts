import { hash } from 'node:crypto';
import { ConfigurationError } from '../core/errors.ts';
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
  /** Requests admitted at once after a pause; the limit when it is absent. */
  readonly burst?: number | undefined;
}

export interface RateLimitSubject {
  readonly principal: Principal | null;
  readonly clientAddress: string;
}

/** Throws a ConfigurationError for rules that cannot be kept. */
export function checkRules(rules: readonly RateLimitRule[]): void {
  for (const [index, rule] of rules.entries()) {
    const refuse = (expected: string, value: unknown): never => {
      throw new ConfigurationError(
        `rate limit rule ${index} ("${rule.name}"): expected ${expected}, got ${JSON.stringify(value)}`,
      );
    };
    if (!/^[\w-]+$/.test(rule.name)) refuse('a name of letters, digits, "_" and "-"', rule.name);
    if (rules.findIndex(({ name }) => name === rule.name) !== index) refuse('a name no other rule has', rule.name);
    if (!Number.isInteger(rule.limit) || rule.limit < 1) refuse('limit to be a whole number from 1', rule.limit);
    const burst = burstOf(rule);
    if (!Number.isInteger(burst) || burst < 1) refuse('burst to be a whole number from 1', burst);
    if (!(rule.windowSeconds > 0)) refuse('windowSeconds to be more than 0', rule.windowSeconds);
    // Added to the time of day, doubles hold whole microseconds exactly up to here.
    const { tolerance } = microsecondsOf(rule);
    if (tolerance > 2 ** 52) refuse('a burst that comes back within 100 years', tolerance / 1_000_000);
  }
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

/** Rounded up, so that a rule never admits more than it says. */
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
