import type { Fault } from './fault-proxy.ts';
import type { Laboratory } from './laboratory.ts';
import type { Misbehaviour } from './subgraph-server.ts';

export const json = { 'content-type': 'application/json' };

/** `reviews` answers so. */
export const answering =
  (misbehaviour: Misbehaviour) =>
  (lab: Laboratory): void =>
    lab.subgraphs.reviews.answerWith(misbehaviour);

export const sending = (body: string | Buffer, headers: Record<string, string> = json, status = 200) =>
  answering((response) => void response.writeHead(status, headers).end(body));

/** The body of the answer as `change` makes it of the healthy one. */
export const changing = (change: (data: { _entities: unknown[] }) => unknown) =>
  answering((response, { data }) => {
    response.writeHead(200, json).end(JSON.stringify(change(data as { _entities: unknown[] })));
  });

export const behind = (fault: Fault) => (lab: Laboratory) => lab.proxies.reviews.become(fault);

export const unreachable = { code: 'SUBGRAPH_UNREACHABLE', tries: 2 };
export const invalid = { code: 'SUBGRAPH_INVALID_RESPONSE', tries: 1 };
export const timedOut = { code: 'SUBGRAPH_TIMEOUT', tries: 1 };
export const httpError = { code: 'SUBGRAPH_HTTP_ERROR', tries: 1 };
export const own = (message: string, code: string) => ({
  tries: 1,
  errors: [0, 1].map((index) => ({ message, path: ['top', index, 'rating'], extensions: { code } })),
});
export const at = (index: number, message: string, code: string) => ({
  message,
  path: ['top', index, 'rating'],
  extensions: { code },
});
