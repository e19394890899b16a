import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerCases } from './answer-cases.ts';
import { keepsInvariants } from './invariants.ts';
import { openLaboratory } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';
import { question } from './shop.ts';
import type { SubgraphCase } from './subgraph-case.ts';
import { transportCases } from './transport-cases.ts';

let lab: Laboratory;
beforeAll(async () => {
  lab = await openLaboratory();
});
afterAll(() => lab.close());
beforeEach(() => lab.heal());

describe('one subgraph of three', () => {
  it.each([...transportCases, ...answerCases])('$id: $title', async (fault) => {
    const answer = await keepsInvariants(lab, async () => {
      await fault.arrange(lab);
      return lab.ask(question);
    });
    const { ratings = [null, null] } = fault;
    expect(answer.body).toEqual({
      data: {
        me: { name: 'Ann' },
        top: [
          { id: '1', name: 'Lamp', rating: ratings[0] },
          { id: '2', name: 'Desk', rating: ratings[1] },
        ],
      },
      ...expectedErrors(fault),
    });
    const calls = await lab.callsOf(answer);
    expect(calls.filter(({ subgraph }) => subgraph !== 'reviews')).toHaveLength(2);
    const { tries = 1, mayMeetIdle = false } = fault;
    const tried = calls.filter(({ subgraph }) => subgraph === 'reviews').length;
    expect(mayMeetIdle && tried === tries + 1 ? tries : tried).toBe(tries);
  });
});

function expectedErrors({ code, errors }: SubgraphCase): { errors?: unknown } {
  if (errors !== undefined) return { errors };
  if (code === undefined) return {};
  const error = (index: number) => ({
    message: expect.any(String),
    path: ['top', index, 'rating'],
    extensions: { code },
  });
  return { errors: [error(0), error(1)] };
}
