import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { Pool } from 'undici';
import type { ErrorCode } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { FetchContext, Scope } from '../core/request-context.ts';
import { createRequestSigner } from '../core/sign-request.ts';
import { failedResponse } from './client.ts';
import type { SubgraphClient, SubgraphRequest, SubgraphResponse } from './client.ts';
import { createHeaderPolicy } from './headers.ts';
import type { Asker, HeaderRules } from './headers.ts';
import { createPool } from './pool.ts';
import { parseResponse } from './read-response.ts';
import { roundTrip, tooLarge } from './round-trip.ts';
import type { HttpResponse } from './round-trip.ts';
import { SubgraphFailure } from './subgraph-failure.ts';

export interface HttpClientOptions {
  readonly headers: HeaderRules;
  /** Counted after decompression. */
  readonly maxResponseBytes: number;
  readonly logger: Logger;
  /** Signs requests with the first; without them nothing is signed. */
  readonly signingSecrets?: readonly string[] | undefined;
}

/** How one subgraph is called. */
export interface SubgraphTarget {
  readonly url: string;
  /** Longest time for one request, answer and second try included, in milliseconds. */
  readonly timeoutMs: number;
  /** Speak HTTP/2 where a server of `https` offers it. */
  readonly http2: boolean;
}

/** Connections to subgraphs, kept over all generations of the supergraph. */
export interface Transport {
  /** A client for the subgraphs of these names. */
  clientFor(targets: ReadonlyMap<string, SubgraphTarget>): SubgraphClient;
  /** Whose answer a subgraph gives when it is asked for this request. All subgraphs are sent the same headers. */
  readonly scopeOf: (request: Asker) => Scope;
  close(): Promise<void>;
}

/** Where a subgraph is asked. */
interface Address {
  readonly pool: Pool;
  readonly path: string;
  readonly timeoutMs: number;
}

export function createTransport(options: HttpClientOptions): Transport {
  const pools = new Map<string, Pool>();
  const { signingSecrets } = options;
  const policy = createHeaderPolicy(options.headers, { signs: signingSecrets !== undefined });
  const sign = signingSecrets && createRequestSigner(signingSecrets, policy.deciding);

  const addressOf = (target: SubgraphTarget): Address => {
    const { origin, pathname, search } = new URL(target.url);
    const key = `${target.http2 ? 2 : 1} ${origin}`;
    const pool = pools.get(key) ?? createPool(origin, target.http2);
    pools.set(key, pool);
    return { pool, path: pathname + search, timeoutMs: target.timeoutMs };
  };

  const ask = (
    { pool, path }: Address,
    request: SubgraphRequest,
    context: FetchContext,
    until: number,
  ): Promise<HttpResponse> => {
    const timeoutMs = until - performance.now();
    if (timeoutMs <= 0) throw new SubgraphFailure('SUBGRAPH_TIMEOUT', 'no time was left to ask');
    const body = `{"query":${request.queryJson},"variables":${request.variables}}`;
    const method = 'POST';
    const headers = policy.toSubgraph(context);
    const { subgraph } = request;
    if (sign !== undefined)
      Object.assign(headers, sign({ subgraph, method, path, headers, body, principal: context.principal }));
    return roundTrip(
      pool,
      { method, path, headers, body },
      // A mutation that was sent runs to its end: nobody would know what it has done.
      { timeoutMs, maxBytes: options.maxResponseBytes, signal: request.kind === 'query' ? context.signal : undefined },
    );
  };

  /** One of at most two tries, each a call of its own in the record. */
  const attempt = async (
    address: Address | undefined,
    request: SubgraphRequest,
    context: FetchContext,
    until: number,
    mayTryAgain: boolean,
  ): Promise<SubgraphResponse> => {
    const { subgraph, entities } = request;
    const started = performance.now();
    let status = 0;
    const record = (code?: ErrorCode): void => {
      const milliseconds = performance.now() - started;
      context.record.calls.push({ subgraph, milliseconds, status, entities, ...(code && { code }) });
    };
    try {
      if (address === undefined) throw new SubgraphFailure('SUBGRAPH_UNREACHABLE', 'the supergraph has no URL for it');
      const response = await ask(address, request, context, until);
      ({ status } = response);
      policy.toClient(response.headers, context);
      const outcome = toResponse(response, await decompressed(response, options.maxResponseBytes));
      record();
      return outcome;
    } catch (error) {
      const failure =
        error instanceof SubgraphFailure ? error : new SubgraphFailure('SUBGRAPH_UNREACHABLE', 'no answer', error);
      const { code, reason } = failure;
      record(code);
      const fields = { subgraph, requestId: context.requestId, code, status, reason };
      if (mayTryAgain && failure.wasIdle) {
        options.logger.debug(fields, 'A subgraph closed an idle connection; it is asked again');
        return attempt(address, request, context, until, false);
      }
      options.logger.warn(fields, 'A request to a subgraph failed');
      return failedResponse(code, status);
    }
  };

  const clientFor = (targets: ReadonlyMap<string, SubgraphTarget>): SubgraphClient => {
    const addresses = new Map([...targets].map(([name, target]) => [name, addressOf(target)]));
    return {
      send(request, context) {
        const address = addresses.get(request.subgraph);
        const until = Math.min(performance.now() + (address?.timeoutMs ?? 0), context.deadline);
        // A mutation may have run although no answer came.
        return attempt(address, request, context, until, request.kind === 'query');
      },
    };
  };

  return {
    clientFor,
    scopeOf: policy.scopeOf,
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
  if (decompress === undefined)
    throw new SubgraphFailure('SUBGRAPH_INVALID_RESPONSE', `unknown content-encoding ${encoding}`);
  return decompress(body, { maxOutputLength: maxBytes }).catch((error: unknown) => {
    if (error instanceof RangeError) throw tooLarge(maxBytes);
    throw new SubgraphFailure('SUBGRAPH_INVALID_RESPONSE', 'unreadable compressed body', error);
  });
}

function toResponse({ status, headers }: HttpResponse, body: Buffer): SubgraphResponse {
  if (status >= 300 && status < 400)
    throw new SubgraphFailure('SUBGRAPH_HTTP_ERROR', `redirect with status ${status} refused`);
  const parsed = parseResponse(headers['content-type'], body);
  if (!('problem' in parsed)) return { ...parsed, headers };
  if (status >= 400) throw new SubgraphFailure('SUBGRAPH_HTTP_ERROR', `status ${status}`);
  throw new SubgraphFailure('SUBGRAPH_INVALID_RESPONSE', parsed.problem);
}
