import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { ApolloServer } from '@apollo/server';
import { onTestFinished } from 'vitest';
import { createMemoryBackend } from '../../src/cache/cache-backend.ts';
import type { CacheBackend } from '../../src/cache/cache-backend.ts';
import { createEntityCache } from '../../src/cache/create-entity-cache.ts';
import { createMutationInvalidation } from '../../src/cache/mutation-invalidation.ts';
import type { MutationInvalidations } from '../../src/cache/mutation-invalidation.ts';
import { schemaFacts } from '../../src/cache/schema-facts.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createRequestContext } from '../../src/core/request-context.ts';
import type { RequestContext } from '../../src/core/request-context.ts';
import { AtriumGateway } from '../../src/gateway.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';

/** What a subgraph answers, over HTTP; `hang` never does. */
export interface HttpAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: object | string;
  readonly hang?: boolean;
}

export interface Call {
  readonly subgraph: string;
  readonly query: string;
  readonly representations: readonly Readonly<Record<string, unknown>>[];
  readonly headers: IncomingHttpHeaders;
}

export interface CachedGateway {
  readonly backend: CacheBackend;
  readonly calls: Call[];
  /** What the subgraphs answer from now on. */
  answer: (call: Call) => HttpAnswer | Promise<HttpAnswer>;
  ask(query: string, context?: Partial<RequestContext>): Promise<{ data?: unknown; errors?: readonly unknown[] }>;
  pass(milliseconds: number): void;
  /** What is kept is written after the answer, and for a moment afterwards nobody else loads it. */
  written(): Promise<void>;
}

/** A gateway with a cache in this process, before subgraphs that answer what the test says. */
export async function openCachedGateway(
  sdls: Readonly<Record<string, string>>,
  answer: CachedGateway['answer'],
  {
    invalidate = {},
    timeoutMs = 300,
  }: { readonly invalidate?: MutationInvalidations; readonly timeoutMs?: number } = {},
): Promise<CachedGateway> {
  const calls: Call[] = [];
  const servers = await Promise.all(
    Object.keys(sdls).map((subgraph) =>
      listen(async (body, headers, response) => {
        const { query, variables } = JSON.parse(body);
        const representations = Object.values(Object(variables)).flatMap((value) =>
          Array.isArray(value) ? value : [],
        );
        const call = { subgraph, query, representations, headers };
        calls.push(call);
        const { status = 200, headers: own = {}, body: answered = {}, hang = false } = await gateway.answer(call);
        if (hang) return;
        response.writeHead(status, { 'content-type': 'application/json', ...own });
        response.end(typeof answered === 'string' ? answered : JSON.stringify(answered));
      }),
    ),
  );
  const sources = Object.entries(sdls).map(([name, sdl], index) => {
    const address = servers[index]?.address();
    if (typeof address !== 'object' || address === null) throw new Error('Expected a server that listens');
    const { port } = address;
    return { name, sdl, url: `http://127.0.0.1:${port}/` };
  });
  const composition = await composeSubgraphs(sources);
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));

  let now = 1e12;
  const clock = () => now;
  const backend = createMemoryBackend({ maxBytes: 1_000_000, clock });
  const atrium = new AtriumGateway({
    supergraphSdl: composition.supergraphSdl,
    subgraph: () => ({ timeoutMs }),
    createCache: (supergraphId, sdl) =>
      createEntityCache(backend, {
        facts: schemaFacts(sdl),
        supergraphId,
        forwardedHeaders: ['authorization'],
        logger: silentLogger,
        clock,
        random: () => 0,
      }),
    invalidateAfter: createMutationInvalidation(invalidate, backend.log, silentLogger),
  });
  const apollo = new ApolloServer<object>({
    gateway: atrium,
    stopOnTerminationSignals: false,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await apollo.start();
  onTestFinished(async () => {
    await apollo.stop();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });
  const gateway: CachedGateway = {
    backend,
    calls,
    answer,
    async ask(query, context = {}) {
      const { body } = await apollo.executeOperation({ query }, { contextValue: createRequestContext(context) });
      if (body.kind === 'incremental') throw new Error('expected one result, got several');
      return JSON.parse(JSON.stringify(body.singleResult));
    },
    pass(milliseconds) {
      now += milliseconds;
    },
    async written() {
      await new Promise((resolve) => setImmediate(resolve));
      now += 100;
    },
  };
  return gateway;
}

async function listen(
  handle: (body: string, headers: IncomingHttpHeaders, response: ServerResponse) => Promise<void>,
): Promise<Server> {
  const server = createServer((request, response) => {
    text(request)
      .then((body) => handle(body, request.headers, response))
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}
