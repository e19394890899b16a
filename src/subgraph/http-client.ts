import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import type { ErrorCode } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { RequestContext } from '../core/request-context.ts';
import type { SubgraphClient, SubgraphRequest, SubgraphResponse } from './client.ts';
import { createHeaderPolicy } from './headers.ts';
import type { HeaderRules } from './headers.ts';
import { parseResponse } from './read-response.ts';

export interface HttpClientOptions {
  readonly headers: HeaderRules;
  /** Longest time for one request, answer included, in milliseconds. */
  readonly timeoutMs: (subgraph: string) => number;
  /** Counted after decompression. */
  readonly maxResponseBytes: number;
  readonly logger: Logger;
}

/** Connections to subgraphs, kept over all generations of the supergraph. */
export interface Transport {
  /** A client that finds each subgraph at the URL given for it. */
  clientFor(urls: ReadonlyMap<string, string>): SubgraphClient;
  close(): Promise<void>;
}

export function createTransport(options: HttpClientOptions): Transport {
  const pools = new Map<string, Pool>();
  const policy = createHeaderPolicy(options.headers);

  const poolOf = (origin: string): Pool => {
    let pool = pools.get(origin);
    if (pool === undefined) {
      // Bodies and headers are timed as a whole below: undici's own timeouts start anew with every byte that drips in.
      pool = new Pool(origin, { headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } });
      pools.set(origin, pool);
    }
    return pool;
  };

  const send = async (url: URL, request: SubgraphRequest, context: RequestContext): Promise<Exchange> => {
    const controller = new AbortController();
    const allowed = Math.min(options.timeoutMs(request.subgraph), context.deadline - performance.now());
    if (allowed <= 0) throw new Problem('SUBGRAPH_TIMEOUT', 'no time was left to ask');
    const timer = setTimeout(() => controller.abort(new Problem('SUBGRAPH_TIMEOUT', 'timed out')), allowed);
    // A mutation that was sent runs to its end: nobody would know what it has done.
    const abandon = (): void => controller.abort(new Problem('SUBGRAPH_UNREACHABLE', 'the client went away'));
    if (request.kind === 'query') {
      if (context.signal.aborted) abandon();
      else context.signal.addEventListener('abort', abandon, { once: true });
    }
    try {
      const response = await poolOf(url.origin).request({
        method: 'POST',
        path: url.pathname + url.search,
        headers: policy.toSubgraph(context),
        body: `{"query":${request.queryJson},"variables":${request.variables}}`,
        signal: controller.signal,
      });
      const body = await readBody(response, options.maxResponseBytes);
      return { status: response.statusCode, headers: lowerCased(response.headers), body };
    } catch (error) {
      // Which error undici throws for an abort depends on when it comes; the reason given says it best.
      if (controller.signal.aborted) throw controller.signal.reason;
      throw error;
    } finally {
      clearTimeout(timer);
      context.signal.removeEventListener('abort', abandon);
    }
  };

  return {
    clientFor(urls) {
      const parsed = new Map([...urls].map(([name, url]) => [name, new URL(url)]));
      return {
        async send(request, context) {
          const started = performance.now();
          let status = 0;
          let outcome: SubgraphResponse;
          let code: ErrorCode | undefined;
          try {
            const url = parsed.get(request.subgraph);
            if (url === undefined) throw new Problem('SUBGRAPH_UNREACHABLE', 'the supergraph has no URL for it');
            const exchange = await send(url, request, context);
            ({ status } = exchange);
            policy.toClient(exchange.headers, context);
            outcome = toResponse(exchange);
          } catch (error) {
            const problem = error instanceof Problem ? error : new Problem('SUBGRAPH_UNREACHABLE', 'no answer', error);
            ({ code } = problem);
            options.logger.warn(
              { subgraph: request.subgraph, requestId: context.requestId, code, status, reason: reasonOf(problem) },
              'A request to a subgraph failed',
            );
            outcome = failed(request.subgraph, problem);
          }
          const milliseconds = Math.round((performance.now() - started) * 100) / 100;
          context.record.calls.push({
            subgraph: request.subgraph,
            milliseconds,
            status,
            entities: request.entities,
            ...(code === undefined ? {} : { code }),
          });
          return outcome;
        },
      };
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

/** What went wrong between here and the subgraph; the message and the cause are for operators only. */
class Problem extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

/** One line for the log: a stack would only name the HTTP client's insides. */
function reasonOf({ message, cause }: Problem): string {
  if (!(cause instanceof Error)) return message;
  // Node gathers the attempts for several addresses in one error that has no message of its own.
  const text = cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
  return `${message}: ${text}`;
}

interface Exchange {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

const decompressors: Readonly<
  Record<string, (body: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

async function readBody(response: Dispatcher.ResponseData, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const encoding = lowerCased(response.headers)['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return body;
  const decompress = decompressors[encoding];
  if (decompress === undefined) throw new Problem('SUBGRAPH_INVALID_RESPONSE', `unknown content-encoding ${encoding}`);
  try {
    return await decompress(body, { maxOutputLength: maxBytes });
  } catch (error) {
    const isTooLarge = error instanceof RangeError;
    throw isTooLarge
      ? tooLarge(maxBytes)
      : new Problem('SUBGRAPH_INVALID_RESPONSE', 'unreadable compressed body', error);
  }
}

function tooLarge(maxBytes: number): Problem {
  return new Problem('SUBGRAPH_INVALID_RESPONSE', `the answer is larger than ${maxBytes} bytes`);
}

function lowerCased(headers: Dispatcher.ResponseData['headers']): Record<string, string | undefined> {
  const result: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) {
    result[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return result;
}

function toResponse({ status, headers, body }: Exchange): SubgraphResponse {
  if (status >= 300 && status < 400) throw new Problem('SUBGRAPH_HTTP_ERROR', `redirect with status ${status} refused`);
  const parsed = parseResponse(headers['content-type'], body);
  if (!('problem' in parsed)) return { ...parsed, headers };
  if (status >= 400) throw new Problem('SUBGRAPH_HTTP_ERROR', `status ${status}`);
  throw new Problem('SUBGRAPH_INVALID_RESPONSE', parsed.problem);
}

const clientMessages: Partial<Record<ErrorCode, string>> = {
  SUBGRAPH_TIMEOUT: 'did not answer in time.',
  SUBGRAPH_HTTP_ERROR: 'answered with an HTTP error.',
  SUBGRAPH_INVALID_RESPONSE: 'gave an answer that is not a GraphQL response.',
};

function failed(subgraph: string, problem: Problem): SubgraphResponse {
  const message = `The subgraph ${subgraph} ${clientMessages[problem.code] ?? 'cannot be reached.'}`;
  return { data: null, errors: [{ message, extensions: { code: problem.code } }], headers: {} };
}
