import type { FastifyRequest } from 'fastify';
import type { FormattedExecutionResult } from 'graphql';
import type { RequestContext } from '../core/request-context.ts';
import { createAccessRecord } from '../telemetry/access-log.ts';
import type { AccessRecord } from '../telemetry/access-log.ts';
import type { ClientAddress } from './client-address.ts';
import type { DoorRequest } from './door.ts';
import { json } from './media-type.ts';

/** What the front keeps about one request, of any path, from its first line to the log line. */
export interface Exchange extends DoorRequest {
  /** In milliseconds of `performance.now()`. */
  readonly startedAt: number;
  readonly path: string;
  readonly record: AccessRecord;
  /** What the client accepts an answer in; JSON until the Accept header was read. */
  mediaType: string;
  /** Aborted when the client goes away; null until the operation starts. */
  abort: AbortController | null;
  readonly held: ServerContext['held'];
}

/** The request's context with what the server needs of it. */
export interface ServerContext extends RequestContext {
  readonly record: AccessRecord;
  /** Apollo Server's result, once there is one. */
  readonly held: { result?: FormattedExecutionResult };
}

declare module 'fastify' {
  interface FastifyRequest {
    exchange: Exchange;
  }
}

export function createExchange({ id, raw, url }: FastifyRequest, clientAddress: ClientAddress): Exchange {
  const query = url.indexOf('?');
  const headers = joined(raw.headers);
  return {
    requestId: id,
    headers,
    clientAddress: clientAddress(raw.socket.remoteAddress, headers['x-forwarded-for']),
    principal: null,
    responseHeaders: new Map(),
    startedAt: performance.now(),
    path: query === -1 ? url : url.slice(0, query),
    record: createAccessRecord(),
    mediaType: json,
    abort: null,
    held: {},
  };
}

/** Node has joined repeated headers already, all but `set-cookie`, which no client sends in earnest. */
function joined(headers: FastifyRequest['headers']): Readonly<Record<string, string | undefined>> {
  const cookies = headers['set-cookie'];
  if (cookies === undefined) return headers as Record<string, string | undefined>;
  return { ...headers, 'set-cookie': cookies.join(', ') };
}
