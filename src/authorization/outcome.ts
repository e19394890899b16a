import type { Denial } from './rule-node.ts';

/**
 * True, or a refusal. A refusal that `failed` means that no rule said no, one could not answer: it denies, and stays
 * a refusal under `not`, where a plain "no" becomes true.
 */
export type Outcome = true | Refusal;
/** `unknown`: it depends on the parent. */
export type Evaluation = Outcome | 'unknown';
export type Refusal = { readonly failed: boolean; readonly denial: Denial | undefined };

export const no: Refusal = { failed: false, denial: undefined };
export const failure: Refusal = { failed: true, denial: undefined };
export const unavailable: Refusal = {
  failed: true,
  denial: { message: 'Data that a permission depends on could not be fetched.', code: 'FORBIDDEN' },
};

/** Kleene's `and`: false when any is, whatever failed or is unknown beside it. */
export function conjunction(outcomes: readonly Evaluation[]): Evaluation {
  const refusals = outcomes.filter(isRefusal);
  if (outcomes.includes('unknown') && refusals.every(hasFailed)) return 'unknown';
  return refusals.length === 0 ? true : join(refusals, refusals.every(hasFailed));
}

/** Kleene's `or`. */
export function disjunction(outcomes: readonly Evaluation[]): Evaluation {
  if (outcomes.includes(true)) return true;
  if (outcomes.includes('unknown')) return 'unknown';
  const refusals = outcomes.filter(isRefusal);
  return join(refusals, refusals.some(hasFailed));
}

function join(refusals: readonly Refusal[], failed: boolean): Refusal {
  return { failed, denial: refusals.find((refusal) => refusal.denial !== undefined)?.denial };
}

function isRefusal(outcome: Evaluation): outcome is Refusal {
  return typeof outcome === 'object';
}

function hasFailed(refusal: Refusal): boolean {
  return refusal.failed;
}
