import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { graphql, GraphQLError } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { UnsecuredJWT } from 'jose';
import { explorerContentSecurityPolicy } from '../../src/server/explorer/content-security-policy.ts';
import { annsExplanation, carolsExplanation } from './order-explanations.ts';

export interface ExplorerGateway {
  /** The origin. */
  readonly url: string;
  close(): Promise<void>;
}

export const carolsToken = new UnsecuredJWT({ name: 'Carol' }).encode();

/**
 * As much of a gateway as the explorer meets: the built files with the policy they are served with, and a schema
 * answered from plain data. Whoever has no token is nobody, and nobody sees an order; nor does Carol. The order query is
 * explained to who asks for it.
 */
export async function startExplorerGateway(directory: string, schema: GraphQLSchema): Promise<ExplorerGateway> {
  const server = createServer((request, response) => {
    const answer = request.url === '/graphql' ? answerOperation : answerFile;
    answer(request, response).catch((error: unknown) => response.writeHead(404).end(String(error)));
  });

  async function answerOperation(request: IncomingMessage, response: ServerResponse) {
    const { query, operationName }: { query: string; operationName?: string } = JSON.parse(await text(request));
    const { authorization, 'x-atrium-explain': explain } = request.headers;
    const isCarol = authorization === `Bearer ${carolsToken}`;
    const rootValue = authorization === undefined ? catalogue : { ...catalogue, ...(isCarol ? carolsShop : annsShop) };
    const result = await graphql({ schema, source: query, operationName: operationName ?? null, rootValue });
    const isExplained = explain === '1' && operationName === 'OrderHistory' && authorization !== undefined;
    const extensions = { atrium: isCarol ? carolsExplanation : annsExplanation };
    response
      .setHeader('content-type', 'application/graphql-response+json')
      .end(JSON.stringify({ ...result, ...(isExplained && { extensions }) }));
  }

  async function answerFile(request: IncomingMessage, response: ServerResponse) {
    const name = (request.url ?? '').replace(/^\/explorer\//, '') || 'index.html';
    const content = await readFile(join(directory, name));
    response.setHeader('content-security-policy', explorerContentSecurityPolicy);
    response.setHeader('content-type', contentTypes[extname(name)] ?? 'application/octet-stream').end(content);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const euros = (amount: number) => ({ amount, currency: 'EUR' });

const teapot = { id: '1', sku: 'KIT-0001', name: 'Teapot', price: euros(2490), shippingEstimate: euros(490) };

const catalogue = {
  product: teapot,
  order: () => {
    throw new GraphQLError('Not allowed.', { extensions: { code: 'FORBIDDEN' } });
  },
};

const order = {
  id: '17',
  placedAt: '2025-03-01T09:30:00.000Z',
  status: 'PLACED',
  total: euros(4980),
  items: [{ quantity: 2, product: teapot }],
  payment: { status: 'PAID', method: { __typename: 'Card', brand: 'Visa', last4: '4242' } },
};

const annsShop = {
  me: { name: 'Ann', orders: { edges: [{ node: order }], pageInfo: { hasNextPage: false, endCursor: 'b3JkZXI' } } },
};

const carolsShop = {
  me: {
    name: 'Carol',
    orders: () => {
      throw new GraphQLError('The scope orders:read is needed', { extensions: { code: 'FORBIDDEN' } });
    },
  },
};
