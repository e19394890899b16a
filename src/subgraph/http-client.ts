import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { Pool } from 'undici';
import type { ErrorCode } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { RequestContext } from '../core/request-context.ts';
import type { SubgraphClient, SubgraphRequest, SubgraphResponse } from './client.ts';
import { exchange, tooLarge } from './exchange.ts';
import type { HttpResponse } from './exchange.ts';
import { createHeaderPolicy } from './headers.ts';
import type { HeaderRules } from './headers.ts';
import { Problem } from './problem.ts';
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

/** Where a subgraph is asked. */
interface Address {
  readonly pool: Pool;
  readonly path: string;
}

export function createTransport(options: HttpClientOptions): Transport {
  const pools = new Map<string, Pool>();
  const policy = createHeaderPolicy(options.headers);

  const addressOf = (text: string): Address => {
    const url = new URL(text);
    let pool = pools.get(url.origin);
    if (pool === undefined) {
      pool = new Pool(url.origin, { headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } });
      pools.set(url.origin, pool);
    }
    return { pool, path: url.pathname + url.search };
  };

  const ask = ({ pool, path }: Address, request: SubgraphRequest, context: RequestContext): Promise<HttpResponse> => {
    const timeoutMs = Math.min(options.timeoutMs(request.subgraph), context.deadline - performance.now());
    if (timeoutMs <= 0) throw new Problem('SUBGRAPH_TIMEOUT', 'no time was left to ask');
    const body = `{"query":${request.queryJson},"variables":${request.variables}}`;
    return exchange(
      pool,
      { method: 'POST', path, headers: policy.toSubgraph(context), body },
      // A mutation that was sent runs to its end: nobody would know what it has done.
      { timeoutMs, maxBytes: options.maxResponseBytes, signal: request.kind === 'query' ? context.signal : undefined },
    );
  };

  const clientFor = (urls: ReadonlyMap<string, string>): SubgraphClient => {
    const addresses = new Map([...urls].map(([name, url]) => [name, addressOf(url)]));
    return {
      async send(request, context) {
        const { subgraph, entities } = request;
        const started = performance.now();
        const record = (status: number, code?: ErrorCode): void => {
          const milliseconds = performance.now() - started;
          context.record.calls.push({
            subgraph,
            milliseconds,
            status,
            entities,
            ...(code === undefined ? {} : { code }),
          });
        };
        let status = 0;
        try {
          const address = addresses.get(subgraph);
          if (address === undefined) throw new Problem('SUBGRAPH_UNREACHABLE', 'the supergraph has no URL for it');
          const response = await ask(address, request, context);
          ({ status } = response);
          policy.toClient(response.headers, context);
          const outcome = toResponse(response, await decompressed(response, options.maxResponseBytes));
          record(status);
          return outcome;
        } catch (error) {
          const problem = error instanceof Problem ? error : new Problem('SUBGRAPH_UNREACHABLE', 'no answer', error);
          const { code, reason } = problem;
          record(status, code);
          const fields = { subgraph, requestId: context.requestId, code, status, reason };
          options.logger.warn(fields, 'A request to a subgraph failed');
          return failed(code);
        }
      },
    };
  };

  return {
    clientFor,
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

const decompressors: Readonly<
  Record<string, (body: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

function decompressed({ headers, body }: HttpResponse, maxBytes: number): Buffer | Promise<Buffer> {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return body;
  const decompress = Object.hasOwn(decompressors, encoding) ? decompressors[encoding] : undefined;
  if (decompress === undefined) throw new Problem('SUBGRAPH_INVALID_RESPONSE', `unknown content-encoding ${encoding}`);
  return decompress(body, { maxOutputLength: maxBytes }).catch((error: unknown) => {
    if (error instanceof RangeError) throw tooLarge(maxBytes);
    throw new Problem('SUBGRAPH_INVALID_RESPONSE', 'unreadable compressed body', error);
  });
}

function toResponse({ status, headers }: HttpResponse, body: Buffer): SubgraphResponse {
  if (status >= 300 && status < 400) throw new Problem('SUBGRAPH_HTTP_ERROR', `redirect with status ${status} refused`);
  const parsed = parseResponse(headers['content-type'], body);
  if (!('problem' in parsed)) return { ...parsed, headers };
  if (status >= 400) throw new Problem('SUBGRAPH_HTTP_ERROR', `status ${status}`);
  throw new Problem('SUBGRAPH_INVALID_RESPONSE', parsed.problem);
}

const clientMessages: Partial<Record<ErrorCode, string>> = {
  SUBGRAPH_TIMEOUT: 'A subgraph did not answer in time.',
  SUBGRAPH_HTTP_ERROR: 'A subgraph answered with an HTTP error.',
  SUBGRAPH_INVALID_RESPONSE: 'A subgraph gave an answer that is not a GraphQL response.',
};

/** Which subgraph it was stands in the log: clients need not know how the graph is split up. */
function failed(code: ErrorCode): SubgraphResponse {
  const message = clientMessages[code] ?? 'A subgraph cannot be reached.';
  return { data: null, errors: [{ message, extensions: { code } }], headers: {} };
}
