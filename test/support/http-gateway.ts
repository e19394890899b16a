import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { defaultFieldResolver, execute, parse } from 'graphql';
import type { AtriumUserConfig } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import type { Logger } from '../../src/core/logger.ts';
import { createAtrium } from '../../src/create-atrium.ts';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';

export interface HttpSubgraph {
  readonly sdl: string;
  /** By type and field; other fields are members of their parents. */
  readonly resolvers?: Readonly<Record<string, Readonly<Record<string, Resolver>>>>;
  /** Of its answers. */
  readonly headers?: (call: SubgraphCall) => Readonly<Record<string, string>>;
}

type Resolver = (args: Readonly<Record<string, unknown>>, headers: IncomingHttpHeaders) => unknown;

export interface SubgraphCall {
  readonly subgraph: string;
  readonly headers: IncomingHttpHeaders;
  /** As it came. */
  readonly body: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The client of the subgraph went away before it had its answer. */
  isAbandoned: boolean;
}

export interface LogLine {
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

/** `atrium serve` in this process, with subgraphs that are asked over HTTP. */
export interface HttpGateway {
  readonly url: string;
  readonly adminUrl: string;
  readonly calls: SubgraphCall[];
  readonly log: LogLine[];
  readonly supergraphFile: string;
  post(body: object, init?: Init): Promise<Response>;
  get(params: Record<string, string>, init?: Init): Promise<Response>;
  /** Resolves with the first line that matches, at once when there is one. */
  logged(matches: (line: LogLine) => boolean): Promise<LogLine>;
  /** Resolves when there are so many calls. */
  called(count: number): Promise<unknown>;
  /** Resolves when that call's client has gone away. */
  abandoned(call: SubgraphCall | undefined): Promise<unknown>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Init {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** `config` knows the folder that everything lies in. */
export async function startHttpGateway(
  subgraphs: Readonly<Record<string, HttpSubgraph>>,
  config: (folder: string) => Partial<AtriumUserConfig>,
): Promise<HttpGateway> {
  const closers: (() => Promise<unknown>)[] = [];
  const calls: SubgraphCall[] = [];
  const log: LogLine[] = [];
  const wakers = new Set<() => void>();
  const wake = () => wakers.forEach((waker) => waker());
  const until = async <T>(find: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      wakers.add(resolve);
      await promise;
      wakers.delete(resolve);
    }
  };
  const write = (fields: object, message: string) => {
    log.push({ message, fields: { ...fields } });
    wake();
  };
  const logger: Logger = { debug: write, info: write, warn: write, error: write };

  const folder = await mkdtemp(join(tmpdir(), 'atrium-'));
  closers.unshift(() => rm(folder, { recursive: true }));
  const sources = [];
  for (const [name, subgraph] of Object.entries(subgraphs)) {
    const { url, close } = await serve(name, subgraph, calls, wake);
    closers.unshift(close);
    sources.push({ name, url, sdl: subgraph.sdl });
  }
  const composition = await composeSubgraphs(sources);
  if (!composition.ok) throw new Error(composition.errors.map(({ message }) => message).join('\n'));
  const supergraphFile = join(folder, 'supergraph.graphql');
  await writeFile(supergraphFile, composition.supergraphSdl);

  const input = { server: { port: 0 }, supergraph: { file: supergraphFile, watch: false }, ...config(folder) };
  const atrium = createAtrium(parseConfig(input, {}, { directory: folder }), { logger });
  closers.unshift(() => atrium.stop());
  const close = async () => {
    for (const closer of closers) await closer();
  };
  const address = await atrium.start().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const url = `${address?.url}/graphql`;
  return {
    url,
    adminUrl: String(address?.adminUrl),
    calls,
    log,
    supergraphFile,
    post: (body, { headers, ...init } = {}) =>
      fetch(url, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
        ...init,
      }),
    get: (params, { headers, ...init } = {}) =>
      fetch(`${url}?${new URLSearchParams(params).toString()}`, {
        headers: { 'apollo-require-preflight': '1', ...headers },
        ...init,
      }),
    logged: (matches) => until(() => log.find(matches)),
    called: (count) => until(() => calls[count - 1]),
    abandoned: (call) => until(() => call?.isAbandoned || undefined),
    [Symbol.asyncDispose]: close,
  };
}

async function serve(
  name: string,
  { sdl, resolvers = {}, headers }: HttpSubgraph,
  calls: SubgraphCall[],
  onChange: () => void,
): Promise<{ url: string; close: () => Promise<unknown> }> {
  const schema = buildSubgraphSchema({ typeDefs: parse(sdl) });
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { query, variables } = JSON.parse(body);
      const call = { subgraph: name, headers: request.headers, body, query, variables, isAbandoned: false };
      response.on('close', () => {
        call.isAbandoned = !response.writableFinished;
        onChange();
      });
      calls.push(call);
      onChange();
      void answer(call);
    });
    const answer = async (call: SubgraphCall): Promise<void> => {
      const document = parse(call.query);
      const result = await execute({
        schema,
        document,
        variableValues: call.variables,
        fieldResolver(source, args, context, info) {
          const resolve = resolvers[info.parentType.name]?.[info.fieldName];
          return resolve?.(args, call.headers) ?? defaultFieldResolver(source, args, context, info);
        },
      });
      response.writeHead(200, { 'content-type': 'application/json', ...headers?.(call) });
      // Beside a text Node would write the head in UTF-8.
      response.end(Buffer.from(JSON.stringify(result)));
    };
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
