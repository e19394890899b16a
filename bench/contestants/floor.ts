import Fastify from 'fastify';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { createAsk } from '../floor/ask-subgraph.ts';
import type { Ask } from '../floor/ask-subgraph.ts';
import { createCold } from '../floor/cold.ts';
import { deep } from '../floor/deep.ts';
import { list, lookUp } from '../floor/lists.ts';
import { orderHistory, storefront, updatePrice } from '../floor/shop.ts';

// The hand-written aggregator: node:http, undici, JSON and nothing else. It knows the one query it will be asked, which
// `--workload` names. For identical requests it is a bare Fastify handler that sends the same bytes each time.

const { values } = parseArgs({
  options: {
    workload: { type: 'string', default: 'deep' },
    supergraph: { type: 'string', default: '' },
    port: { type: 'string' },
    /** `name=url`, once for each subgraph. */
    subgraph: { type: 'string', multiple: true, default: [] },
  },
});
const urls = new Map(
  values.subgraph.map((text): [string, string] => {
    const at = text.indexOf('=');
    return [text.slice(0, at), text.slice(at + 1)];
  }),
);
const plans: Record<string, () => (ask: Ask, query: string, variables: object) => Promise<unknown>> = {
  deep: () => deep,
  'order-history': () => orderHistory,
  storefront: () => storefront,
  'list-100': () => list(100),
  'list-1000': () => list(1_000),
  'list-10000': () => list(10_000),
  mutation: () => updatePrice,
  'look-ups': () => lookUp,
  identical: () => deep,
  cold: () => createCold(values.supergraph),
};
const answer = plans[values.workload]?.();
if (answer === undefined) throw new Error(`no plan for "${values.workload}"`);

if (values.workload === 'identical') {
  const stored = JSON.stringify({ data: await deep(createAsk(urls, undefined)) });
  const app = Fastify();
  app.post('/graphql', (_request, reply) => reply.type('application/json; charset=utf-8').send(stored));
  await app.listen({ host: '127.0.0.1', port: Number(values.port) });
} else {
  createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const { query, variables = {} } = JSON.parse(body) as { query: string; variables?: object };
      answer(createAsk(urls, request.headers.authorization), query, variables).then(
        (data) => {
          const text = JSON.stringify({ data });
          response.writeHead(200, {
            'content-type': 'application/json; charset=utf-8',
            'content-length': Buffer.byteLength(text),
          });
          response.end(text);
        },
        (error: unknown) => {
          console.error(error);
          response.writeHead(500).end();
        },
      );
    });
  }).listen(Number(values.port), '127.0.0.1');
}
