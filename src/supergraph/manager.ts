import type { SupergraphManager } from '@apollo/gateway';
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import type { AtriumConfig } from '../config/config.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { RequestSigner } from '../core/sign-request.ts';
import { lastGoodIn } from './last-good.ts';
import type { LastGood } from './last-good.ts';
import { neverOverlapping } from './never-overlapping.ts';
import { openSource } from './source.ts';
import type { Source } from './source.ts';
import { buildSupergraph } from './supergraph.ts';

/** Calls back once after `ms` milliseconds; returns what cancels it. */
export type Schedule = (callback: () => void, ms: number) => () => void;

export interface SupergraphManagerOptions {
  readonly logger: Logger;
  /** How long one request for a schema may take. */
  readonly timeoutMs?: number;
  /** Gives up looking for a supergraph to start with. */
  readonly signal?: AbortSignal;
  readonly schedule?: Schedule;
  /** Signs what is asked of services. */
  readonly sign?: RequestSigner | undefined;
}

/**
 * Keeps a gateway's supergraph up to date. `initialize` rejects with a ConfigurationError when there is nothing to
 * start with; afterwards whatever goes wrong is logged, once for each distinct failure, and the supergraph in use stays.
 */
export function createSupergraphManager(
  from: AtriumConfig['supergraph'],
  { logger, timeoutMs = 5_000, signal, schedule = scheduleUnattended, sign }: SupergraphManagerOptions,
): SupergraphManager {
  return {
    async initialize({ update }) {
      const stopping = new AbortController();
      const source = openSource(from, { logger, timeoutMs, sign });
      const lastGood =
        'lastGood' in from && from.lastGood !== undefined ? lastGoodIn(from.lastGood, logger) : undefined;
      const supergraphSdl = await firstOf(source, lastGood, signal ?? stopping.signal, logger);
      const take = async (sdl: string, isNew: boolean) => {
        if (isNew) update(sdl);
        await lastGood?.keep(sdl);
      };
      const look = neverOverlapping(createLook(source, supergraphSdl, take, logger, stopping.signal));

      let cancelPoll = () => {};
      const pollEvery = (ms: number) => {
        cancelPoll = schedule(() => {
          void look().then(() => {
            if (!stopping.signal.aborted) pollEvery(ms);
          });
        }, ms);
      };

      let cancelLook: (() => void) | undefined;
      // Counted from the first event of a burst, so that a busy folder cannot put it off for ever.
      const lookSoon = () => {
        cancelLook ??= schedule(() => {
          cancelLook = undefined;
          void look();
        }, settleMs);
      };

      const { watchedFolder, pollMs } = source;
      const watcher = watchedFolder === undefined ? undefined : watchFolder(watchedFolder, lookSoon, logger);
      // It may have changed between the first read and the start of the watch.
      if (watcher !== undefined) lookSoon();
      if (pollMs !== undefined) pollEvery(pollMs);

      return {
        supergraphSdl,
        async cleanup() {
          stopping.abort();
          watcher?.close();
          cancelPoll();
          cancelLook?.();
        },
      };
    },
  };
}

/** Editors and deployments write a file in several steps. */
const settleMs = 100;

/** What the source has, or what was in use last. */
async function firstOf(
  source: Source,
  lastGood: LastGood | undefined,
  signal: AbortSignal,
  logger: Logger,
): Promise<string> {
  try {
    const sdl = await source.first(signal);
    // The gateway would only say so when it is too late for another one.
    if (lastGood !== undefined) buildSupergraph(sdl);
    return sdl;
  } catch (error) {
    const kept = signal.aborted ? undefined : await lastGood?.read();
    if (kept === undefined) throw error;
    logger.warn({}, `Starting with the supergraph that was in use last: ${messageOf(error)}`);
    return kept;
  }
}

/** Reads the source once and hands it on; never rejects. */
function createLook(
  source: Source,
  initial: string,
  take: (sdl: string, isNew: boolean) => Promise<void>,
  logger: Logger,
  stopping: AbortSignal,
): () => Promise<void> {
  let used = initial;
  let refused: string | undefined;
  let failure: string | undefined;

  return async () => {
    try {
      const sdl = await source.current(stopping);
      if (stopping.aborted || sdl === refused) return;
      refused = undefined;
      const isNew = sdl !== used;
      if (isNew) {
        // Noted before it is tried: a text that was refused once is not built again at every poll.
        refused = sdl;
        await take(sdl, true);
        refused = undefined;
        used = sdl;
        logger.info({}, 'The supergraph was updated');
      } else {
        await take(sdl, false);
      }
      if (failure !== undefined && !isNew) {
        logger.info({}, 'The source of the supergraph is in order again and holds what is in use');
      }
      failure = undefined;
    } catch (error) {
      const reason = messageOf(error);
      if (stopping.aborted || reason === failure) return;
      failure = reason;
      logger.error({}, `The supergraph was not updated and the one in use stays: ${reason}`);
    }
  };
}

function scheduleUnattended(callback: () => void, ms: number): () => void {
  const timer = setTimeout(callback, ms).unref();
  return () => clearTimeout(timer);
}

/**
 * The folder, not the file: a file replaced by rename is another file, and a mounted Kubernetes ConfigMap changes by a
 * link beside it. undefined when the system refuses; polling has to do then.
 */
function watchFolder(folder: string, onChange: () => void, logger: Logger): FSWatcher | undefined {
  const warn = (error: unknown) => {
    logger.warn({ folder }, `Folder ${folder} is polled only, it cannot be watched: ${String(error)}`);
  };
  try {
    return watch(folder, { persistent: false }, onChange).on('error', warn);
  } catch (error) {
    warn(error);
    return undefined;
  }
}
