import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AtriumConfig } from '../config/config.ts';

/** Headers of ours that scripts of other origins may read. */
const exposed = 'x-request-id, retry-after, ratelimit, ratelimit-policy';

/** Puts the CORS headers (Fetch standard, section 3.2) on the answer to any request, preflights included. */
export type Cors = (request: FastifyRequest, reply: FastifyReply) => void;

export function createCors(config: AtriumConfig['server']['cors']): Cors {
  if (config === undefined) return () => {};
  const { origins, credentials } = config;
  const maxAge = String(config.maxAgeSeconds);
  const everyone = origins === '*';
  return (request, reply) => {
    const { origin } = request.headers;
    if (!everyone) reply.header('vary', 'Origin');
    if (origin === undefined || !(everyone || origins.includes(origin))) return;
    reply.header('access-control-allow-origin', everyone ? '*' : origin);
    if (credentials && !everyone) reply.header('access-control-allow-credentials', 'true');
    if (request.method !== 'OPTIONS') {
      reply.header('access-control-expose-headers', exposed);
      return;
    }
    reply.header('access-control-allow-methods', 'GET, POST');
    reply.header('access-control-max-age', maxAge);
    const asked = request.headers['access-control-request-headers'];
    if (asked !== undefined) reply.header('access-control-allow-headers', asked);
    reply.header('vary', everyone ? 'Access-Control-Request-Headers' : 'Origin, Access-Control-Request-Headers');
  };
}
