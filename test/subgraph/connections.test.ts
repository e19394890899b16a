import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Http2SecureServer, Http2ServerRequest } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { clientOf, closeAll, closers, contextWith, data, json, query } from './client-under-test.ts';

/** For localhost and 127.0.0.1 until 2126, by `openssl req -x509`; nothing but these tests trusts it. */
const pem = (name: string) => readFileSync(join(import.meta.dirname, '../support/tls', `${name}.pem`), 'utf8');
const tls = { key: pem('key'), cert: pem('certificate') };
const answer = JSON.stringify(data);
const mutation = { ...query, kind: 'mutation' as const };

const trusted = getCACertificates('default');
beforeAll(() => setDefaultCACertificates([...trusted, tls.cert]));
afterAll(() => setDefaultCACertificates(trusted));
afterEach(closeAll);

/** Listens, and counts the connections that come. */
async function listening(server: Server | Http2SecureServer) {
  const sockets = new Set<Socket>();
  const secure = 'setSecureContext' in server;
  server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}/graphql`, sockets };
}

describe('HTTP/2', () => {
  /** Answers once `together` requests have come. */
  async function secureSubgraph(options: { allowHTTP1: boolean }, together: number) {
    const versions: string[] = [];
    const waiting: (() => void)[] = [];
    const server = createSecureServer({ ...tls, ...options }, (request, response) => {
      versions.push(request.httpVersion);
      const body = text(request);
      waiting.push(() => void body.then(() => response.writeHead(200, json).end(answer)));
      if (waiting.length === together) for (const respond of waiting.splice(0)) respond();
    });
    return { ...(await listening(server)), versions };
  }

  it('is spoken when it is asked for and offered, with all requests at once on one connection', async () => {
    const { url, sockets, versions } = await secureSubgraph({ allowHTTP1: true }, 50);
    const client = clientOf(url, { http2: true });
    const context = contextWith({ headers: { authorization: 'Bearer t' } });
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.send(query, context)));
    expect(answers).toEqual(answers.map(() => expect.objectContaining({ data: { a: 1 }, errors: [] })));
    expect(new Set(versions)).toEqual(new Set(['2.0']));
    expect(sockets.size).toBe(1);
    expect(context.record.calls.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });

  it('is not spoken unless it is asked for', async () => {
    const { url, sockets, versions } = await secureSubgraph({ allowHTTP1: true }, 3);
    const client = clientOf(url);
    await Promise.all([1, 2, 3].map(() => client.send(query, contextWith())));
    expect(versions).toEqual(['1.1', '1.1', '1.1']);
    expect(sockets.size).toBe(3);
  });

  it('leaves a server that only has HTTP/1.1 to HTTP/1.1', async () => {
    const versions: string[] = [];
    const { url } = await listening(
      createHttpsServer(tls, (request, response) => {
        versions.push(request.httpVersion);
        response.writeHead(200, json).end(answer);
      }),
    );
    const client = clientOf(url, { http2: true });
    const answers = await Promise.all([1, 2, 3].map(() => client.send(query, contextWith())));
    expect(answers).toEqual(answers.map(() => expect.objectContaining(data)));
    expect(versions).toEqual(['1.1', '1.1', '1.1']);
  });

  it('ends a request whose client has left without ending the others on its connection', async () => {
    const { url, sockets, versions } = await secureSubgraph({ allowHTTP1: false }, 3);
    const client = clientOf(url, { http2: true });
    const leaving = new AbortController();
    const left = client.send(query, contextWith({ signal: leaving.signal }));
    const stayed = client.send(query, contextWith());
    while (versions.length < 2) await new Promise(setImmediate);
    leaving.abort();
    expect((await left).errors[0]?.extensions).toEqual({ code: 'SUBGRAPH_UNREACHABLE' });
    expect(await client.send(query, contextWith())).toMatchObject(data);
    expect(await stayed).toMatchObject(data);
    expect(sockets.size).toBe(1);
  });

  it('sends a request again that a closing server says it has not seen, even a mutation', async () => {
    const seen: string[] = [];
    const server = createSecureServer(tls, (request, response) => {
      const { session, id = 0 } = request.stream;
      seen.push(`${id}`);
      if (seen.length === 2) session?.goaway(0, id - 2);
      else response.writeHead(200, json).end(answer);
    });
    const { url, sockets } = await listening(server);
    const client = clientOf(url, { http2: true });
    await client.send(query, contextWith());
    const context = contextWith();
    expect(await client.send(mutation, context)).toMatchObject(data);
    expect(seen).toEqual(['1', '3', '1']);
    expect(sockets.size).toBe(2);
    expect(context.record.calls).toHaveLength(1);
  });
});

describe('a connection kept alive', () => {
  type Ending = 'answer' | 'close' | 'reset' | 'partial' | 'hold';

  /** Treats the requests of all connections in turn as told; `seen` names each by its connection and its turn there. */
  async function subgraph(endings: readonly Ending[], secure = false) {
    const seen: string[] = [];
    const connections: Socket[] = [];
    const turns = new Map<Socket, number>();
    const held: { answer(): void; close(): void }[] = [];
    const server = (secure ? createHttpsServer(tls) : createServer()).on('request', (request, response) => {
      const { socket } = request;
      if (!connections.includes(socket)) connections.push(socket);
      turns.set(socket, (turns.get(socket) ?? 0) + 1);
      const ending = endings[seen.length] ?? 'answer';
      seen.push(`${connections.indexOf(socket) + 1}.${turns.get(socket)}`);
      const respond = () => void text(request).then(() => response.writeHead(200, json).end(answer));
      if (ending === 'answer') respond();
      if (ending === 'close') socket.destroy();
      if (ending === 'reset') socket.resetAndDestroy();
      if (ending === 'partial') socket.end('HTTP/1.1 2');
      if (ending === 'hold') held.push({ answer: respond, close: () => socket.destroy() });
    });
    return { ...(await listening(server)), seen, held };
  }

  /** One whose first connection has answered and is idle. */
  async function usedClient(...options: Parameters<typeof clientOf>) {
    const client = clientOf(...options);
    await client.send(query, contextWith());
    // Until then undici still takes the connection for a busy one.
    await new Promise(setImmediate);
    return client;
  }

  const failed = { data: null, errors: [{ extensions: { code: 'SUBGRAPH_UNREACHABLE' } }] };

  it.each([
    ['close', false],
    ['reset', false],
    ['close', true],
  ] as const)(
    'and found to be closed (by %s, TLS %s) costs a query nothing but a second try',
    async (ending, secure) => {
      const { url, seen } = await subgraph(['answer', ending], secure);
      const client = await usedClient(url);
      const context = contextWith();
      expect(await client.send({ ...query, entities: 2 }, context)).toMatchObject(data);
      expect(seen).toEqual(['1.1', '1.2', '2.1']);
      const call = { subgraph: 's', milliseconds: expect.any(Number), entities: 2 };
      expect(context.record.calls).toMatchObject([
        { ...call, status: 0, code: 'SUBGRAPH_UNREACHABLE' },
        { ...call, status: 200 },
      ]);
    },
  );

  it('is not a reason to send a mutation again', async () => {
    const { url, seen } = await subgraph(['answer', 'close']);
    const client = await usedClient(url);
    const context = contextWith();
    expect(await client.send(mutation, context)).toMatchObject(failed);
    expect(seen).toEqual(['1.1', '1.2']);
    expect(context.record.calls).toHaveLength(1);
  });

  it('is a reason to try again once, also when the second try meets another such connection', async () => {
    const { url, seen, held } = await subgraph(['hold', 'hold', 'hold', 'hold', 'close']);
    const client = clientOf(url);
    const send = async () => {
      const before = held.length;
      const response = client.send(query, contextWith());
      while (held.length === before) await new Promise(setImmediate);
      return { response, ...held[before] };
    };
    for (const { response, answer } of [await send(), await send()]) {
      answer?.();
      await response;
    }
    const first = await send();
    const second = await send();
    first.answer?.();
    await first.response;
    second.close?.();
    expect(await second.response).toMatchObject(failed);
    expect(seen).toEqual(['1.1', '2.1', '1.2', '2.2', '1.3']);
  });

  it.each(['close', 'reset', 'partial'] as const)('is none that was never used: %s', async (ending) => {
    for (const secure of [false, true]) {
      if (secure && ending === 'reset') continue;
      const { url, seen } = await subgraph([ending], secure);
      const context = contextWith();
      expect(await clientOf(url).send(query, context)).toMatchObject(failed);
      expect(seen).toEqual(['1.1']);
      expect(context.record.calls).toHaveLength(1);
    }
  });

  it('that ends within an answer has not been idle', async () => {
    const { url, seen } = await subgraph(['answer', 'partial']);
    const client = await usedClient(url);
    expect(await client.send(query, contextWith())).toMatchObject(failed);
    expect(seen).toEqual(['1.1', '1.2']);
  });

  it('leaves the second try only the time the first has left over', async () => {
    const { url, seen, held } = await subgraph(['answer', 'hold', 'hold']);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const client = await usedClient(url, { timeoutMs: 2_000 });
      let ended = false;
      const sent = client.send(query, contextWith());
      void sent.then(() => (ended = true));
      while (held.length < 1) await new Promise(setImmediate);
      vi.advanceTimersByTime(1_500);
      held[0]?.close();
      while (held.length < 2) await new Promise(setImmediate);
      vi.advanceTimersByTime(499);
      await new Promise(setImmediate);
      expect(ended).toBe(false);
      vi.advanceTimersByTime(1);
      expect((await sent).errors[0]?.extensions).toEqual({ code: 'SUBGRAPH_TIMEOUT' });
      expect(seen).toEqual(['1.1', '1.2', '2.1']);
    } finally {
      vi.useRealTimers();
    }
  });
});

async function text(request: IncomingMessage | Http2ServerRequest): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}
