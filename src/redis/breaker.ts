/** Says whether Redis may be asked, from how the calls before went. */
export interface Breaker {
  /** False while calls are skipped; true obliges the caller to report how the call went. */
  admits(): boolean;
  /** False while calls are skipped, or a probe decides whether to. */
  isClosed(): boolean;
  /** The call ended in time, with whatever result. */
  answered(): void;
  timedOut(): void;
}

export interface BreakerOptions {
  /** How long calls are skipped after one timed out, in milliseconds. */
  readonly skipMs: number;
  /** Milliseconds from any origin, never stepping back. */
  readonly clock: () => number;
  /** Called with true when calls begin to be skipped, with false when they are made again. */
  readonly onChange: (open: boolean) => void;
}

type State =
  { readonly phase: 'closed' } | { readonly phase: 'open'; readonly until: number } | { readonly phase: 'probing' };

/**
 * The first timeout opens it, because each further one would cost another request its whole Redis budget. After
 * `skipMs` one call goes through as a probe and decides for all.
 */
export function createBreaker({ skipMs, clock, onChange }: BreakerOptions): Breaker {
  let state: State = { phase: 'closed' };
  return {
    isClosed: () => state.phase === 'closed',
    admits() {
      if (state.phase === 'closed') return true;
      if (state.phase === 'probing' || clock() < state.until) return false;
      state = { phase: 'probing' };
      return true;
    },
    answered() {
      if (state.phase !== 'probing') return;
      state = { phase: 'closed' };
      onChange(false);
    },
    timedOut() {
      const wasClosed = state.phase === 'closed';
      state = { phase: 'open', until: clock() + skipMs };
      if (wasClosed) onChange(true);
    },
  };
}
