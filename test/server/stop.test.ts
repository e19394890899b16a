import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConfigurationError } from '../../src/core/errors.ts';
import type { DoorStep } from '../../src/server/door.ts';
import { startFront } from './start-front.ts';

const question = JSON.stringify({ query: '{ me { id } }' });
const head = `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${question.length}\r\n\r\n`;

/** A gateway whose answer the test gives. */
function heldGateway() {
  const started = Promise.withResolvers<AbortSignal>();
  const release = Promise.withResolvers<void>();
  const executor = async (_: unknown, { signal }: { signal: AbortSignal }) => {
    started.resolve(signal);
    await release.promise;
    return { data: { me: { id: '1' } } };
  };
  return { executor, started: started.promise, release: release.resolve };
}

describe('a front that stops', () => {
  it('finishes what it has, says that the connection ends, and takes no more', async () => {
    const held = heldGateway();
    const front = await startFront({ executor: held.executor });
    const socket = front.socket();
    socket.write(head + question);
    await held.started;

    let stopped = false;
    const stopping = front.close().then(() => {
      stopped = true;
    });
    const late = connect(front.port, '127.0.0.1');
    const [refused] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(refused.code).toBe('ECONNREFUSED');
    expect(stopped).toBe(false);

    held.release();
    const answer = await socket.closed;
    expect(answer).toMatch(/^HTTP\/1.1 200 .*^connection: close\r$.*\{"data":\{"me":\{"id":"1"\}\}\}$/ms);
    await stopping;
  });

  it('first says for a while that it is not ready, and goes on answering', async () => {
    const front = await startFront({ server: { preStopMs: 60_000 } });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const stopping = front.close();
    const ready = await front.get('/health/ready');
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'stopping' }]);
    const answer = await front.post(question);
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    await vi.advanceTimersByTimeAsync(60_000);
    await stopping;
    await expect(front.get('/health/live')).rejects.toThrow('fetch failed');
  });

  it('tells a probe whose connection is still busy', async () => {
    const held = heldGateway();
    const front = await startFront({ executor: held.executor });
    const socket = front.socket();
    socket.write(head + question);
    await held.started;
    // Half a request is behind a whole one: once that is answered, the server has begun to read the half.
    const probe = front.socket();
    probe.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\nGET /health/ready HTTP/1.1\r\n');
    await probe.received(/"live"\}/);

    const stopping = front.close();
    probe.write('host: x\r\n\r\n');
    expect(await probe.closed).toMatch(/HTTP\/1.1 503 .*^connection: close\r$.*\{"status":"stopping"\}$/ms);
    held.release();
    await stopping;
    await socket.closed;
  });

  it('gives clients that are still sending a second, and what runs the whole time', async () => {
    const held = heldGateway();
    const atTheDoor = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    let arrived = 0;
    const door: DoorStep = {
      name: 'counting',
      run({ headers }) {
        if (++arrived === 3) entered.resolve();
        return headers['x-hold'] === undefined ? undefined : atTheDoor.promise;
      },
    };
    const front = await startFront({ executor: held.executor, door: [door] });
    const operation = front.socket();
    operation.write(head + question);
    await held.started;
    // Whole, although nobody has read its body yet.
    const whole = front.socket();
    whole.write(head.replace('\r\n', '\r\nx-hold: 1\r\n') + question);
    const halfBody = front.socket();
    halfBody.write(head + question.slice(0, 10));
    await entered.promise;
    const halfHead = front.socket();
    halfHead.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\nGET /health/live HTTP/1.1\r\n');
    await halfHead.received(/"live"\}/);

    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const stopping = front.close();
    vi.advanceTimersByTime(1_000);
    expect(await halfBody.closed).toBe('');
    expect(await halfHead.closed).toMatch(/"live"\}$/);
    held.release();
    atTheDoor.resolve();
    expect(await operation.closed).toMatch(/^HTTP\/1.1 200 /);
    expect(await whole.closed).toMatch(/^HTTP\/1.1 200 /);
    await stopping;
  });

  it('cuts what is left at the deadline: silent sockets, operations without end', async () => {
    const held = heldGateway();
    const front = await startFront({ executor: held.executor, server: { shutdownMs: 50 } });
    const operation = front.socket();
    operation.write(head + question);
    const signal = await held.started;
    const silent = front.socket();

    const before = performance.now();
    await front.close();
    expect(performance.now() - before).toBeGreaterThanOrEqual(45);
    expect(await Promise.all([operation.closed, silent.closed])).toEqual(['', '']);
    if (!signal.aborted) await once(signal, 'abort');
    expect(signal.aborted).toBe(true);
    held.release();
  });

  it('closes idle kept-alive connections at once', async () => {
    const front = await startFront();
    const agent = new Agent({ keepAlive: true });
    const asking = request(`${front.url}/health/live`, { agent });
    asking.end();
    const [response] = (await once(asking, 'response')) as [NodeJS.ReadableStream];
    response.resume();
    await once(response, 'end');
    const before = performance.now();
    await front.close();
    expect(performance.now() - before).toBeLessThan(5_000);
    agent.destroy();
  });

  it('may be stopped twice', async () => {
    const front = await startFront();
    await Promise.all([front.stop(), front.stop()]);
    await front.close();
    await expect(front.get('/health/live')).rejects.toThrow('fetch failed');
  });
});

describe('a front that starts', () => {
  it('says which address it could not have', async () => {
    await using front = await startFront();
    const second = startFront({ server: { port: front.port } });
    await expect(second).rejects.toThrow(ConfigurationError);
    await expect(second).rejects.toThrow(`port ${front.port} is taken: server.port, --port or PORT`);
  });
});

describe('what is no HTTP request', () => {
  it.each([
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a header without end', `GET /graphql HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(20_000)}`, 431],
    ['a line break in a header name', 'GET /graphql HTTP/1.1\r\nhost: x\r\nx y: 1\r\n\r\n', 400],
  ])('is answered and ended: %s', async (_, bytes, status) => {
    await using front = await startFront();
    const socket = front.socket();
    socket.write(Buffer.from(bytes, 'latin1'));
    const answer = await socket.closed;
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} .*"code":"BAD_REQUEST"`, 's'));
    expect(front.log.filter(({ level }) => level !== 'info')).toEqual([]);
    expect((await front.post(question)).status).toBe(200);
  });
});
