import { HeaderMap } from '@apollo/server';
import type { ApolloServer } from '@apollo/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AtriumConfig } from '../config/config.ts';
import { ConfigurationError, RequestError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { RequestContext } from '../core/request-context.ts';
import { errorCodesOf } from '../telemetry/access-log.ts';
import { createCors } from './cors.ts';
import { createApp } from './create-app.ts';
import type { DoorStep } from './door.ts';
import type { Exchange, ServerContext } from './exchange.ts';
import { serveExplorer } from './explorer-files.ts';
import { checkSearch, paramsOfBody } from './graphql-params.ts';
import { graphqlResponse, html, json, negotiate } from './media-type.ts';
import { setResponseHeaders } from './response-headers.ts';

export interface FrontOptions {
  readonly server: AtriumConfig['server'];
  readonly mode: AtriumConfig['mode'];
  readonly door: readonly DoorStep[];
  /** Started by the caller before `listen`, stopped by the caller after `close`. */
  readonly apollo: ApolloServer<ServerContext>;
  /** What it returns is merged into the context; the request's own keys stay as they are. */
  readonly extendContext?: ((context: RequestContext) => object | Promise<object>) | undefined;
  /** Folder of the explorer's files; without it, and in production mode, there is no explorer. */
  readonly explorerDirectory?: string | undefined;
  /** What is missing while requests are answered all the same. */
  readonly degraded?: (() => readonly string[]) | undefined;
  readonly logger: Logger;
}

export interface Front {
  /** @throws ConfigurationError when the address cannot be had */
  listen(): Promise<{ url: string; port: number }>;
  /**
   * Stops accepting, lets requests in flight end, and cuts what is left after `shutdownMs`; connections whose request is
   * not whole by then, after a second. May be called again: every call waits for the same end.
   */
  close(): Promise<void>;
}

/** What a client that is still sending when the front stops has left to finish. */
const sendingMs = 1_000;

const methods = { '/graphql': 'GET, POST, OPTIONS', '/health/live': 'GET, HEAD', '/health/ready': 'GET, HEAD' };

/** The HTTP server: `/graphql` (GraphQL over HTTP), `/health/*` and, in development mode, `/explorer/`. */
export async function createFront(options: FrontOptions): Promise<Front> {
  const { server, door, apollo, logger } = options;
  const development = options.mode === 'development';
  const setCors = createCors(server.cors);
  let closing: Promise<void> | undefined;

  const { app, cutUnsent } = createApp({
    maxBodyBytes: server.maxBodyBytes,
    trustedProxies: server.trustedProxies,
    logger,
    isClosing: () => closing !== undefined,
    methods,
  });
  app.options('/graphql', (request, reply) => {
    setCors(request, reply);
    return reply.code(204).header('allow', methods['/graphql']).send();
  });
  // Apollo Server is asked directly, not through @as-integrations/fastify: that handler builds a URL per request, and
  // has no place for the request's own headers, the media type chosen here, or an answer known without Apollo Server.
  app.route({ method: ['GET', 'POST'], url: '/graphql', onRequest: enter, handler: answer });
  app.route({ method: ['GET', 'HEAD'], url: '/health/live', handler: (_, reply) => health('live', reply) });
  app.route({
    method: ['GET', 'HEAD'],
    url: '/health/ready',
    handler: (_, reply) => health(closing === undefined ? 'ready' : 'stopping', reply, options.degraded?.()),
  });
  if (development && options.explorerDirectory !== undefined) serveExplorer(app, options.explorerDirectory);
  await app.ready();
  return { listen, close: () => (closing ??= stop()) };

  /** Everything that is decided before the body is read. */
  async function enter(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { exchange } = request;
    setCors(request, reply);
    const mayBePage = development && request.method === 'GET';
    const mediaType = negotiate(
      request.headers.accept,
      mayBePage ? [json, graphqlResponse, html] : [json, graphqlResponse],
    );
    if (mediaType === null) {
      const message = 'Expected an Accept header that takes application/json or application/graphql-response+json.';
      throw new RequestError('NOT_ACCEPTABLE', message);
    }
    if (mediaType === html) return sendLandingPage(request, reply);
    exchange.mediaType = mediaType;
    for (const step of door) {
      const passing = step.run(exchange);
      if (passing !== undefined) await passing;
    }
    return undefined;
  }

  /** From the body to the answer. */
  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { exchange, method } = request;
    let search = '';
    let body: Record<string, unknown> | undefined;
    if (method === 'POST') body = paramsOfBody(typeof request.body === 'string' ? request.body : '');
    else checkSearch((search = request.url.slice(exchange.path.length)));

    const response = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method, headers: headerMap(exchange), search, body },
      context: () => createContext(exchange, reply),
    });
    if (response.body.kind === 'chunked') throw new Error('expected one complete result, got incremental delivery');
    // It is text by now, but Apollo Server's objects outlive the request and would take the data into the old generation.
    if (exchange.held.result !== undefined) delete exchange.held.result.data;

    const status = response.status ?? 200;
    if (status >= 400 && exchange.record.errorCodes.length === 0) {
      // Apollo Server refuses some requests before any plugin hears of them; why stands in its answer alone.
      exchange.record.errorCodes = errorCodesOf(JSON.parse(response.body.string));
    }
    for (const [name, value] of response.headers) reply.header(name, value);
    setResponseHeaders(exchange.responseHeaders, reply);
    return reply.code(status).header('content-type', exchange.mediaType).send(response.body.string);
  }

  async function createContext(exchange: Exchange, reply: FastifyReply): Promise<ServerContext> {
    const abort = new AbortController();
    if (reply.raw.destroyed) abort.abort();
    exchange.abort = abort;
    const context: ServerContext = {
      requestId: exchange.requestId,
      headers: exchange.headers,
      principal: exchange.principal,
      clientAddress: exchange.clientAddress,
      signal: abort.signal,
      deadline: exchange.startedAt + server.requestTimeoutMs,
      responseHeaders: exchange.responseHeaders,
      record: exchange.record,
      held: exchange.held,
    };
    if (options.extendContext === undefined) return context;
    try {
      return { ...(await options.extendContext(context)), ...context };
    } catch (error) {
      throw error instanceof RequestError ? error.toGraphQLError() : error;
    }
  }

  /** Apollo Sandbox. Should Apollo Server read the Accept header differently, nothing is executed past the door. */
  async function sendLandingPage({ exchange }: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const response = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: 'GET', headers: headerMap(exchange), search: '', body: undefined },
      context: () => Promise.reject(new RequestError('NOT_ACCEPTABLE', 'Expected text/html.').toGraphQLError()),
    });
    if (response.body.kind === 'chunked') throw new Error('expected a page, got incremental delivery');
    return reply
      .code(response.status ?? 200)
      .type(html)
      .header('cache-control', 'no-store')
      .send(response.body.string);
  }

  async function listen(): Promise<{ url: string; port: number }> {
    const { host } = server;
    try {
      await app.listen({ host, port: server.port });
    } catch (cause) {
      const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
      throw new ConfigurationError(`Expected to listen on ${host}, port ${server.port}, got ${reason}.`, { cause });
    }
    const address = app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : server.port;
    return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port };
  }

  async function stop(): Promise<void> {
    const sending = setTimeout(cutUnsent, sendingMs);
    const cut = setTimeout(() => app.server.closeAllConnections(), server.shutdownMs);
    try {
      await app.close();
    } finally {
      clearTimeout(sending);
      clearTimeout(cut);
    }
  }
}

function health(
  status: 'live' | 'ready' | 'stopping',
  reply: FastifyReply,
  degraded: readonly string[] = [],
): FastifyReply {
  return reply
    .code(status === 'stopping' ? 503 : 200)
    .header('cache-control', 'no-store')
    .send({ status, ...(degraded.length > 0 && { degraded }) });
}

function headerMap({ headers }: Exchange): HeaderMap {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) map.set(name, value);
  return map;
}
