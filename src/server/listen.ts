import type { FastifyInstance } from 'fastify';
import { ConfigurationError } from '../core/errors.ts';

export interface Address {
  readonly url: string;
  readonly port: number;
}

/**
 * Listens and tells where: port 0 becomes the one it got.
 * @param remedy what an operator does about a port that is taken
 * @throws ConfigurationError when the address cannot be had
 */
export async function listen(
  app: FastifyInstance,
  { host, port: wanted }: { readonly host: string; readonly port: number },
  remedy: string,
): Promise<Address> {
  try {
    await app.listen({ host, port: wanted });
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const message =
      reason === 'EADDRINUSE'
        ? `port ${wanted} is taken: ${remedy}`
        : `Expected to listen on ${host}, port ${wanted}, got ${reason}.`;
    throw new ConfigurationError(message, { cause });
  }
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : wanted;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port };
}
