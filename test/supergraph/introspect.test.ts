import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { introspectSubgraph } from '../../src/supergraph/introspect.ts';
import { startServer, startSubgraph } from './http-servers.ts';
import { federated } from './sdl.ts';

const limits = { timeoutMs: 10_000, maxBytes: 10_000 };
const introspect = (url: string, more: Partial<typeof limits> & { signal?: AbortSignal } = {}) =>
  introspectSubgraph({ name: 'users', url }, { ...limits, ...more });
const answering = async (listener: RequestListener) => (await startServer(listener)).url;

describe('introspecting a subgraph', () => {
  it('returns the SDL the subgraph publishes', async () => {
    const { url } = await startSubgraph(() => federated('type Query { me: String @shareable }'));
    expect(await introspect(url)).toContain('me: String @shareable');
  });

  it.each<[string, RequestListener, string]>([
    ['an error status', (_, response) => response.writeHead(503).end('busy'), 'got status 503 with "busy"'],
    ['no JSON', (_, response) => response.end('<html>'), 'got status 200 with "<html>"'],
    [
      'a service that wants signatures',
      (_, response) => response.writeHead(401).end('no'),
      'got status 401 with "no" (asked without a signature: is ATRIUM_SIGNING_SECRET missing?)',
    ],
    ['an empty body', (_, response) => response.end(), 'got status 200 with an empty body'],
    [
      'an error instead of an SDL',
      (_, response) => response.end('{"errors":[{"message":"Cannot query field _service"}]}'),
      String.raw`got status 200 with "{\"errors\":[{\"message\":\"Cannot query field _service\"}]}"`,
    ],
    ['an empty SDL', (_, response) => response.end('{"data":{"_service":{"sdl":" "}}}'), 'got status 200 with'],
    [
      'a redirect, which is not followed',
      (_, response) => response.writeHead(307, { location: '/elsewhere' }).end(),
      'got status 307',
    ],
    ['too long an answer', (_, response) => response.end('x'.repeat(10_001)), 'the answer is longer than 10000 bytes'],
  ])('names the subgraph and what came: %s', async (_, listener, message) => {
    const url = await answering(listener);
    await expect(introspect(url)).rejects.toThrow(`subgraph users at ${url} did not tell its schema: `);
    await expect(introspect(url)).rejects.toThrow(message);
  });

  it('cuts a long answer short in its message', async () => {
    const url = await answering((_, response) => response.end('x'.repeat(5_000)));
    await expect(introspect(url)).rejects.toThrow(`"${'x'.repeat(200)}..."`);
  });

  it('names a refused connection', async () => {
    const server = await startSubgraph(() => '');
    await server.close();
    await expect(introspect(server.url)).rejects.toThrow('did not tell its schema: connect ECONNREFUSED');
  });

  it('gives up on a subgraph that does not answer in time', async () => {
    const url = await answering(() => {});
    await expect(introspect(url, { timeoutMs: 20 })).rejects.toThrow('no answer within 20 ms');
  });

  it('ends with the signal it is given', async () => {
    const stop = new AbortController();
    const url = await answering(() => stop.abort());
    await expect(introspect(url, { signal: stop.signal })).rejects.toThrow('aborted');
  });

  it('keeps credentials and query of the address out of its message', async () => {
    const { port } = new URL(await answering((_, response) => response.writeHead(500).end()));
    const failure = introspect(`http://user:secret@127.0.0.1:${port}/graphql?key=secret`);
    await expect(failure).rejects.toThrow(`at http://127.0.0.1:${port}/graphql did not tell its schema`);
    await expect(failure).rejects.not.toThrow('secret');
  });
});
