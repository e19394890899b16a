import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../core/principal.ts';
import type { RequestContext } from '../core/request-context.ts';
import { clientNetwork } from './client-address.ts';
import type { Charge } from './gcra.ts';

/** A hash costs as much as the rest of a check in this process. */
const hashes = new LRUCache<string, string>({
  maxSize: 4_000_000,
  // V8 keeps a character in one or two bytes.
  sizeCalculation: (hashed, text) => 2 * (hashed.length + text.length),
});

/** `limit` of what is charged in `windowSeconds` for each value of `key`. */
export interface RateLimitRule {
  /** Appears in the response's `RateLimit` fields. */
  readonly name: string;
  /**
   * Who shares a limit. Anonymous clients count by address under `principal`, and not at all under `apiKey`, as whoever a
   * function gives null for. What a function throws is logged, and the client counts by address.
   */
  readonly key: ClientKey | ((context: RequestContext) => string | null);
  readonly limit: number;
  readonly windowSeconds: number;
  /** What is admitted at once after a pause, at most the limit; the limit when it is absent. */
  readonly burst?: number | undefined;
  /** What it refuses: a request before it is parsed (`request`, the default), an `operation`, or a field, as `Type.field`. */
  readonly scope?: string | undefined;
  /** With `scope: 'operation'`: only these. */
  readonly operations?: readonly ('query' | 'mutation')[] | undefined;
  /** What counts: one for all, each call of the scope's field (its default), or what the operation costs. */
  readonly charge?: 'request' | 'field' | 'cost' | undefined;
  readonly onError?: Charge['onError'] | undefined;
  /** Counts, and tells only the log what it would have refused. */
  readonly shadow?: boolean | undefined;
}

export type ClientKey = 'principal' | 'apiKey' | 'ip' | 'global';

export interface RateLimitSubject {
  readonly principal: Principal | null;
  readonly clientAddress: string;
}

/** A rule with what does not change from request to request. */
export interface CompiledRule extends RateLimitRule {
  readonly scope: string;
  readonly burst: number;
  readonly charge: NonNullable<RateLimitRule['charge']>;
  readonly shadow: boolean;
  /** Backlog of one unit, in microseconds. */
  readonly unit: number;
  readonly tolerance: number;
  /** As in `Charge`. */
  readonly group: number;
  readonly onError: Charge['onError'];
  /** Its item in `RateLimit-Policy`. */
  readonly policy: string;
  readonly keyEnd: string;
}

export function isFieldScope(scope: string): boolean {
  return scope.includes('.');
}

export function compileRules(rules: readonly RateLimitRule[]): CompiledRule[] {
  return rules.map((rule, index) => {
    const { name, limit, windowSeconds, burst = limit, scope = 'request', shadow = false, onError = 'local' } = rule;
    const isField = isFieldScope(scope);
    // Rounded up, so that a rule never admits more than it says. The configuration keeps both so small that doubles hold
    // them exactly, added to the time of day.
    const unit = Math.ceil((windowSeconds * 1_000_000) / limit);
    const tolerance = unit * burst;
    const together = rules.findIndex((other) => other.scope === scope && other.shadow !== true);
    return {
      ...rule,
      scope,
      burst,
      shadow,
      onError,
      unit,
      tolerance,
      charge: rule.charge ?? (isField ? 'field' : 'request'),
      group: shadow ? index + 1 : isField ? together + 1 : 0,
      policy: `"${name}";q=${limit};w=${Math.ceil(windowSeconds)}`,
      // A rule that changes starts with new buckets.
      keyEnd: `}:${name}:${unit}:${tolerance}`,
    };
  });
}

/** The bucket `client` draws from, and how much; `client` is what `clientOf` says. */
export function chargeOf(rule: CompiledRule, client: string, amount: number): Charge {
  const { unit, tolerance, group, onError, keyEnd } = rule;
  // The part in braces alone decides the slot in a Redis Cluster.
  const increment = Math.min(Math.ceil(unit * amount), Number.MAX_SAFE_INTEGER);
  return { key: `rl:{${client}${keyEnd}`, increment, tolerance, group, onError };
}

/** Whom a rule counts, as a hash: keys carry no identities, and identities of different kinds never meet. */
export function clientOf(key: ClientKey, { principal, clientAddress }: RateLimitSubject): string | undefined {
  if (key === 'global') return 'global';
  const isNamed = principal !== null && (key === 'principal' || (key === 'apiKey' && principal.issuer === 'api-key'));
  if (isNamed) return hashOf('principal', principal.issuer, principal.subject);
  return key === 'apiKey' ? undefined : hashOf('address', clientNetwork(clientAddress));
}

export function hashOf(...identity: readonly string[]): string {
  const text = JSON.stringify(identity);
  let hashed = hashes.get(text);
  if (hashed === undefined) {
    hashed = hash('sha256', text, 'base64url').slice(0, 22);
    hashes.set(text, hashed);
  }
  return hashed;
}
