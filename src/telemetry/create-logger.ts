import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type { Logger } from '../core/logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A write for every line would cost more than the line, and a tenth of a small request. */
const BUFFERED_BYTES = 16_384;
const WRITTEN_BYTES = 65_536;
const FLUSHED_EVERY_MS = 100;

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Fields whose values are not written. */
  readonly redact?: readonly string[];
  /** stdout by default. */
  readonly destination?: DestinationStream;
  /** Its number is in each line. */
  readonly worker?: number;
}

/** One JSON object a line. An error stands under `err`, with its causes. */
export function createLogger({ level, redact = [], destination, worker }: LoggerOptions): Logger {
  const base = worker === undefined ? null : { worker };
  const hidden = redact.length === 0 ? {} : { redact: { paths: [...redact], censor: '[redacted]' } };
  return pino({ level, base, timestamp, ...hidden }, destination ?? openLogStream());
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
  return pino.destination({
    minLength: BUFFERED_BYTES,
    maxWrite: WRITTEN_BYTES,
    periodicFlush: FLUSHED_EVERY_MS,
    sync: false,
  });
}
