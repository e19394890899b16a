import type { FastifyReply } from 'fastify';
import { RequestError } from '../core/errors.ts';
import type { Exchange } from './exchange.ts';
import { bodyBeside, setResponseHeaders } from './response-headers.ts';

/** Answers a request with the error alone. */
export function refuse(refusal: RequestError, exchange: Exchange, reply: FastifyReply): FastifyReply {
  exchange.record.errorCodes = [refusal.code];
  setResponseHeaders(exchange.responseHeaders, reply);
  return reply
    .headers(refusal.headers)
    .header('content-type', exchange.mediaType)
    .code(refusal.status)
    .send(bodyBeside(exchange.responseHeaders.values(), refusal.toResponseBody()));
}

/** What a client is told about an error: what Fastify finds wrong with a request is the client's, the rest is ours. */
export function refusalOf(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 500;
  if (status === 415) return new RequestError('UNSUPPORTED_MEDIA_TYPE', 'Expected content-type application/json.');
  if (status === 413) return new RequestError('PAYLOAD_TOO_LARGE', 'Expected a shorter body.');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new RequestError('BAD_REQUEST', 'Expected a well-formed HTTP request.');
  }
  return new RequestError('INTERNAL_SERVER_ERROR', 'Internal server error', { cause: error });
}

/** For a path nobody serves, or not with this method; `methods` are Allow headers by path. */
export function nothingHere(method: string, path: string, methods: Readonly<Record<string, string>>): RequestError {
  const allow = Object.hasOwn(methods, path) ? methods[path] : undefined;
  if (allow === undefined) {
    return new RequestError(
      'NOT_FOUND',
      `Expected one of the paths ${Object.keys(methods).join(', ')}, got another one.`,
    );
  }
  const message = `Expected one of the methods ${allow}, got ${method}.`;
  return new RequestError('METHOD_NOT_ALLOWED', message, { headers: { allow } });
}
