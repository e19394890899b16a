import { RequestError } from '../core/errors.ts';
import type { LimitRecord } from '../core/request-context.ts';
import { admits, isRefused, refusedGroups } from './gcra.ts';
import type { Charge, Taken } from './gcra.ts';
import { isFieldScope } from './rule.ts';
import type { CompiledRule } from './rule.ts';

/** What a rule charges for a request. */
export interface Entry {
  readonly rule: CompiledRule;
  readonly charge: Charge;
  /** In units of the rule's limit. */
  readonly amount: number;
}

/** Entries counted together, and what came of it. */
export interface Tally extends Taken {
  readonly entries: readonly Entry[];
  readonly refused: ReadonlySet<number> | undefined;
}

/** Why a request or a field is refused, as the client reads it. */
export interface Refusal {
  readonly code: 'RATE_LIMITED' | 'SERVICE_UNAVAILABLE';
  readonly message: string;
  /** The rule, and the whole seconds until it would admit the same: never, when there are none. */
  readonly extensions: { readonly policy: string; readonly retryAfter?: number };
}

export function tallyOf(entries: readonly Entry[], taken: Taken): Tally {
  const charges = entries.map(({ charge }) => charge);
  return { ...taken, entries, refused: refusedGroups(charges, taken.backlogs) };
}

export function takenIn({ entries, backlogs, refused }: Tally): Entry[] {
  return entries.filter(({ charge }, index) => backlogs[index] !== undefined && !isRefused(refused, charge));
}

/** What its rules made of the request, those in shadow left out. */
export function recordOf({ entries, backlogs, refused }: Tally): LimitRecord[] {
  return entries.flatMap(({ rule, charge, amount }, index) => {
    const backlog = backlogs[index];
    if (rule.shadow || backlog === undefined) return [];
    const isTaken = !isRefused(refused, charge);
    const { remaining } = stateOf(rule, charge, backlog, isTaken);
    const outcome = admits(charge, backlog) ? ('admitted' as const) : ('refused' as const);
    const { name: policy, scope } = rule;
    return {
      policy,
      scope,
      charged: isTaken ? amount : 0,
      remaining: backlog === Infinity ? null : remaining,
      outcome,
    };
  });
}

/** The refusal with the longest wait among those of a group. */
export function refusalIn({ entries, backlogs, refused }: Tally, group: number): Refusal | undefined {
  if (refused?.has(group) !== true) return undefined;
  let longest = -1;
  let refusal: Refusal | undefined;
  for (const [index, entry] of entries.entries()) {
    const backlog = backlogs[index];
    if (entry.charge.group !== group || backlog === undefined || admits(entry.charge, backlog)) continue;
    const { increment, tolerance } = entry.charge;
    const wait = increment > tolerance ? Infinity : backlog + increment - tolerance;
    if (wait <= longest) continue;
    longest = wait;
    refusal = refuse(entry, backlog, Math.ceil(wait / 1_000_000));
  }
  return refusal;
}

function refuse({ rule, amount }: Entry, backlog: number, retryAfter: number): Refusal {
  const { name: policy, burst, charge, scope } = rule;
  if (backlog === Infinity) {
    const message = 'A rate limit cannot be counted at the moment.';
    return { code: 'SERVICE_UNAVAILABLE', message, extensions: { policy } };
  }
  if (retryAfter === Infinity) {
    const what = charge === 'cost' ? 'a cost of at most' : 'at most';
    const calls = charge === 'field' ? ` calls of ${scope}` : '';
    const message = `Expected ${what} ${burst}${calls} at once, got ${amount}.`;
    return { code: 'RATE_LIMITED', message, extensions: { policy } };
  }
  const what = isFieldScope(scope) ? `calls of ${scope}` : 'requests';
  const message = `Too many ${what}: try again in ${retryAfter} s.`;
  return { code: 'RATE_LIMITED', message, extensions: { policy, retryAfter } };
}

/** For a request that is refused whole; `headers` are those of `headersOf`. */
export function requestErrorOf(
  { code, message, extensions }: Refusal,
  headers: Readonly<Record<string, string>>,
): RequestError {
  return new RequestError(code, message, { headers, extensions });
}

/**
 * `ratelimit-policy` and `ratelimit`, the most restrictive rule first, and `retry-after` of a refusal. Rules in shadow
 * are not told.
 */
export function headersOf(tallies: readonly Tally[], refusal?: Refusal): Record<string, string> {
  const policies: string[] = [];
  const states: RuleState[] = [];
  for (const { entries, backlogs, refused } of tallies) {
    for (const [index, { rule, charge }] of entries.entries()) {
      if (rule.shadow) continue;
      policies.push(rule.policy);
      const backlog = backlogs[index];
      if (backlog === undefined || backlog === Infinity) continue;
      // When the whole is refused, what an earlier call took is given back.
      const isTaken = refusal === undefined && !isRefused(refused, charge);
      states.push(stateOf(rule, charge, backlog, isTaken));
    }
  }
  if (states.length > 1) {
    states.sort(
      (a, b) => Number(a.admitted) - Number(b.admitted) || a.remaining - b.remaining || b.seconds - a.seconds,
    );
  }
  const { retryAfter } = refusal?.extensions ?? {};
  return {
    ...(policies.length > 0 && { 'ratelimit-policy': policies.join(', ') }),
    ...(states.length > 0 && {
      ratelimit: states.map(({ name, remaining, seconds }) => `"${name}";r=${remaining};t=${seconds}`).join(', '),
    }),
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  };
}

interface RuleState {
  readonly name: string;
  readonly admitted: boolean;
  /** Units it would admit now. */
  readonly remaining: number;
  /** Whole seconds until it admits one more. */
  readonly seconds: number;
}

function stateOf({ name, unit, burst }: CompiledRule, charge: Charge, before: number, isTaken: boolean): RuleState {
  const backlog = isTaken ? before + charge.increment : before;
  const remaining = Math.floor((charge.tolerance - backlog) / unit);
  const nextUnit = backlog === 0 ? 0 : backlog - (burst - remaining - 1) * unit;
  return { name, admitted: admits(charge, before), remaining, seconds: Math.ceil(nextUnit / 1_000_000) };
}
