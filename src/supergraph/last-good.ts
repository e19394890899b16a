import { readFile, rename, writeFile } from 'node:fs/promises';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';

/** The supergraph that was in use last, on disk, for a start while its source is down. */
export interface LastGood {
  /** undefined when there is none. */
  read(): Promise<string | undefined>;
  /** Keeps it unless it is there already. Never rejects: a full disk is a reason to warn, once. */
  keep(sdl: string): Promise<void>;
}

export function lastGoodIn(file: string, logger: Logger): LastGood {
  let kept: string | undefined;
  let failure: string | undefined;
  return {
    async read() {
      try {
        return await readFile(file, 'utf8');
      } catch {
        return undefined;
      }
    },
    async keep(sdl) {
      if (kept === sdl) return;
      try {
        // Replaced as a whole, so that a crash leaves the old one or the new one.
        const next = `${file}.${process.pid}.next`;
        await writeFile(next, sdl);
        await rename(next, file);
        kept = sdl;
        failure = undefined;
      } catch (error) {
        const reason = messageOf(error);
        if (reason !== failure) logger.warn({ file }, `The supergraph in use was not kept in ${file}: ${reason}`);
        failure = reason;
      }
    },
  };
}
