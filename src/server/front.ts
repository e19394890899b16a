import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AtriumConfig } from '../config/config.ts';
import { RequestError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { timed } from '../core/timeline.ts';
import type { ExplainQuestion } from '../explain/explain-question.ts';
import type { ExplainedAnswer } from '../explain/explanation.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createOperationHandler, headerMap } from './answer-operation.ts';
import type { OperationOptions } from './answer-operation.ts';
import { createCors } from './cors.ts';
import { createApp } from './create-app.ts';
import type { DoorStep } from './door.ts';
import { createExplainGate, explainHeader } from './explain-gate.ts';
import { serveExplorer } from './explorer-files.ts';
import { listen } from './listen.ts';
import type { Address } from './listen.ts';
import { graphqlResponse, html, json, negotiate } from './media-type.ts';
import { createOverloadGuard } from './overload.ts';
import type { OverloadGuard } from './overload.ts';

export interface FrontOptions extends OperationOptions {
  readonly server: AtriumConfig['server'];
  readonly mode: AtriumConfig['mode'];
  readonly door: readonly DoorStep[];
  readonly explain?: AtriumConfig['explain'] | undefined;
  /** Folder of the explorer's files; without it, and in production mode, there is no explorer. */
  readonly explorerDirectory?: string | undefined;
  /** What is missing while requests are answered all the same. */
  readonly degraded?: (() => readonly string[]) | undefined;
  readonly telemetry?: Telemetry | undefined;
  readonly logger: Logger;
}

export interface Front {
  /** @throws ConfigurationError when the address cannot be had */
  listen(): Promise<Address>;
  /** Operations that are being answered, and requests that were refused for overload since the start. */
  readonly numbers: OverloadGuard['numbers'];
  /** The answer to an operation as if it had come by HTTP with these headers, with how it was made in its extensions. */
  explain(question: ExplainQuestion): Promise<ExplainedAnswer>;
  /**
   * Says that it is not ready, for `preStopMs` more; then stops accepting, lets requests in flight end, and cuts what is left after `shutdownMs`; connections whose request is
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
  const overload = createOverloadGuard(server.overload, { logger });
  const gate = createExplainGate(options);
  let closing: Promise<void> | undefined;

  const { app, cutUnsent } = createApp({
    maxBodyBytes: server.maxBodyBytes,
    trustedProxies: server.trustedProxies,
    logger,
    telemetry: options.telemetry,
    isClosing: () => closing !== undefined,
    methods,
  });
  app.options('/graphql', (request, reply) => {
    setCors(request, reply);
    return reply.code(204).header('allow', methods['/graphql']).send();
  });
  // Apollo Server is asked directly, not through @as-integrations/fastify: that handler builds a URL per request, and
  // has no place for the request's own headers, the media type chosen here, or an answer known without Apollo Server.
  app.route({ method: ['GET', 'POST'], url: '/graphql', onRequest: enter, handler: createOperationHandler(options) });
  app.route({ method: ['GET', 'HEAD'], url: '/health/live', handler: (_, reply) => health('live', reply) });
  app.route({
    method: ['GET', 'HEAD'],
    url: '/health/ready',
    handler: (_, reply) => {
      const isOverloaded = overload.reason() !== undefined;
      const status = closing !== undefined ? 'stopping' : isOverloaded ? 'overloaded' : 'ready';
      return health(status, reply, options.degraded?.());
    },
  });
  if (development && options.explorerDirectory !== undefined) serveExplorer(app, options.explorerDirectory);
  await app.ready();
  return {
    async listen() {
      const address = await listen(app, server, 'server.port, --port or PORT chooses another');
      overload.forgetDelays();
      return address;
    },
    close: () => (closing ??= stop()),
    get numbers() {
      return overload.numbers;
    },
    async explain({ headers, ...params }) {
      const { payload } = await app.inject({
        method: 'POST',
        url: '/graphql',
        headers: { ...headers, accept: json, 'content-type': 'application/json', [explainHeader]: gate.ownToken },
        payload: JSON.stringify(params),
      });
      const answer: ExplainedAnswer = JSON.parse(payload);
      return answer;
    },
  };

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
    overload.enter();
    reply.raw.once('close', () => overload.leave());
    gate.note(exchange);
    const { timeline } = exchange.record;
    for (const step of door) {
      const passing = timed(timeline, step.name, () => step.run(exchange));
      if (passing !== undefined) await passing;
    }
    const admitted = gate.enter(exchange);
    if (admitted !== undefined) await admitted;
    return undefined;
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

  async function stop(): Promise<void> {
    if (server.preStopMs > 0) await new Promise((resolve) => setTimeout(resolve, server.preStopMs));
    const sending = setTimeout(cutUnsent, sendingMs);
    const cut = setTimeout(() => app.server.closeAllConnections(), server.shutdownMs);
    try {
      await app.close();
    } finally {
      clearTimeout(sending);
      clearTimeout(cut);
      overload.close();
    }
  }
}

function health(
  status: 'live' | 'ready' | 'overloaded' | 'stopping',
  reply: FastifyReply,
  degraded: readonly string[] = [],
): FastifyReply {
  return reply
    .code(status === 'live' || status === 'ready' ? 200 : 503)
    .header('cache-control', 'no-store')
    .send({ status, ...(degraded.length > 0 && { degraded }) });
}
