import { once } from 'node:events';
import { onTestFinished, vi } from 'vitest';
import { start } from './run.ts';

/** What runs in place of `atrium serve`. */
export const fixture = new URL('workers-fixture.ts', import.meta.url).pathname;

export interface WorkerAnswer {
  readonly id: number;
  readonly pid: number;
  readonly flags: readonly string[];
}

/** A primary and its workers, of which each test has its own; `behaviour` is the fixture's. */
export async function startSupervised(count: number, sharing = 'apart', behaviour = '') {
  const child = start(process.execPath, ['--max-semi-space-size=17', fixture, String(count), sharing, behaviour]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close').then(() => child.exitCode);
  const messages: string[] = [];
  const lines: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => messages.push(...chunk.trim().split('\n')));
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => lines.push(chunk));
  const first = await vi.waitUntil(() => messages[0], { timeout: 20_000, interval: 10 });
  const { url, adminUrl }: { url: string; adminUrl: string } = JSON.parse(first);
  const json = async (response: Response): Promise<unknown> => response.json();
  return {
    url,
    adminUrl,
    messages,
    lines,
    ended,
    out: ended.then(() => lines.join('')),
    signal: (name: NodeJS.Signals) => void child.kill(name),
    health: async () => json(await fetch(`${adminUrl}/health`)),
    async invalidate(body: object) {
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      const response = await fetch(`${adminUrl}/cache/invalidate`, init);
      return { status: response.status, body: await json(response) };
    },
    /** By the metrics of all. */
    async served() {
      const text = await (await fetch(`${adminUrl}/metrics`)).text();
      return Number(/^served_total (\d+)/m.exec(text)?.[1]);
    },
    /** Asks over one connection after another until the answers are enough. */
    async askUntil(isEnough: (answers: readonly WorkerAnswer[]) => boolean): Promise<WorkerAnswer[]> {
      const answers: WorkerAnswer[] = [];
      while (!isEnough(answers)) {
        const response = await fetch(url, { headers: { connection: 'close' } });
        answers.push(JSON.parse(await response.text()));
      }
      return answers;
    },
  };
}
