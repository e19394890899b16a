import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CannedAnswers } from './canned-answers.ts';
import { answerParent } from './support/answer-parent.ts';
import { faultSchema } from './support/schemas.ts';
import type { Fault } from './support/schemas.ts';
import { createCatalogue } from './worlds/catalogue.ts';
import { createShop } from './worlds/shop.ts';
import type { BenchSubgraph, World } from './worlds/world.ts';

// All subgraphs of both worlds in one process, each at a port of its own. It counts the calls.

const counts = { calls: 0, executed: 0 };
const worlds: Record<string, World> = { catalogue: createCatalogue(), shop: createShop() };
const faults = new Map<string, Fault>();
const servers = new Map<string, { readonly server: Server; readonly port: number }>();
const listening: { world: string; name: string; url: string; sdl: string }[] = [];
for (const [world, { subgraphs }] of Object.entries(worlds)) {
  for (const subgraph of subgraphs) {
    const { name, sdl } = subgraph;
    const server = serve(subgraph);
    const { port } = await listen(server);
    servers.set(name, { server, port });
    listening.push({ world, name, sdl, url: `http://127.0.0.1:${port}/graphql` });
  }
}

answerParent({
  subgraphs: () => listening,
  counts: () => counts,
  fault(payload) {
    const { subgraph, fault } = faultSchema.parse(payload);
    const { server, port } = servers.get(subgraph) ?? {};
    if (fault === 'down') {
      server?.close();
      server?.closeAllConnections();
    } else if (faults.get(subgraph) === 'down') server?.listen(port, '127.0.0.1');
    faults.set(subgraph, fault);
    return null;
  },
});

function serve(subgraph: BenchSubgraph): Server {
  const answers = new CannedAnswers(subgraph);
  return createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      counts.calls += 1;
      const fault = faults.get(subgraph.name);
      if (fault === 'hangs') return undefined;
      if (typeof fault === 'object' && Math.random() < fault.unavailable) return response.writeHead(503).end();
      const text = Buffer.concat(chunks).toString('utf8');
      // As in the shop, the catalogue is public.
      const isPublic = subgraph.name === 'products' || text.includes('"__typename":"Product"');
      const send = (answer: Buffer) => {
        response.writeHead(200, {
          'content-type': 'application/json',
          'content-length': answer.length,
          // Nobody keeps anything unless configured to.
          'cache-control': isPublic ? 'public, max-age=3600' : 'max-age=3600',
        });
        response.end(answer);
      };
      const known = answers.find(text);
      if (known !== undefined) return send(known);
      counts.executed += 1;
      answers.execute(text).then(send, (error: unknown) => {
        console.error(`${subgraph.name} cannot answer ${text.slice(0, 500)}:`, error);
        response.writeHead(500).end();
      });
    });
  });
}

function listen(server: Server): Promise<AddressInfo> {
  // Longer than a pause between two rounds: no gateway shall pay for connections that were closed meanwhile.
  server.keepAliveTimeout = 600_000;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('expected an address with a port');
      resolve(address);
    });
  });
}
