import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepsInvariants } from './invariants.ts';
import { openLaboratory } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';
import { healthyAnswer, question } from './shop.ts';

describe('instances in a file', () => {
  let lab: Laboratory;
  let file: string;
  beforeEach(async () => {
    lab = await openLaboratory(({ folder, proxies }) => {
      file = join(folder, 'reviews.json');
      writeFileSync(file, JSON.stringify([proxies.reviews.url]));
      return { subgraphs: { reviews: { timeoutMs: 1_000, addresses: { file } } } };
    });
  });
  afterEach(() => lab.close());

  const said = (text: string): number => lab.log.filter(({ message }) => message.includes(text)).length;
  /** Resolves when the gateway has said so of the new text. */
  async function replace(text: string, saying: string): Promise<void> {
    const before = said(saying);
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
    await vi.waitUntil(() => said(saying) > before, { timeout: 10_000, interval: 5 });
  }

  it('come and go under load without a lost query', async () => {
    const { reviews, spare } = lab.proxies;
    const answers = await keepsInvariants(lab, async () => {
      await reviews.become({ kind: 'delay', ms: 20 });
      await spare.become({ kind: 'delay', ms: 20 });
      const asked = [];
      for (const proxies of [[spare], [reviews, spare], [spare], [reviews]]) {
        asked.push(...Array.from({ length: 10 }, () => lab.ask(question)));
        await replace(JSON.stringify(proxies.map(({ url }) => url)), 'The addresses of a subgraph changed');
      }
      return Promise.all(asked);
    });
    for (const { body } of answers) expect(body).toEqual(healthyAnswer);
  });

  it('stay when it is no list of them', async () => {
    for (const text of ['', '[]', '["ftp://x"]', '{"0":"http://x"}', '[1]']) await replace(text, 'in use stay');
    const answer = await keepsInvariants(lab, () => lab.ask(question));
    expect(answer.body).toEqual(healthyAnswer);
  });
});
