import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import { createOverloadGuard } from '../../src/server/overload.ts';
import type { OverloadGuard } from '../../src/server/overload.ts';
import { startFront } from './start-front.ts';

const question = { query: '{ me { id } }' };

it('what is more than may be in flight is refused before it is read, and told where it may be told', async () => {
  const release = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  await using front = await startFront({
    server: { overload: { maxInFlight: 2, maxEventLoopDelayMs: 60_000, maxHeapShare: 1 } },
    async executor() {
      if (front.executions.length === 2) started.resolve();
      await release.promise;
      return { data: { me: { id: '1' } } };
    },
  });
  const held = [front.post(question), front.post(question)];
  await started.promise;

  const refused = await front.post('not even JSON');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toEqual({
    errors: [{ message: 'The gateway is overloaded; ask again later.', extensions: { code: 'OVERLOADED' } }],
  });
  const [ready, live] = [await front.get('/health/ready'), await front.get('/health/live')];
  expect([ready.status, await ready.json(), live.status]).toEqual([503, { status: 'overloaded' }, 200]);

  release.resolve();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
  await vi.waitUntil(async () => (await front.get('/health/ready')).ok, { timeout: 5_000, interval: 5 });
  expect((await front.post(question)).status).toBe(200);
});

it('a client that leaves makes room', async () => {
  const started = Promise.withResolvers<void>();
  await using front = await startFront({
    server: { overload: { maxInFlight: 1, maxEventLoopDelayMs: 60_000, maxHeapShare: 1 } },
    async executor(_, { signal }) {
      started.resolve();
      if (front.executions.length === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return { data: { me: { id: '1' } } };
    },
  });
  const body = JSON.stringify(question);
  const socket = front.socket();
  const head = `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  socket.write(`${head}\r\n\r\n${body}`);
  await started.promise;
  expect((await front.post(question)).status).toBe(503);
  socket.destroy();
  await vi.waitUntil(async () => (await front.get('/health/ready')).ok, { timeout: 5_000, interval: 5 });
  expect((await front.post(question)).status).toBe(200);
});

describe('the guard', () => {
  const limits = { maxInFlight: 10, maxEventLoopDelayMs: 200, maxHeapShare: 0.9 };
  let heap: number;
  let now: number;
  let guard: OverloadGuard;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    [heap, now] = [0.5, 0];
    guard = createOverloadGuard(limits, { logger: silentLogger, heapShare: () => heap, now: () => now });
  });
  afterEach(() => {
    guard.close();
    vi.useRealTimers();
  });

  /** So many of its timers fire, each so late. */
  const tick = (times: number, lateMs = 0): void => {
    for (let left = times; left > 0; left -= 1) {
      now += 100 + lateMs;
      vi.advanceTimersByTime(100);
    }
  };

  it('looks at memory every second', () => {
    heap = 0.95;
    tick(9);
    expect(guard.reason()).toBeUndefined();
    tick(1);
    expect(guard.reason()).toBe('memory');
    expect(() => guard.enter()).toThrow('overloaded');
    heap = 0.5;
    tick(10);
    expect(guard.reason()).toBeUndefined();
  });

  it('takes the event loop for late when it is so again and again, or just now very much', () => {
    tick(3, 250);
    expect(guard.reason()).toBeUndefined();
    tick(20, 250);
    expect(guard.reason()).toBe('event-loop delay');
    tick(5);
    expect(guard.reason()).toBeUndefined();
    now += 301;
    expect(guard.reason()).toBe('event-loop delay');
    tick(1);
    expect(guard.reason()).toBeUndefined();
  });
});
