import type { Logger } from '../../src/core/logger.ts';

/** A logger that keeps its lines as "level message". */
export function createRecordingLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (level: string) => (_fields: object, message: string) => void lines.push(`${level} ${message}`);
  return { logger: { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') }, lines };
}
