import type { Schedule } from '../../src/supergraph/manager.ts';

/** Timers that fire when the test says so. */
export interface ManualSchedule {
  readonly schedule: Schedule;
  /** How many timers of so many milliseconds are set. */
  pending(ms?: number): number;
  /** Resolves when a timer of so many milliseconds is set. */
  untilSet(ms: number): Promise<void>;
  /** Waits for a timer of so many milliseconds, then fires it. */
  fire(ms: number): Promise<void>;
}

export function manualSchedule(): ManualSchedule {
  const timers: { readonly callback: () => void; readonly ms: number }[] = [];
  const waiting: (() => void)[] = [];
  const find = (ms: number) => timers.find((timer) => timer.ms === ms);
  const remove = (timer: (typeof timers)[number]) => {
    if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1);
  };
  const untilSet = async (ms: number) => {
    while (find(ms) === undefined) await new Promise<void>((resolve) => void waiting.push(resolve));
  };
  return {
    schedule(callback, ms) {
      const timer = { callback, ms };
      timers.push(timer);
      for (const resolve of waiting.splice(0)) resolve();
      return () => remove(timer);
    },
    pending: (ms) => timers.filter((timer) => ms === undefined || timer.ms === ms).length,
    untilSet,
    async fire(ms) {
      await untilSet(ms);
      const timer = find(ms);
      if (timer === undefined) throw new Error(`a timer of ${ms} ms vanished`);
      remove(timer);
      timer.callback();
    },
  };
}
