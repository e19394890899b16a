import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startFaultProxy } from './fault-proxy.ts';
import type { Fault, FaultProxy } from './fault-proxy.ts';
import { keepsInvariants } from './invariants.ts';
import { openLaboratory } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';
import { healthyAnswer, question } from './shop.ts';

describe('two instances of a subgraph', () => {
  let lab: Laboratory;
  let other: FaultProxy;
  let file: string;

  beforeEach(async () => {
    lab = await openLaboratory(({ folder, proxies }) => {
      file = join(folder, 'reviews.json');
      writeFileSync(file, JSON.stringify([proxies.reviews.url]));
      return { subgraphs: { reviews: { timeoutMs: 500, addresses: { file } } } };
    });
    other = await startFaultProxy(new URL(lab.subgraphs.reviews.url));
    await become([lab.proxies.reviews.url, other.url]);
  });
  afterEach(async () => {
    await lab.close();
    await other.close();
  });

  const changes = (): number =>
    lab.log.filter(({ message }) => message === 'The addresses of a subgraph changed').length;
  async function become(urls: readonly string[]): Promise<void> {
    const before = changes();
    writeFileSync(`${file}.new`, JSON.stringify(urls));
    renameSync(`${file}.new`, file);
    await vi.waitUntil(() => changes() > before, { timeout: 5_000, interval: 5 });
  }

  it.each<Fault>([
    { kind: 'refuse' },
    { kind: 'reset', after: 'request' },
    { kind: 'reset', after: 'head' },
    { kind: 'cut', after: 40 },
    { kind: 'corrupt', after: 0 },
  ])('of which one fails ($kind) answer every query', async (fault) => {
    const answers = await keepsInvariants(lab, async () => {
      await other.become(fault);
      const answers = [];
      for (let index = 0; index < 10; index += 1) answers.push(await lab.ask(question), ...(await ask(5)));
      return answers;
    });
    for (const { body } of answers) expect(body).toEqual(healthyAnswer);
  });

  it('of which one hangs lose no more than what ejects it', async () => {
    const answers = await keepsInvariants(lab, async () => {
      await other.become({ kind: 'blackHole' });
      const answers = [];
      while (!lab.log.some(({ message }) => message.startsWith('A subgraph fails too often')))
        answers.push(...(await ask(8)));
      return answers;
    });
    const lost = answers.filter(({ text }) => text.includes('SUBGRAPH_TIMEOUT')).length;
    expect(lost).toBeGreaterThanOrEqual(5);
    const after = await keepsInvariants(lab, () => ask(20));
    for (const { body } of after) expect(body).toEqual(healthyAnswer);
  });

  it('come and go under load without a lost query', async () => {
    const { url } = lab.proxies.reviews;
    const answers = await keepsInvariants(lab, async () => {
      await lab.proxies.reviews.become({ kind: 'delay', ms: 20 });
      await other.become({ kind: 'delay', ms: 20 });
      const asked = [];
      for (const urls of [[url], [other.url], [url, other.url], [other.url], [url]]) {
        asked.push(ask(10));
        await become(urls);
      }
      return (await Promise.all(asked)).flat();
    });
    for (const { body } of answers) expect(body).toEqual(healthyAnswer);
  });

  it('stay when the file that names them is no list, or is gone', async () => {
    const stay = (): number => lab.log.filter(({ message }) => message.includes('in use stay')).length;
    for (const [index, text] of ['', '[]', '["ftp://x"]', '{"0":"http://x"}', '[1]'].entries()) {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
      await vi.waitUntil(() => stay() > index, { timeout: 5_000, interval: 5 });
    }
    const answer = await keepsInvariants(lab, () => lab.ask(question));
    expect(answer.body).toEqual(healthyAnswer);
  });

  const ask = (count: number) => Promise.all(Array.from({ length: count }, () => lab.ask(question)));
});
