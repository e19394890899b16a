import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../src/config/parse-config.ts';
import { silentLogger } from '../src/core/logger.ts';
import { createAtrium } from '../src/create-atrium.ts';

it('ends a start when it is stopped meanwhile, and leaves nothing listening', async () => {
  // A service that takes the connection and says nothing until it is cut.
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const atrium = createAtrium(
    parseConfig(
      {
        server: { port: 0 },
        supergraph: {
          services: { users: { url: `http://127.0.0.1:${port}/graphql` } },
          fallback: new URL('../schemas/supergraph.graphql', import.meta.url).pathname,
        },
      },
      {},
    ),
    { logger: silentLogger },
  );
  const asked = once(silent, 'connection');
  const started = atrium.start();
  const [socket] = await asked;
  const stopped = atrium.stop();
  socket.destroy();
  expect(await started).toBeUndefined();
  await stopped;
});

it('answers after a start and no more after a stop', async () => {
  const file = new URL('../schemas/supergraph.graphql', import.meta.url).pathname;
  const config = parseConfig({ server: { port: 0 }, supergraph: { file, watch: false } }, {});
  const atrium = createAtrium(config, { logger: silentLogger });
  const address = await atrium.start();
  expect((await fetch(`${address?.url}/health/ready`)).status).toBe(200);
  await Promise.all([atrium.stop(), atrium.stop()]);
  await expect(fetch(`${address?.url}/health/live`)).rejects.toThrow('fetch failed');
});
