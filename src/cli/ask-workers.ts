import type { Worker } from 'node:cluster';
import { on } from 'node:events';
import { RequestError } from '../core/errors.ts';
import type { AdminActions } from '../server/admin.ts';
import type { AnswerTo, Message, Question } from './serve-worker.ts';

const answerMs = 10_000;
let asked = 0;

/**
 * What operators may ask, answered by workers: those in `ready` at the time.
 * @param sharesStores whether one worker's invalidation is every worker's
 */
export function askWorkers(ready: ReadonlySet<Worker>, sharesStores: boolean): AdminActions {
  return {
    async supergraph() {
      return ask(oneOf(ready), 'supergraph');
    },
    async invalidate(body) {
      const one = oneOf(ready);
      if (sharesStores) return ask(one, 'invalidate', body);
      const answers = [...ready].map((worker) =>
        ask(worker, 'invalidate', body).catch((error: unknown) => {
          if (!worker.isDead()) throw error;
          // What it kept is gone as well.
          return {};
        }),
      );
      return sumOf(await Promise.all(answers));
    },
  };
}

function oneOf([worker]: ReadonlySet<Worker>): Worker {
  if (worker === undefined) throw new RequestError('SERVICE_UNAVAILABLE', 'Expected a running worker, got none.');
  return worker;
}

async function ask<Action extends keyof AdminActions>(
  worker: Worker,
  action: Action,
  body?: unknown,
): Promise<AnswerTo<Action>> {
  asked += 1;
  const question: Question = { id: asked, action, body };
  const signal = AbortSignal.timeout(answerMs);
  try {
    const messages = on(worker, 'message', { signal, close: ['exit'] });
    worker.send(question);
    for await (const [received] of messages) {
      const message: Message<Action> = received;
      if (!('id' in message) || message.id !== question.id) continue;
      if (message.kind === 'refusal') throw new RequestError(message.code, message.message);
      return message.result;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  throw new RequestError('SERVICE_UNAVAILABLE', 'Expected an answer from a worker, got none in time.');
}

/** Members of the same name: numbers added up, of others the last. */
function sumOf(results: readonly object[]): object {
  const sum = new Map<string, unknown>();
  for (const [name, value] of results.flatMap((result) => Object.entries(result))) {
    const before = sum.get(name);
    sum.set(name, typeof before === 'number' && typeof value === 'number' ? before + value : value);
  }
  return Object.fromEntries(sum);
}
