import { unwatchFile, watchFile } from 'node:fs';
import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';

export interface WatchedFiles<T> {
  current(): T;
  close(): void;
}

const pollMs = 1000;

/**
 * What `read` makes of files, made again within seconds of a change of one of them. Where it throws then, what was in use
 * stays and the log says why; to start with, that is the caller's. `what` is a plural, such as "API keys".
 */
export function watchFiles<T>(
  files: readonly string[],
  read: () => T,
  { what, logger }: { readonly what: string; readonly logger: Logger },
): WatchedFiles<T> {
  let value = read();
  const readAgain = () => {
    try {
      value = read();
      logger.info({ files }, `The ${what} were read again`);
    } catch (error) {
      logger.error({ files }, `The ${what} in use stay: ${messageOf(error)}`);
    }
  };
  // Polled: file systems that report no changes and files replaced by a link would escape a watch.
  for (const file of files) watchFile(file, { persistent: false, interval: pollMs }, readAgain);
  return {
    current: () => value,
    close() {
      for (const file of files) unwatchFile(file, readAgain);
    },
  };
}
