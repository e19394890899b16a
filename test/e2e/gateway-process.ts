import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { vi } from 'vitest';
import { root, start } from '../cli/run.ts';

export const bin = join(root, 'bin/atrium');

/** What the tests read of a request's log line. */
export interface RequestLine {
  readonly msg: string;
  /** With workers: which of them it was. */
  readonly worker?: number;
  readonly requestId: string;
  readonly codes: readonly string[];
  readonly calls: readonly { readonly subgraph: string; readonly status: number; readonly entities: number }[];
  readonly cacheHits: number;
  readonly cacheMisses: number;
}

export interface Ask {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
  readonly token?: string;
  readonly headers?: Record<string, string>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly data?: Record<string, unknown> | null;
    readonly errors?: readonly {
      readonly message: string;
      readonly path?: readonly (string | number)[];
      readonly extensions?: Readonly<Record<string, unknown>>;
    }[];
  };
  /** As it was sent. */
  readonly text: string;
}

export interface GatewayProcess {
  readonly origin: string;
  /** What it wrote, line by line, to stderr and to stdout. */
  readonly messages: readonly string[];
  readonly log: readonly string[];
  /** A POST to `/graphql`. */
  ask(ask: Ask): Promise<Answer>;
  /** The log line of a request, which is written after the answer was sent. */
  lineOf(answer: Answer): Promise<RequestLine>;
  signal(name: NodeJS.Signals): void;
  /** The exit code, when it has ended by itself. */
  readonly ended: Promise<number | null>;
  /** Ends it if it still runs; the exit code. */
  stop(): Promise<number | null>;
}

export interface GatewayProcessOptions {
  readonly parameters?: readonly string[];
  /** Parameters of Node itself. */
  readonly nodeParameters?: readonly string[];
  /** What stands before `serve`, in place of Node and `bin/atrium`; signals go to all that it starts. */
  readonly command?: readonly [string, ...string[]];
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/**
 * `bin/atrium serve` on a free port, with nothing of this process' environment but the PATH. Rejects with what it
 * wrote when it ends instead of answering.
 */
export async function startGateway(options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
  const { parameters = [], nodeParameters = [], env = {}, cwd = root } = options;
  const [executable, ...before] = options.command ?? [process.execPath, ...nodeParameters, bin];
  const child = start(executable, [...before, 'serve', '--port', '0', ...parameters], {
    cwd,
    env: { ATRIUM_ADMIN_PORT: '0', ...env },
    detached: options.command !== undefined,
  });
  const signal = (name: NodeJS.Signals): void => {
    if (options.command === undefined || child.pid === undefined) child.kill(name);
    else process.kill(-child.pid, name);
  };
  const exited = once(child, 'close');
  const messages = linesOf(child.stderr);
  const log = linesOf(child.stdout);
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) signal('SIGTERM');
    await exited;
    return child.exitCode;
  };

  const origin = await vi.waitUntil(
    () => {
      if (child.exitCode !== null) throw new Error(`The gateway ended: ${[...messages, ...log].join('\n')}`);
      return messages.map((line) => /^Atrium answers at (\S+)\/graphql/.exec(line)?.[1]).find(Boolean);
    },
    { timeout: 60_000, interval: 20 },
  );
  return {
    origin,
    messages,
    log,
    ask: (question) => askAt(`${origin}/graphql`, question),
    lineOf: (answer) =>
      vi.waitUntil(
        () =>
          log
            .map((line): RequestLine => JSON.parse(line))
            .find(({ msg, requestId }) => msg === 'request' && requestId === answer.headers.get('x-request-id')),
        { timeout: 5_000, interval: 10 },
      ),
    signal,
    ended: exited.then(() => child.exitCode),
    stop,
  };
}

export async function askAt(url: string, { token, headers, ...params }: Ask): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(params),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text), text };
}

function linesOf(stream: Readable | null): string[] {
  const lines: string[] = [];
  if (stream !== null) createInterface(stream).on('line', (line) => lines.push(line));
  return lines;
}
