import { once } from 'node:events';
import { connect } from 'node:net';
import type { ApolloServerOptionsWithGateway, ApolloServerPlugin } from '@apollo/server';
import { buildSchema, execute } from 'graphql';
import { configSchema } from '../../src/config/config.ts';
import type { AtriumConfig } from '../../src/config/config.ts';
import type { Logger } from '../../src/core/logger.ts';
import type { RequestContext } from '../../src/core/request-context.ts';
import { openDocuments } from '../../src/documents/find-document.ts';
import { createPersistedQueries } from '../../src/documents/persisted-queries.ts';
import type { ServerContext } from '../../src/server/exchange.ts';
import { createApolloServer } from '../../src/server/apollo.ts';
import type { DoorStep } from '../../src/server/door.ts';
import { createFront } from '../../src/server/front.ts';

type Gateway = ApolloServerOptionsWithGateway<ServerContext>['gateway'];
type Executor = NonNullable<Awaited<ReturnType<Gateway['load']>>['executor']>;
export type Execution = Parameters<Executor>[0];

const schema = buildSchema(/* GraphQL */ `
  enum Colour {
    RED
    GREEN
  }
  input Filter {
    name: String
  }
  type Query {
    me: User
    echo(text: String, filter: Filter, colour: Colour): String
    slow: String
  }
  type User {
    id: ID!
    name: String
    friends: [User!]!
  }
  type Mutation {
    rename(name: String!): User
  }
  type Subscription {
    tick: Int
  }
`);

const ann = { id: '1', name: 'Ann', friends: () => [ann] };
const root = {
  me: () => ann,
  echo: ({ text, filter, colour }: { text?: string; filter?: { name?: string }; colour?: string }) =>
    text ?? filter?.name ?? colour,
  rename: ({ name }: { name: string }) => ({ ...ann, name }),
};

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

/** A running front over a gateway of one small schema, and what its clients and its log saw. */
export interface TestFront {
  readonly url: string;
  readonly port: number;
  /** What reached the gateway. */
  readonly executions: Execution[];
  readonly log: LogLine[];
  /** The context of the last operation the gateway executed. */
  context(): RequestContext;
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** A connection whose bytes the test writes itself. */
  socket(): RawSocket;
  /** Resolves with the next line of the log that `matches` (or one that is there already). */
  logged(matches: (line: LogLine) => boolean): Promise<LogLine>;
  /** Stops the front and leaves Apollo Server running. */
  stop(): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface RawSocket {
  write(part: string | Uint8Array): void;
  /** Resolves with all that was received as soon as it matches. */
  received(pattern: RegExp): Promise<string>;
  /** Resolves with all that was received once the connection has ended. */
  readonly closed: Promise<string>;
  destroy(): void;
}

export interface TestFrontOptions {
  mode?: AtriumConfig['mode'];
  introspection?: boolean;
  server?: Partial<AtriumConfig['server']>;
  limits?: Partial<AtriumConfig['limits']>;
  door?: readonly DoorStep[];
  plugins?: readonly ApolloServerPlugin<RequestContext>[];
  extendContext?: (context: RequestContext) => object | Promise<object>;
  explorerDirectory?: string;
  /** Answers instead of the schema. */
  executor?: (execution: Execution, context: RequestContext) => ReturnType<Executor>;
}

export async function startFront(options: TestFrontOptions = {}): Promise<TestFront> {
  const executions: Execution[] = [];
  const log: LogLine[] = [];
  const waiting = new Set<() => void>();
  const write = (level: LogLine['level']) => (fields: object, message: string) => {
    log.push({ level, message, fields: { ...fields } });
    for (const wake of waiting) wake();
  };
  const logger: Logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const contextOf = (execution: Execution) => execution.context as ServerContext;

  const executor: Executor = async (execution) => {
    executions.push(execution);
    if (options.executor !== undefined) return options.executor(execution, contextOf(execution));
    const { document, request, context } = execution;
    return execute({
      schema,
      document,
      rootValue: root,
      contextValue: context,
      variableValues: request.variables,
      operationName: request.operationName,
    });
  };
  const gateway: Gateway = {
    onSchemaLoadOrUpdate(callback) {
      callback({ apiSchema: schema, coreSupergraphSdl: '' });
      return () => {};
    },
    load: async () => ({ executor }),
    stop: async () => {},
  };

  const mode = options.mode ?? 'production';
  const persisted = createPersistedQueries({ maxTextBytes: 100_000 });
  const documents = openDocuments({ persisted, manifest: [], mode: 'off', logger });
  const apollo = createApolloServer({
    gateway,
    mode,
    introspection: options.introspection ?? mode === 'development',
    limits: configSchema.shape.limits.parse(options.limits ?? {}),
    persistedQueries: persisted.cache,
    plugins: options.plugins ?? [],
    logger,
  });
  await apollo.start();
  const front = await createFront({
    server: { ...defaults, ...options.server },
    mode,
    door: options.door ?? [],
    apollo,
    documents,
    extendContext: options.extendContext,
    explorerDirectory: options.explorerDirectory,
    logger,
  });
  const { url, port } = await front.listen();
  const close = async () => {
    await front.close();
    await apollo.stop();
  };

  return {
    url,
    port,
    executions,
    log,
    context() {
      const execution = executions.at(-1);
      if (execution === undefined) throw new Error('expected an execution, got none');
      return contextOf(execution);
    },
    post: (body, headers = {}) =>
      fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      }),
    get: (path, headers = {}) => fetch(`${url}${path}`, { headers, redirect: 'manual' }),
    socket: () => openSocket(port),
    async logged(matches) {
      for (;;) {
        const line = log.find(matches);
        if (line !== undefined) return line;
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await promise;
        waiting.delete(resolve);
      }
    },
    stop: () => front.close(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const defaults: AtriumConfig['server'] = {
  host: '127.0.0.1',
  port: 0,
  maxBodyBytes: 1_000_000,
  requestTimeoutMs: 30_000,
  preStopMs: 0,
  shutdownMs: 10_000,
  overload: { maxInFlight: 1_000, maxEventLoopDelayMs: 60_000, maxHeapShare: 1 },
  trustedProxies: [],
  workers: 1,
};

function openSocket(port: number): RawSocket {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  const { promise: closed, resolve: close } = Promise.withResolvers<string>();
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  // A reset is an end like any other for these tests: what matters is what was received before.
  socket.on('error', () => {});
  socket.on('close', () => close(text));
  return {
    write: (part) => socket.write(part),
    async received(pattern) {
      while (!pattern.test(text)) {
        await Promise.race([once(socket, 'data'), closed]);
        if (socket.destroyed && !pattern.test(text))
          throw new Error(`expected ${pattern}, got ${JSON.stringify(text)}`);
      }
      return text;
    },
    closed,
    destroy: () => socket.destroy(),
  };
}
