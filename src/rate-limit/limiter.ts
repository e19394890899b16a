import type { Logger } from '../core/logger.ts';
import type { RequestRecord } from '../core/request-context.ts';
import type { RedisConnection } from '../redis/connect.ts';
import { admits } from './gcra.ts';
import { createMemoryBuckets } from './memory-buckets.ts';
import { createOperationLimiter } from './operation-limiter.ts';
import type { OperationLimiter } from './operation-limiter.ts';
import { createRedisBuckets, refundOf } from './redis-buckets.ts';
import { chargeOf, clientOf, compileRules } from './rule.ts';
import type { RateLimitRule, RateLimitSubject } from './rule.ts';
import { headersOf, recordOf, refusalIn, takenIn, tallyOf } from './tally.ts';
import type { Entry, Refusal, Tally } from './tally.ts';

export interface RateLimiter {
  /** Counts one request against every rule of scope `request`, or against none when one refuses. Never rejects. */
  check(request: LimitedRequest): Promise<RateLimitDecision>;
  /** Absent when no rule has another scope. */
  readonly operations: OperationLimiter | undefined;
}

export interface LimitedRequest extends RateLimitSubject {
  /** The request's own, by which the operation's limits find what the door has taken. */
  readonly record: RequestRecord;
}

export interface RateLimitDecision {
  readonly allowed: boolean;
  readonly refusal: Refusal | undefined;
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

/** Counts for the two places where limits are asked: at the door, and once it is known what an operation asks. */
export interface Counter {
  /** `record` is the request's. */
  count(entries: readonly Entry[], record: RequestRecord): Promise<Tally>;
  /** Everything counted for a request up to now. */
  talliesOf(record: RequestRecord): readonly Tally[];
  /** Gives everything back. */
  refund(record: RequestRecord): Promise<void>;
}

export function createRateLimiter(
  rules: readonly RateLimitRule[],
  { redis, logger, clock = () => performance.now() }: RateLimiterOptions,
): RateLimiter {
  const local = createMemoryBuckets(clock);
  const buckets = redis === undefined ? local : createRedisBuckets(redis, { fallback: local, logger, clock });
  const compiled = compileRules(rules);
  const door = compiled.filter(({ scope }) => scope === 'request');
  const later = compiled.filter(({ scope }) => scope !== 'request');

  const tallies = new WeakMap<RequestRecord, readonly Tally[]>();
  const counter: Counter = {
    async count(entries, record) {
      const charges = entries.map(({ charge }) => charge);
      const tally = tallyOf(entries, await buckets.take(charges, record));
      record.limits.push(...recordOf(tally));
      for (const [index, { rule, charge, amount }] of entries.entries()) {
        if (!rule.shadow || admits(charge, tally.backlogs[index])) continue;
        logger.info(
          { policy: rule.name, scope: rule.scope, amount },
          'rate limit in shadow: this would have been refused',
        );
      }
      if (later.length > 0) tallies.set(record, [...counter.talliesOf(record), tally]);
      return tally;
    },
    talliesOf: (record) => tallies.get(record) ?? [],
    async refund(record) {
      const counted = counter.talliesOf(record);
      tallies.delete(record);
      for (const tally of counted) {
        await tally.from.adjust(
          takenIn(tally).map(({ charge }) => refundOf(charge)),
          record,
        );
      }
    },
  };

  return {
    async check(request) {
      const entries = door.flatMap((rule): Entry[] => {
        const client = typeof rule.key === 'function' ? undefined : clientOf(rule.key, request);
        return client === undefined ? [] : [{ rule, charge: chargeOf(rule, client, 1), amount: 1 }];
      });
      if (entries.length === 0) return { allowed: true, refusal: undefined, headers: {} };
      const tally = await counter.count(entries, request.record);
      const refusal = refusalIn(tally, 0);
      return { allowed: refusal === undefined, refusal, headers: headersOf([tally], refusal) };
    },
    operations: later.length === 0 ? undefined : createOperationLimiter(later, { counter, logger }),
  };
}
