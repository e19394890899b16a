import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Fault } from './fault-proxy.ts';
import { keepsInvariants } from './invariants.ts';
import { openLaboratory } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';
import { healthyAnswer, question } from './shop.ts';

describe('two instances of a subgraph', () => {
  let lab: Laboratory;
  beforeEach(async () => {
    lab = await openLaboratory(({ proxies: { reviews, spare } }) => ({
      subgraphs: { reviews: { timeoutMs: 1_000, addresses: [reviews.url, spare.url] } },
    }));
  });
  afterEach(() => lab.close());

  const ask = (count: number) => Promise.all(Array.from({ length: count }, () => lab.ask(question)));

  it.each<Fault>([
    { kind: 'refuse' },
    { kind: 'reset', after: 'request' },
    { kind: 'reset', after: 'head' },
    { kind: 'cut', after: 40 },
    { kind: 'corrupt', after: 0 },
  ])('of which one fails ($kind) answer every query', async (fault) => {
    const answers = await keepsInvariants(lab, async () => {
      await lab.proxies.spare.become(fault);
      const answers = [];
      for (let index = 0; index < 10; index += 1) answers.push(await lab.ask(question), ...(await ask(5)));
      return answers;
    });
    for (const { body } of answers) expect(body).toEqual(healthyAnswer);
  });

  it('of which one hangs lose no more than what ejects it', async () => {
    await lab.proxies.spare.become({ kind: 'blackHole' });
    const isEjected = () => lab.log.some(({ message }) => message.startsWith('A subgraph fails too often'));
    const answers = [];
    while (!isEjected()) answers.push(...(await ask(8)));
    const lost = answers.filter(({ text }) => text.includes('SUBGRAPH_TIMEOUT')).length;
    expect(lost).toBeGreaterThanOrEqual(5);
    const after = await keepsInvariants(lab, () => ask(20));
    for (const { body } of after) expect(body).toEqual(healthyAnswer);
  });

  it('that both fail are told of as one, and come back', async () => {
    const answers = await keepsInvariants(lab, async () => {
      await lab.proxies.spare.become({ kind: 'refuse' });
      await lab.proxies.reviews.become({ kind: 'reset', after: 'head' });
      return ask(20);
    });
    for (const { body } of answers)
      expect(body).toMatchObject({ data: { top: [{ rating: null }, { rating: null }] }, errors: [{}, {}] });
  });
});

describe('the only instance that is left', () => {
  let lab: Laboratory;
  let file = '';
  beforeEach(async () => {
    lab = await openLaboratory(({ folder, proxies: { reviews, spare } }) => {
      file = join(folder, 'instances.json');
      writeFileSync(file, JSON.stringify([reviews.url, spare.url]));
      return {
        // Nobody waits for it: whoever is refused for this long fails.
        subgraphDefaults: { breaker: { openMs: 60_000, minRequests: 1_000_000 } },
        subgraphs: { reviews: { timeoutMs: 1_000, addresses: { file } } },
      };
    });
  });
  afterEach(() => lab.close());

  const said = (text: string) => lab.log.some(({ message }) => message.startsWith(text));

  it('is asked again at once, though it failed when there were two', async () => {
    const { reviews, spare } = lab.proxies;
    await spare.become({ kind: 'refuse' });
    while (!said('A subgraph fails too often')) expect((await lab.ask(question)).body).toEqual(healthyAnswer);
    await spare.become({ kind: 'none' });
    const known = spare.accepted;
    writeFileSync(file, JSON.stringify([spare.url]));
    await vi.waitUntil(() => said('The addresses of a subgraph changed'), { timeout: 5_000, interval: 5 });
    await reviews.become({ kind: 'refuse' });
    const answers = await keepsInvariants(lab, () => Promise.all([1, 2, 3, 4].map(() => lab.ask(question))));
    for (const { body } of answers) expect(body).toEqual(healthyAnswer);
    expect(spare.accepted).toBeGreaterThan(known);
    expect(said('A subgraph answers again')).toBe(true);
  });
});
