import type { Worker } from 'node:cluster';
import { on } from 'node:events';
import type { MetricData } from '@opentelemetry/sdk-metrics';
import { RequestError } from '../core/errors.ts';
import type { AdminActions } from '../server/admin.ts';
import { countsIn, sumOf } from '../telemetry/prometheus.ts';
import type { AnswerTo, Message, Question } from './serve-worker.ts';

const answerMs = 10_000;
let asked = 0;

/**
 * What operators may ask, answered by workers: those in `ready` at the time.
 * @param sharesStores whether one worker's invalidation is every worker's
 */
export function askWorkers(ready: ReadonlySet<Worker>, sharesStores: boolean): AdminActions {
  const latest = new Map<Worker, readonly MetricData[]>();
  let ofTheDead: readonly MetricData[] = [];
  return {
    async supergraph() {
      return ask(oneOf(ready), 'supergraph');
    },
    async metrics() {
      const asked = [...ready].map(async (worker) => {
        const [answer] =
          (await ask(worker, 'metrics').catch((error: unknown) => nothingOfTheDead(worker, error))) ?? [];
        if (answer !== undefined) latest.set(worker, answer);
      });
      await Promise.all(asked);
      // What was counted must not be counted backwards because who counted it has died.
      for (const [worker, metrics] of latest) {
        if (ready.has(worker)) continue;
        latest.delete(worker);
        ofTheDead = sumOf([ofTheDead, countsIn(metrics)]);
      }
      return [...latest.values(), ofTheDead];
    },
    async explain(body) {
      return ask(oneOf(ready), 'explain', body);
    },
    async invalidate(body) {
      if (sharesStores) {
        const answer = await ask(oneOf(ready), 'invalidate', body);
        // Those whom Redis cannot tell now are told here.
        if (!('outcome' in answer && answer.outcome === 'delayed')) return answer;
      }
      const answers = [...ready].map((worker) =>
        ask(worker, 'invalidate', body).catch((error: unknown) => nothingOfTheDead(worker, error)),
      );
      const answer = (await Promise.all(answers)).find((answer) => answer !== undefined);
      return answer ?? noneThere();
    },
  };
}

/** What a worker kept and counted that died is gone as well. */
function nothingOfTheDead(worker: Worker, error: unknown): undefined {
  if (!worker.isDead() && worker.isConnected()) throw error;
}

function oneOf([worker]: ReadonlySet<Worker>): Worker {
  return worker ?? noneThere();
}

function noneThere(): never {
  throw new RequestError('SERVICE_UNAVAILABLE', 'Expected a running worker, got none.');
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
