import { hash, timingSafeEqual } from 'node:crypto';
import type { MetricData } from '@opentelemetry/sdk-metrics';
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { bearerToken } from '../authentication/bearer-token.ts';
import type { AtriumConfig } from '../config/config.ts';
import { RequestError } from '../core/errors.ts';
import { isLoopback } from '../core/is-loopback.ts';
import type { Logger } from '../core/logger.ts';
import type { ExplainedAnswer } from '../explain/explanation.ts';
import type { SupergraphInUse } from '../gateway.ts';
import { prometheusText, prometheusType } from '../telemetry/prometheus.ts';
import { createApp } from './create-app.ts';
import { listen } from './listen.ts';
import type { Address } from './listen.ts';
import { parseJson } from './parse-json.ts';

/** What operators may ask of a gateway. Reject with a RequestError for what they are to be told. */
export interface AdminActions {
  /** Removes from the caches what `body`, any JSON, names; resolves with what is to be answered. */
  invalidate(body: unknown): Promise<object>;
  supergraph(): Promise<SupergraphInUse>;
  /** Everything counted since the start, of each process. */
  metrics(): Promise<readonly (readonly MetricData[])[]>;
  /** Answers the operation in `body`, any JSON, and tells how. */
  explain(body: unknown): Promise<ExplainedAnswer>;
}

export interface AdminOptions {
  readonly listener: AtriumConfig['admin'];
  readonly actions: AdminActions;
  /** Answered as it is, with 503 unless it is ready. */
  readonly health: () => { readonly status: 'starting' | 'ready' | 'stopping' };
  readonly logger: Logger;
}

export interface AdminListener extends Address {
  /** Cuts what is not answered by then. */
  close(): Promise<void>;
}

const usualPort = 4010;
const maxBodyBytes = 100_000;

/**
 * Opens the listener for operators, apart from the one for clients. Resolves when it answers.
 * @throws ConfigurationError when its address cannot be had
 */
export async function openAdmin({ listener, actions, health, logger }: AdminOptions): Promise<AdminListener> {
  const routes: readonly RouteOptions[] = [
    { method: 'GET', url: '/health', handler: (_, reply) => sendHealth(health(), reply) },
    {
      method: 'GET',
      url: '/supergraph',
      handler: async (_, reply) => sendSupergraph(await actions.supergraph(), reply),
    },
    {
      method: 'POST',
      url: '/cache/invalidate',
      handler: ({ body }) => actions.invalidate(parseJson(typeof body === 'string' ? body : '', 'the body')),
    },
    {
      method: 'GET',
      url: '/metrics',
      handler: async (_, reply) => reply.type(prometheusType).send(prometheusText(await actions.metrics())),
    },
    {
      method: 'POST',
      url: '/explain',
      handler: ({ body }) => actions.explain(parseJson(typeof body === 'string' ? body : '', 'the body')),
    },
  ];
  let closing = false;
  const { app } = createApp({
    maxBodyBytes,
    logger,
    trustedProxies: [],
    isClosing: () => closing,
    methods: Object.fromEntries(routes.map(({ method, url }) => [url, String(method)])),
  });
  app.addHook('onRequest', async ({ headers }, reply) => {
    reply.header('cache-control', 'no-store');
    admit(headers, listener);
  });
  for (const route of routes) app.route(route);
  const remedy = 'admin.port or ATRIUM_ADMIN_PORT chooses another, 0 any free one';
  const listenAt = (port: number) => listen(app, { host: listener.host, port }, remedy);
  // Asked for no port in particular, it makes do with another one; a test of who has it beforehand would be a race.
  const address =
    listener.port === undefined ? await listenAt(usualPort).catch(() => listenAt(0)) : await listenAt(listener.port);
  return {
    ...address,
    async close() {
      closing = true;
      const closed = app.close();
      app.server.closeAllConnections();
      await closed;
    },
  };
}

function sendHealth(health: ReturnType<AdminOptions['health']>, reply: FastifyReply): FastifyReply {
  return reply.code(health.status === 'ready' ? 200 : 503).send(health);
}

function sendSupergraph({ id, sdl, since }: SupergraphInUse, reply: FastifyReply): FastifyReply {
  return reply
    .headers({ etag: `"${id}"`, 'last-modified': since })
    .type('text/plain; charset=utf-8')
    .send(sdl);
}

/** @throws RequestError for whoever is not the operator, nor a program of this machine when it is reached from here alone */
function admit(
  { host = '', origin, authorization = '' }: FastifyRequest['headers'],
  listener: AtriumConfig['admin'],
): void {
  // What a browser sends on behalf of a page, whichever; the operator's tools have no origin.
  if (origin !== undefined) throw new RequestError('FORBIDDEN', 'Expected a request without an Origin header.');
  // A page whose own name was made to lead here reads answers as its own, and reads (GET) have no Origin header.
  if (isLoopback(listener.host) && !isLoopback(host.replace(/:\d*$/, ''))) {
    throw new RequestError('FORBIDDEN', 'Expected a Host header that names this machine as localhost or 127.0.0.1.');
  }
  const { token } = listener;
  if (token !== undefined && !isSame(bearerToken(authorization) ?? '', token)) {
    throw new RequestError('UNAUTHENTICATED', 'Expected the token of the admin listener in the Authorization header.', {
      headers: { 'www-authenticate': 'Bearer' },
    });
  }
}

/** Takes the same time whatever they have in common. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'));
}
