import { silentLogger } from '../../src/core/logger.ts';
import { createRequestRecord } from '../../src/core/request-context.ts';
import type { FetchContext } from '../../src/core/request-context.ts';
import type { SubgraphClient, SubgraphRequest } from '../../src/subgraph/client.ts';
import { createTransport } from '../../src/subgraph/http-client.ts';
import type { HttpClientOptions, SubgraphTarget } from '../../src/subgraph/http-client.ts';

/** What a test has opened, the last first. */
export const closers: (() => Promise<void>)[] = [];

export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0)) await close();
}

export function clientOf(url: string, options: Partial<HttpClientOptions & SubgraphTarget> = {}): SubgraphClient {
  const { timeoutMs = 5_000, http2 = false, ...more } = options;
  const transport = createTransport({
    headers: { toSubgraphs: ['authorization', 'X-Tenant'], toClients: ['x-cost'] },
    maxResponseBytes: 1_000,
    logger: silentLogger,
    ...more,
  });
  closers.unshift(() => transport.close());
  return transport.clientFor(new Map([['s', { url, timeoutMs, http2 }]]));
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
