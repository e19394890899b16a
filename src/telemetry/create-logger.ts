import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type { Logger } from '../core/logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A write for every line would cost more than the line, and a tenth of a small request. */
const BUFFERED_BYTES = 4_096;
const FLUSHED_EVERY_MS = 100;

/**
 * One JSON object a line, on stdout unless told otherwise; there lines wait up to 100 ms for others, and are all written
 * when the process exits. An error stands under `err`, with its causes.
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  const stdout = () => pino.destination({ minLength: BUFFERED_BYTES, periodicFlush: FLUSHED_EVERY_MS, sync: false });
  return pino(options, destination ?? stdout());
}
