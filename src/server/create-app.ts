import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import Fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { clientClosedRequest, logAccess } from '../telemetry/access-log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { answerBrokenRequest } from './broken-request.ts';
import { createClientAddress } from './client-address.ts';
import { readBody } from './content-parser.ts';
import { createExchange } from './exchange.ts';
import { nothingHere, refusalOf, refuse } from './refusal.ts';

export interface AppOptions {
  readonly maxBodyBytes: number;
  readonly trustedProxies: readonly string[];
  readonly logger: Logger;
  /** Absent for what concerns operators alone. */
  readonly telemetry?: Telemetry | undefined;
  /** While true, every answer ends its connection. */
  readonly isClosing: () => boolean;
  /** Allow header by path, for what is served at all. */
  readonly methods: Readonly<Record<string, string>>;
}

const safeRequestId = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * A Fastify instance with what holds for every path: request id, timeouts, bodies, refusals, the log line. `cutUnsent`
 * ends the connections on which no whole request has come, which Node takes for busy.
 */
export function createApp(options: AppOptions): { readonly app: FastifyInstance; readonly cutUnsent: () => void } {
  const { logger, telemetry } = options;
  const clientAddress = createClientAddress(options.trustedProxies);
  /** What is open, with the requests that are being received or answered. */
  const connections = new Map<Socket, Set<IncomingMessage>>();
  const app: FastifyInstance = Fastify({
    keepAliveTimeout: 72_000,
    requestTimeout: 30_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1_000 },
    exposeHeadRoutes: false,
    return503OnClosing: false,
    genReqId: ({ headers }: IncomingMessage) => requestIdOf(headers['x-request-id']),
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (cause, request, reply) => {
      begin(request, reply);
      refuse(new RequestError('BAD_REQUEST', 'Expected a valid URL.', { cause }), request.exchange, reply);
    },
  });

  app.server.on('connection', (socket) => {
    connections.set(socket, new Set());
    socket.once('close', () => connections.delete(socket));
  });
  app.decorateRequest('exchange');
  app.addHook('onRequest', (request, reply, done) => {
    begin(request, reply);
    done(request.is404 ? notServed(request) : undefined);
  });
  app.addHook('onSend', (_, reply, payload, done) => {
    if (options.isClosing()) reply.header('connection', 'close');
    done(null, payload);
  });
  app.setNotFoundHandler((request) => {
    throw notServed(request);
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
    readBody(request.headers, payload, options.maxBodyBytes),
  );

  app.setErrorHandler((error, { exchange }, reply) => {
    const refusal = refusalOf(error);
    if (refusal.code === 'INTERNAL_SERVER_ERROR') {
      logger.error({ requestId: exchange.requestId, err: error }, 'unexpected error while serving a request');
    }
    // Fastify closes the connection after a body it gave up reading, and a client that still sends may then lose the
    // answer to a reset. Node reads on and drops what comes, until the request's timeout.
    reply.removeHeader('connection');
    return refuse(refusal, exchange, reply);
  });
  return { app, cutUnsent };

  function cutUnsent(): void {
    for (const [socket, requests] of connections) {
      if (!Array.from(requests).some(({ complete }) => complete)) socket.destroy();
    }
  }

  function begin(request: FastifyRequest, reply: FastifyReply): void {
    const exchange = createExchange(request, clientAddress);
    request.exchange = exchange;
    if (exchange.path === '/graphql')
      telemetry?.begin(exchange.record, exchange.headers['traceparent'], exchange.startedAt);
    connections.get(request.raw.socket)?.add(request.raw);
    reply.raw.once('close', () => finish(request, reply));
    reply.header('x-content-type-options', 'nosniff').header('x-request-id', request.id);
  }

  function finish({ exchange, method, raw: message }: FastifyRequest, { raw }: FastifyReply): void {
    connections.get(message.socket)?.delete(message);
    // What this process asks itself has no connection to be lost.
    const sent = raw.writableFinished || !(message.socket instanceof Socket);
    if (!sent) exchange.abort?.abort();
    const status = sent ? raw.statusCode : clientClosedRequest;
    const finished = { ...exchange, method, status, milliseconds: performance.now() - exchange.startedAt };
    telemetry?.finish(finished);
    logAccess(logger, finished);
  }

  function notServed({ method, exchange }: FastifyRequest): RequestError {
    return nothingHere(method, exchange.path, options.methods);
  }
}

function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && safeRequestId.test(header) ? header : randomUUID();
}
