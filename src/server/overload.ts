import { getHeapStatistics } from 'node:v8';
import { RequestError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';

export interface OverloadLimits {
  /** Operations that are being answered. */
  readonly maxInFlight: number;
  /** How late the event loop may be, in milliseconds: as long waits every request, whatever it asks. */
  readonly maxEventLoopDelayMs: number;
  /** Share of the heap V8 may have, from 0 to 1. */
  readonly maxHeapShare: number;
}

export interface OverloadGuard {
  /** Why nothing more should be taken on, undefined while it may. */
  reason(): string | undefined;
  /** Counts an operation until `leave`. @throws RequestError when nothing more is taken on */
  enter(): void;
  leave(): void;
  /** Operations that are being answered, and requests that were refused since the start. */
  readonly numbers: { readonly active: number; readonly refusals: number };
  /** What was late before concerned nobody. */
  forgetDelays(): void;
  close(): void;
}

/** The functions are for tests. */
export interface OverloadSenses {
  readonly logger: Logger;
  readonly heapShare?: () => number;
  /** In milliseconds. */
  readonly now?: () => number;
}

const TICK_MS = 100;
const TICKS_PER_HEAP_LOOK = 10;
const RETRY_AFTER_SECONDS = 1;

/**
 * Sheds load before a request is read: what is refused at once costs little, what is begun and times out has cost all of it.
 * Late is how late a timer fires, averaged over about a second, or at the moment, whichever is worse.
 */
export function createOverloadGuard(
  { maxInFlight, maxEventLoopDelayMs, maxHeapShare }: OverloadLimits,
  { logger, heapShare = shareOfHeap, now = () => performance.now() }: OverloadSenses,
): OverloadGuard {
  let inFlight = 0;
  let refusals = 0;
  let meanDelayMs = 0;
  let heap = heapShare();
  let ticks = 0;
  let expected = now() + TICK_MS;
  let wasOverloaded = false;
  const timer = setInterval(() => {
    const at = now();
    meanDelayMs += (Math.max(0, at - expected) - meanDelayMs) / 10;
    expected = at + TICK_MS;
    ticks += 1;
    if (ticks % TICKS_PER_HEAP_LOOK === 0) heap = heapShare();
    if (wasOverloaded && reason() === undefined) {
      wasOverloaded = false;
      logger.info({}, 'No longer overloaded');
    }
  }, TICK_MS).unref();

  function reason(): string | undefined {
    if (inFlight >= maxInFlight) return 'requests in flight';
    if (Math.max(meanDelayMs, now() - expected) > maxEventLoopDelayMs) return 'event-loop delay';
    return heap > maxHeapShare ? 'memory' : undefined;
  }

  return {
    reason,
    enter() {
      const why = reason();
      if (why !== undefined) {
        if (!wasOverloaded)
          logger.warn({ reason: why, inFlight, meanDelayMs, heap }, 'Overloaded: requests are refused');
        wasOverloaded = true;
        refusals += 1;
        const headers = { 'retry-after': String(RETRY_AFTER_SECONDS) };
        throw new RequestError('OVERLOADED', 'The gateway is overloaded; ask again later.', { headers });
      }
      inFlight += 1;
    },
    leave() {
      inFlight -= 1;
    },
    get numbers() {
      return { active: inFlight, refusals };
    },
    forgetDelays() {
      meanDelayMs = 0;
      expected = now() + TICK_MS;
    },
    close: () => clearInterval(timer),
  };
}

function shareOfHeap(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
}
