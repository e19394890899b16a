import { expect, it, vi } from 'vitest';
import { startSupervised } from './start-supervised.ts';

/** Characters of each line of the fixture, at least. */
const longLine = 300_000;
const waiting = { timeout: 20_000, interval: 10 };

interface LogLine {
  readonly level: number;
  readonly worker: number;
  readonly msg: string;
  readonly path?: string;
}

it('workers share a port and a log, answer operators together, are replaced, and finish what they have', async () => {
  const gateway = await startSupervised(3);
  const answers = await gateway.askUntil((all) => new Set(all.map(({ id }) => id)).size === 3);
  expect(new Set(answers.map(({ flags }) => flags.join()))).toEqual(new Set(['--max-semi-space-size=17']));

  const supergraph = await fetch(`${gateway.adminUrl}/supergraph`);
  expect(await supergraph.text()).toBe('type Query { a: Int }');
  expect(await gateway.health()).toEqual({ status: 'ready', workers: { wanted: 3, ready: 3 } });
  expect(await gateway.invalidate({ kind: 'tag' })).toEqual({ status: 200, body: { kind: 'tag' } });
  await vi.waitUntil(() => [1, 2, 3].every((id) => gateway.messages.includes(`told ${id}`)), waiting);
  expect(await gateway.invalidate({ kind: 'refuse' })).toEqual({
    status: 400,
    body: { errors: [{ message: 'Expected a tag, got none.', extensions: { code: 'BAD_REQUEST' } }] },
  });
  expect(await gateway.invalidate({ kind: 'fail' })).toEqual({
    status: 500,
    body: { errors: [{ message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
  });

  // What it has not written is lost when it dies.
  const written = () => gateway.lines.reduce((sum, { length }) => sum + length, 0);
  await vi.waitUntil(() => written() > answers.length * longLine, waiting);
  expect(await gateway.served()).toBe(answers.length);
  // What the one kept that dies is gone as well.
  const died = { status: 200, body: { kind: 'die' } };
  expect(await gateway.invalidate({ kind: 'die', worker: 1 })).toEqual(died);
  answers.push(...(await gateway.askUntil((all) => all.some(({ id }) => id === 4))));
  expect(await gateway.health()).toEqual({ status: 'ready', workers: { wanted: 3, ready: 3 } });
  // What it has counted is not.
  expect(await gateway.served()).toBe(answers.length);

  const held = Array.from({ length: 30 }, async () => (await fetch(`${gateway.url}/hold`)).text());
  await vi.waitUntil(() => gateway.messages.filter((line) => line === 'held').length === 30, waiting);
  gateway.signal('SIGTERM');
  expect(new Set(await Promise.all(held))).toEqual(new Set(['answered']));
  expect(await gateway.ended).toBe(0);

  const log = (await gateway.out)
    .trim()
    .split('\n')
    .map((line): LogLine => JSON.parse(line));
  const asked = log.filter(({ path }) => path === '/');
  expect(asked.map(({ worker }) => worker).toSorted((a, b) => a - b)).toEqual(
    answers.map(({ id }) => id).toSorted((a, b) => a - b),
  );
  expect(log.filter(({ level }) => level === 40)).toEqual([
    expect.objectContaining({ worker: 0, msg: 'Without Redis each worker has limits and caches of its own' }),
  ]);
}, 120_000);
