import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { subgraphDefaults } from '../../src/config/subgraph-defaults.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createRequestRecord } from '../../src/core/request-context.ts';
import type { FetchContext } from '../../src/core/request-context.ts';
import type { SubgraphClient, SubgraphRequest } from '../../src/subgraph/client.ts';
import { createTransport } from '../../src/subgraph/http-client.ts';
import type { HttpClientOptions } from '../../src/subgraph/http-client.ts';
import type { SubgraphTarget } from '../../src/subgraph/upstream.ts';

/** What a test has opened, the last first. */
export const closers: (() => Promise<void>)[] = [];

export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0)) await close();
}

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A subgraph that answers as told; `received` grows by a request each. */
export async function subgraph(
  answer: (response: ServerResponse, request: IncomingMessage) => void = sending(JSON.stringify(data)),
) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      received.push({ method, url, headers, body });
      answer(response, request);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/graphql?v=1`, received, server };
}

export function sending(body: string | Uint8Array, headers: Record<string, string> = json, status = 200) {
  return (response: ServerResponse): void => void response.writeHead(status, headers).end(body);
}

/** What is sent again is for tests of just that. */
const callsOnce = { retry: { ...subgraphDefaults.retry, maxTries: 1 } };

export function clientOf(url: string, options: Partial<HttpClientOptions & SubgraphTarget> = {}): SubgraphClient {
  const transport = createTransport({
    headers: { toSubgraphs: ['authorization', 'X-Tenant'], toClients: ['x-cost'] },
    maxResponseBytes: 1_000,
    logger: silentLogger,
    ...options,
  });
  closers.unshift(() => transport.close());
  return transport.clientFor(
    new Map([['s', { ...subgraphDefaults, ...callsOnce, timeoutMs: 5_000, url, ...options }]]),
  );
}

export function contextWith(more: Partial<FetchContext> = {}): FetchContext {
  return {
    requestId: 'r-1',
    headers: {},
    principal: null,
    clientAddress: '127.0.0.1',
    signal: new AbortController().signal,
    deadline: performance.now() + 30_000,
    responseHeaders: new Map(),
    record: createRequestRecord(),
    generation: 'g',
    scopeOf: () => undefined,
    ...more,
  };
}

export const query: SubgraphRequest = {
  subgraph: 's',
  kind: 'query',
  query: '{a}',
  queryJson: '"{a}"',
  variables: '{"x":1}',
  entities: 0,
};

export const json = { 'content-type': 'application/json' };
export const data = { data: { a: 1 } };
