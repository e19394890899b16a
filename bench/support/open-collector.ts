import { once } from 'node:events';
import { createServer } from 'node:http';

export const collectorUrl = 'http://127.0.0.1:14318';

/** Takes what is exported to it and forgets it. */
export async function openCollector(): Promise<{ close(): void }> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.setHeader('content-type', 'application/json').end('{}'));
  }).listen(Number(new URL(collectorUrl).port), '127.0.0.1');
  await once(server, 'listening');
  return {
    close() {
      server.close().closeAllConnections();
    },
  };
}
