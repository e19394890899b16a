import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type { Logger } from '../core/logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A write for every line would cost more than the line, and a tenth of a small request. */
const BUFFERED_BYTES = 4_096;
const FLUSHED_EVERY_MS = 100;

/**
 * One JSON object a line, on stdout unless told otherwise. An error stands under `err`, with its causes; each line has the
 * number of the `worker` that wrote it, if there is one.
 */
export function createLogger(level: LogLevel, destination?: DestinationStream, worker?: number): Logger {
  const base = worker === undefined ? null : { worker };
  const options = { level, base, timestamp };
  return pino(options, destination ?? openLogStream());
}

let second = Number.NaN;
let untilSecond = '';

/** In ISO 8601; `toISOString` for each line would cost a hundredth of a small request. */
function timestamp(): string {
  const now = Date.now();
  if (Math.floor(now / 1_000) !== second) {
    second = Math.floor(now / 1_000);
    untilSecond = new Date(second * 1_000).toISOString().slice(0, -'000Z'.length);
  }
  return `,"time":"${untilSecond}${String(now % 1_000).padStart(3, '0')}Z"`;
}

/** stdout, where lines wait up to 100 ms for others, and are all written when the process exits. */
export function openLogStream(): DestinationStream {
  return pino.destination({ minLength: BUFFERED_BYTES, periodicFlush: FLUSHED_EVERY_MS, sync: false });
}
