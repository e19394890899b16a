import { describe, expect, it } from 'vitest';
import type { RunningContestant } from '../../bench/arena.ts';
import { compareAnswers } from '../../bench/compare-answers.ts';
import { workloads } from '../../bench/workloads.ts';

function answering(name: string, answer: string): Pick<RunningContestant, 'contestant' | 'ask'> {
  return { contestant: { name, title: name, args: () => [] }, ask: async () => answer };
}

const workload = workloads.find(({ name }) => name === 'deep') ?? expect.fail('no workload deep');

describe('comparing answers', () => {
  it('tells the length of equal answers, whatever the order of their fields', async () => {
    const lengths = await compareAnswers(
      [answering('one', '{"data":{"a":1,"b":[2]}}'), answering('other', '{"data":{"b":[2], "a":1}}')],
      workload,
    );
    expect([...lengths]).toEqual([
      ['one', 24],
      ['other', 25],
    ]);
  });

  it('fails and shows what differs', async () => {
    const comparing = compareAnswers(
      [answering('one', '{"data":{"a":{"b":2}}}'), answering('other', '{"data":{"a":{"b":3}}}')],
      workload,
    );
    await expect(comparing).rejects.toThrow(/deep: other \(\+\) does not answer what one \(-\) answers/);
    await expect(comparing).rejects.toThrow(/\+\s+b: 3\n-\s+b: 2/);
  });

  it('counts no errors as an answer, even when all agree', async () => {
    const failed = '{"data":null,"errors":[{"message":"no"}]}';
    await expect(compareAnswers([answering('one', failed)], workload)).rejects.toThrow(/one answers .*"message":"no"/);
  });
});
