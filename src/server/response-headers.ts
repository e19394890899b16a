import type { FastifyReply } from 'fastify';
import { connectionHeaders } from '../core/connection-headers.ts';

const notOurs: ReadonlySet<string> = new Set(connectionHeaders);

/** Puts headers that rooms made on the answer; names in lower case. */
export function setResponseHeaders(
  headers: Iterable<readonly [name: string, value: string]>,
  reply: FastifyReply,
): void {
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  for (const [name, value] of headers) {
    if (notOurs.has(name)) continue;
    const present = name === 'vary' ? reply.getHeader('vary') : undefined;
    reply.header(name, present === undefined ? value : `${String(present)}, ${value}`);
  }
}
