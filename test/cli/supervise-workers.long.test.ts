import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import { readAll, start } from './run.ts';
import { fixture, startSupervised } from './start-supervised.ts';

describe('workers', { timeout: 120_000 }, () => {
  it('need not all be asked where they share their stores', async () => {
    const gateway = await startSupervised(2, 'shared');
    expect(await gateway.invalidate({ kind: 'tag' })).toEqual({ status: 200, body: { kind: 'tag' } });
    gateway.signal('SIGTERM');
    await gateway.ended;
    expect(gateway.messages.filter((line) => line.startsWith('told'))).toHaveLength(1);
  });

  it('are all told what Redis cannot be told yet', async () => {
    const gateway = await startSupervised(2, 'shared');
    const answer = { status: 200, body: { kind: 'later', outcome: 'delayed' } };
    expect(await gateway.invalidate({ kind: 'later' })).toEqual(answer);
    gateway.signal('SIGTERM');
    await gateway.ended;
    expect(gateway.messages).toEqual(expect.arrayContaining(['told 1', 'told 2']));
  });

  it('leave no client waiting whose connection they never took', async () => {
    const gateway = await startSupervised(2);
    const [frozen] = await gateway.askUntil((all) => all.length > 0);
    if (frozen === undefined) throw new Error('expected an answer');
    process.kill(frozen.pid, 'SIGSTOP');
    const { port } = new URL(gateway.url);
    const clients = [1, 2, 3].map(() => connect(Number(port), '127.0.0.1'));
    const replies = clients.map(async (socket) => {
      socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      return text(socket).catch(() => '');
    });
    await Promise.any(replies);
    process.kill(frozen.pid, 'SIGKILL');

    const taken = (await Promise.all(replies)).filter((reply) => reply !== '');
    expect(taken).toHaveLength(2);
  });

  it('are told of when they do not end well', async () => {
    const gateway = await startSupervised(2, 'apart', 'stubborn');
    gateway.signal('SIGTERM');

    expect(await gateway.ended).toBe(1);
    expect(gateway.messages.at(-1)).toBe('Expected workers to stop well, got exit code 3 of worker 1.');
  });

  it.each(['SIGUSR2', 'SIGKILL'] as const)('do not outlive the primary (%s)', async (signal) => {
    const gateway = await startSupervised(2);
    const answers = await gateway.askUntil((all) => new Set(all.map(({ id }) => id)).size === 2);
    if (signal === 'SIGUSR2') {
      // It ends by process.exit, and takes those along that hear of nothing.
      void gateway.invalidate({ kind: 'spin' }).catch(() => {});
      await vi.waitUntil(() => gateway.messages.filter((line) => line === 'spinning').length === 2, {
        timeout: 20_000,
      });
    }
    gateway.signal(signal);
    await gateway.ended;

    const pids = new Set(answers.map(({ pid }) => pid));
    await vi.waitFor(() => expect([...pids].filter(isRunning)).toEqual([]), { timeout: 5_000, interval: 10 });
  });

  it('that say why they cannot start end the primary with it, once', async () => {
    const child = start(process.execPath, [fixture, '3', 'apart', 'unstartable']);
    const [error] = await Promise.all([readAll(child.stderr), once(child, 'close')]);

    expect({ error, code: child.exitCode }).toEqual({ error: 'the supergraph is not one\n', code: 1 });
  });

  it('that die again and again end the primary', async () => {
    const child = start(process.execPath, [fixture, '2', 'apart', 'crash']);
    const [out, error] = await Promise.all([readAll(child.stdout), readAll(child.stderr), once(child, 'close')]);

    expect(error).toBe('Expected workers to keep running, got exit code 7 again and again.\n');
    expect(child.exitCode).toBe(1);
    const delays = out.match(/(?<="restartMs":)\d+/g)?.map(Number);
    expect(delays).toEqual([100, 200, 200, 400, 400, 800, 800]);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
