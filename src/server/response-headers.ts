import type { FastifyReply } from 'fastify';

/** They describe one connection or the body of another message (RFC 9110, sections 7.6.1 and 8), never this answer. */
const notOurs: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Puts the headers the rooms left in the context on the answer. */
export function setResponseHeaders(headers: ReadonlyMap<string, string>, reply: FastifyReply): void {
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  for (const [name, value] of headers) {
    if (notOurs.has(name)) continue;
    const present = name === 'vary' ? reply.getHeader('vary') : undefined;
    reply.header(name, present === undefined ? value : `${String(present)}, ${value}`);
  }
}
