import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import { afterEach } from 'vitest';

export interface TestServer {
  readonly url: string;
  close(): Promise<void>;
}

const open: TestServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** A server on a free port of 127.0.0.1 that ends with the test; `port` starts one where another ended. */
export async function startServer(listener: RequestListener, port = 0): Promise<TestServer> {
  const server = createServer(listener);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address');
  const started = {
    url: `http://127.0.0.1:${address.port}/graphql`,
    async close() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
  open.push(started);
  return started;
}

/** A federated subgraph without data that executes what it is asked. */
export async function startSubgraph(sdl: () => string, port?: number): Promise<TestServer> {
  return startServer((request, response) => {
    void (async () => {
      const { query } = JSON.parse(await textOf(request)) as { query: string };
      const schema = buildSubgraphSchema(parse(sdl()));
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify(await graphql({ schema, source: query })));
    })();
  }, port);
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
