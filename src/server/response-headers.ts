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

/**
 * The body of an answer with these header values, for `reply.send`. Node writes the head that goes with a text in UTF-8,
 * like the text, but in a header value each character stands for a byte.
 */
export function bodyBeside(values: Iterable<string>, text: string): string | Buffer {
  for (const value of values) if (/[\u0080-\u00ff]/.test(value)) return Buffer.from(text);
  return text;
}
