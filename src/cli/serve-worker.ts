import cluster from 'node:cluster';
import { ConfigurationError, RequestError, messageOf } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Atrium, StartedAt } from '../create-atrium.ts';
import type { AdminActions } from '../server/admin.ts';

/** What the primary asks of a worker. */
export interface Question {
  readonly id: number;
  readonly action: keyof AdminActions;
  /** For `invalidate` and `explain`. */
  readonly body?: unknown;
}

export type AnswerTo<Action extends keyof AdminActions> = Awaited<ReturnType<AdminActions[Action]>>;

/** What a worker tells the primary: how its start went, and answers. */
export type Message<Action extends keyof AdminActions = keyof AdminActions> =
  | { readonly kind: 'ready'; readonly at: StartedAt }
  | { readonly kind: 'unstartable'; readonly reason: string }
  | { readonly kind: 'answer'; readonly id: number; readonly result: AnswerTo<Action> }
  | { readonly kind: 'refusal'; readonly id: number; readonly code: ErrorCode; readonly message: string };

/**
 * Serves in a worker process until a signal comes, on behalf of the primary: messages to the operator and answers of the
 * admin listener go through it. Resolves with the exit code.
 */
export async function serveAsWorker(atrium: Atrium, logger: Logger): Promise<number> {
  const tell = (message: Message) => void process.send?.(message);
  process.on('message', (question: Question) => void answer(question, atrium.actions, logger).then(tell));
  const stopped = new Promise<void>((resolve, reject) => {
    // A second one is for the primary to act upon.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => void atrium.stop().then(resolve, reject));
    }
  });
  try {
    const at = await atrium.start();
    if (at !== undefined) tell({ kind: 'ready', at });
    await stopped;
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    tell({ kind: 'unstartable', reason: error.message });
    return 1;
  } finally {
    // The channel to the primary would keep the process.
    cluster.worker?.disconnect();
  }
}

async function answer({ id, action, body }: Question, actions: AdminActions, logger: Logger): Promise<Message> {
  try {
    return { kind: 'answer', id, result: await actions[action](body) };
  } catch (error) {
    if (error instanceof RequestError) return { kind: 'refusal', id, code: error.code, message: error.message };
    logger.error({ err: error }, `unexpected error in "${action}": ${messageOf(error)}`);
    return { kind: 'refusal', id, code: 'INTERNAL_SERVER_ERROR', message: 'Internal server error' };
  }
}
