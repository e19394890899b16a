import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { defaultFieldResolver, execute, parse } from 'graphql';

type Members = Readonly<Record<string, unknown>>;

export interface SubgraphSource {
  readonly sdl: string;
  /** By type and field; other fields are members of their parents. */
  readonly resolvers: Readonly<Record<string, Readonly<Record<string, (args: Members, source: Members) => unknown>>>>;
}

export interface ReceivedCall {
  readonly headers: IncomingHttpHeaders;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** When its client has gone away before it had its answer, in milliseconds of `performance.now()`. */
  abandonedAt?: number;
}

/** `healthy` is what the schema answers. */
export type Misbehaviour = (response: ServerResponse, healthy: { data?: unknown }, call: ReceivedCall) => void;

/** A subgraph with a schema, until it is told to misbehave. */
export interface SubgraphServer {
  readonly url: string;
  readonly calls: ReceivedCall[];
  /** Requests that have no answer yet and whose client waits. */
  readonly inFlight: number;
  answerWith(misbehaviour: Misbehaviour | undefined): void;
  close(): Promise<void>;
}

export async function startSubgraphServer({ sdl, resolvers }: SubgraphSource): Promise<SubgraphServer> {
  const schema = buildSubgraphSchema({ typeDefs: parse(sdl) });
  const calls: ReceivedCall[] = [];
  let misbehaviour: Misbehaviour | undefined;
  let inFlight = 0;

  const server = createServer((request, response) => {
    inFlight += 1;
    let call: ReceivedCall | undefined;
    response.on('close', () => {
      inFlight -= 1;
      if (call !== undefined && !response.writableFinished) call.abandonedAt = performance.now();
    });
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { query, variables } = JSON.parse(body);
      call = { headers: request.headers, query, variables };
      calls.push(call);
      void answer(response, call);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function answer(response: ServerResponse, call: ReceivedCall): Promise<void> {
    const { data, errors } = await execute({
      schema,
      document: parse(call.query),
      variableValues: call.variables,
      fieldResolver(source, args, context, info) {
        const resolve = resolvers[info.parentType.name]?.[info.fieldName];
        return resolve === undefined ? defaultFieldResolver(source, args, context, info) : resolve(args, source ?? {});
      },
    });
    const healthy = { data, ...(errors && { errors }) };
    if (misbehaviour !== undefined) misbehaviour(response, healthy, call);
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(healthy));
  }

  return {
    url: `http://127.0.0.1:${port}/graphql`,
    calls,
    get inFlight() {
      return inFlight;
    },
    answerWith(next) {
      misbehaviour = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
