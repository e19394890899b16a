import type { Logger } from '../core/logger.ts';
import type { RedisConnection } from '../redis/connect.ts';
import { admits } from './gcra.ts';
import type { Charge } from './gcra.ts';
import { createMemoryBuckets } from './memory-buckets.ts';
import { createRedisBuckets } from './redis-buckets.ts';
import { burstOf, chargeOf } from './rule.ts';
import type { RateLimitRule, RateLimitSubject } from './rule.ts';

export interface RateLimiter {
  /** Counts one request against every rule, or against none when one refuses. Never rejects. */
  check(subject: RateLimitSubject): Promise<RateLimitDecision>;
}

export interface RateLimitDecision {
  readonly allowed: boolean;
  /** The rule that refuses and the whole seconds until it would not. */
  readonly refusal: { readonly policy: string; readonly retryAfter: number } | null;
  /** `ratelimit-policy`, `ratelimit` and, when refused, `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface RateLimiterOptions {
  /** Absent: this process counts alone, as it does while Redis fails. */
  readonly redis?: RedisConnection | undefined;
  readonly logger: Logger;
  /** Milliseconds from any origin. */
  readonly clock?: () => number;
}

export function createRateLimiter(
  rules: readonly RateLimitRule[],
  { redis, logger, clock = () => performance.now() }: RateLimiterOptions,
): RateLimiter {
  const local = createMemoryBuckets(clock);
  const buckets = redis === undefined ? local : createRedisBuckets(redis, { fallback: local, logger, clock });
  const policy = rules.map((rule) => `"${rule.name}";q=${rule.limit};w=${Math.ceil(rule.windowSeconds)}`).join(', ');
  return {
    async check(subject) {
      if (rules.length === 0) return { allowed: true, refusal: null, headers: {} };
      const charges = rules.map((rule) => chargeOf(rule, subject));
      return decide(rules, policy, charges, await buckets.take(charges));
    },
  };
}

interface RuleState {
  readonly name: string;
  readonly admitted: boolean;
  /** Requests it would admit now, after this one. */
  readonly remaining: number;
  /** Whole seconds until it admits one more. */
  readonly seconds: number;
}

function decide(
  rules: readonly RateLimitRule[],
  policy: string,
  charges: readonly Charge[],
  backlogs: readonly (number | undefined)[],
): RateLimitDecision {
  const isKnown = (index: number) => backlogs[index] !== undefined;
  const allowed = charges.every((charge, index) => isKnown(index) && admits(charge, backlogs[index] ?? 0));
  const states = rules.flatMap((rule, index) => {
    const [charge, backlog] = [charges[index], backlogs[index]];
    return charge === undefined || backlog === undefined ? [] : [stateOf(rule, charge, backlog, allowed)];
  });
  states.sort((a, b) => Number(a.admitted) - Number(b.admitted) || a.remaining - b.remaining || b.seconds - a.seconds);
  const headers = {
    'ratelimit-policy': policy,
    ratelimit: states.map(({ name, remaining, seconds }) => `"${name}";r=${remaining};t=${seconds}`).join(', '),
  };
  const [first] = states;
  if (allowed || first === undefined) return { allowed, refusal: null, headers };
  const refusal = { policy: first.name, retryAfter: first.seconds };
  return { allowed, refusal, headers: { ...headers, 'retry-after': String(first.seconds) } };
}

function stateOf(rule: RateLimitRule, charge: Charge, before: number, charged: boolean): RuleState {
  const { increment, tolerance } = charge;
  const backlog = charged ? before + increment : before;
  const remaining = Math.floor((tolerance - backlog) / increment);
  const nextUnit = backlog === 0 ? 0 : backlog - (burstOf(rule) - remaining - 1) * increment;
  return { name: rule.name, admitted: admits(charge, before), remaining, seconds: Math.ceil(nextUnit / 1_000_000) };
}
