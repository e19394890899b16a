import { expect, vi } from 'vitest';
import { answerProblems } from './answer-problems.ts';
import type { Answer } from './ask.ts';
import type { Laboratory } from './laboratory.ts';
import { healthyAnswer, question } from './shop.ts';

/**
 * What holds whatever goes wrong: `run` asks while something does, and the answers it returns are GraphQL responses that
 * tell nothing of the inside; nothing was thrown that nobody caught; nobody waits at a subgraph for an answer that no
 * client waits for; and the next request, with all faults ended, is answered right. (`lab.ask` sees to the time.)
 */
export async function keepsInvariants<T extends Answer | readonly Answer[]>(
  lab: Laboratory,
  run: () => Promise<T>,
): Promise<T> {
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('unhandledRejection', note);
  process.on('uncaughtExceptionMonitor', note);
  try {
    const outcome = await run();
    for (const answer of [outcome].flat() as Answer[])
      expect(answerProblems(answer), `${answer.status} ${answer.text.slice(0, 2_000)}`).toEqual([]);
    await vi.waitUntil(() => lab.inFlight() === 0, { timeout: 5_000, interval: 2 });
    await lab.heal();
    const next = await lab.ask(question);
    expect(answerProblems(next)).toEqual([]);
    expect(next.body).toEqual(healthyAnswer);
    expect(uncaught).toEqual([]);
    return outcome;
  } finally {
    process.off('unhandledRejection', note);
    process.off('uncaughtExceptionMonitor', note);
    await lab.heal();
  }
}
