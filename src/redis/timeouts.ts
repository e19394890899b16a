/** Ends calls that are not answered in time. Times are those of `performance.now()`. */
export interface Timeouts {
  start(deadline: number, onTimeout: () => void): Call;
  /** False when it has run out of time already. */
  stop(call: Call): boolean;
}

interface Call {
  readonly deadline: number;
  readonly onTimeout: () => void;
}

/** One timer for all: one for each call would cost more than the rest of it. */
export function createTimeouts(): Timeouts {
  const calls = new Set<Call>();
  let timer: NodeJS.Timeout | undefined;
  let due = Infinity;

  function arm(deadline: number): void {
    if (deadline >= due) return;
    clearTimeout(timer);
    due = deadline;
    // After a blocked event loop timers come before the answers that have long arrived are read, `setImmediate` after.
    timer = setTimeout(() => setImmediate(endLate), Math.max(1, deadline - performance.now())).unref();
  }

  function endLate(): void {
    const now = performance.now();
    due = Infinity;
    let next = Infinity;
    for (const call of calls) {
      if (call.deadline > now) {
        next = Math.min(next, call.deadline);
        continue;
      }
      calls.delete(call);
      call.onTimeout();
    }
    arm(next);
  }

  return {
    start(deadline, onTimeout) {
      const call = { deadline, onTimeout };
      calls.add(call);
      arm(deadline);
      return call;
    },
    stop: (call) => calls.delete(call),
  };
}
