import { buildConnector, Pool } from 'undici';

/** What ended HTTP/1.1 connections that had answered something before. */
const endsAfterUse = new WeakSet<Error>();

export interface PoolOptions {
  /** Speak HTTP/2 where TLS settles on it (ALPN), else HTTP/1.1. */
  readonly http2: boolean;
  /** The name a certificate has to be for, where the origin is an address. */
  readonly servername?: string | undefined;
}

/** Connections to one origin. */
export function createPool(origin: string, { http2, servername }: PoolOptions): Pool {
  const connect = buildConnector({
    timeout: 10_000,
    allowH2: http2,
    preferH2: http2,
    ...(servername !== undefined && { servername }),
  });
  return new Pool(origin, {
    allowH2: http2,
    // Both would start anew with every byte that drips in; for HTTP/2 requests bring their own.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect(options, callback) {
      connect(options, (...outcome) => {
        const [failure, socket] = outcome;
        // HTTP/2 says by GOAWAY which requests it has not seen, and undici sends those again.
        if (failure === null && !('alpnProtocol' in socket && socket.alpnProtocol === 'h2')) {
          socket.once('error', (error) => {
            if (socket.bytesRead > 0) endsAfterUse.add(error);
          });
        }
        callback(...outcome);
      });
    },
  });
}

/** Did this end a connection that had answered something? The message of a Node or undici error does not tell. */
export function endedAfterUse(error: Error): boolean {
  return endsAfterUse.has(error);
}
