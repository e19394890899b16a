import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { ErrorCode } from '../core/errors.ts';
import type { FetchContext } from '../core/request-context.ts';
import type { RequestSigner } from '../core/sign-request.ts';
import { newSpanId, traceparent } from '../core/trace-context.ts';
import type { Verdict } from './circuit-breaker.ts';
import { failedResponse } from './client.ts';
import type { SubgraphRequest, SubgraphResponse } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import type { HeaderPolicy } from './headers.ts';
import { parseResponse } from './read-response.ts';
import { roundTrip, streamTimeouts, tooLarge } from './round-trip.ts';
import type { HttpResponse, Progress } from './round-trip.ts';
import { SubgraphFailure } from './subgraph-failure.ts';
import type { Retry } from './subgraph-failure.ts';
import type { Upstream } from './upstream.ts';

/** What is sent, and on whose behalf. */
export interface Sending {
  readonly upstream: Upstream;
  readonly request: SubgraphRequest;
  readonly context: FetchContext;
  /** When the answer has to be there, in milliseconds of `performance.now()`. */
  readonly until: number;
}

/** What one try has brought. */
export interface Attempt {
  readonly response: SubgraphResponse;
  /** Present when it failed, for the log. */
  readonly failure?: { readonly code?: ErrorCode; readonly status: number; readonly reason?: string };
  /** Present where another try may bring more. */
  readonly retry?: Retry;
}

export interface AttemptOptions {
  readonly policy: HeaderPolicy;
  readonly sign: RequestSigner | undefined;
  readonly maxResponseBytes: number;
}

/** Makes what sends a request to one instance once. Each is a call of its own in the record; none rejects. */
export function createAttempt({ policy, sign, maxResponseBytes }: AttemptOptions) {
  return async (sending: Sending, endpoint: Endpoint): Promise<Attempt> => {
    const { upstream, request, context, until } = sending;
    const { subgraph, entities } = request;
    const mayRepeat = request.kind === 'query';
    const started = performance.now();
    const leave = upstream.enter(endpoint, started);
    const progress: Progress = { sentAt: undefined, firstByteAt: undefined, bytes: 0 };
    const { trace, isExplained } = context.record;
    const spanId = trace && newSpanId();
    let status = 0;
    const record = (verdict: Verdict, failure?: SubgraphFailure): void => {
      const now = performance.now();
      leave(verdict, now);
      context.record.calls.push({
        subgraph,
        startedAt: started,
        milliseconds: now - started,
        status,
        entities,
        address: endpoint.origin,
        sentAt: progress.sentAt,
        firstByteAt: progress.firstByteAt,
        bytes: progress.bytes,
        group: request.group,
        variables: isExplained === true ? request.variables : undefined,
        spanId,
        ...(failure && { code: failure.code, reason: failure.reason }),
      });
    };
    try {
      if (until <= started) throw new SubgraphFailure('SUBGRAPH_TIMEOUT', 'no time was left to ask');
      const answer = await ask(sending, endpoint, until - started, spanId, progress);
      const { headers } = answer;
      ({ status } = answer);
      policy.toClient(headers, context);
      const response = toResponse(answer, await decompressed(answer, maxResponseBytes));
      record(status >= 500 && response.data === null ? 'failure' : 'success');
      if (response.data !== null || !isPassing(answer)) return { response };
      const failure = { status };
      return mayRepeat ? { response, failure, retry: retryAfter(answer) } : { response, failure };
    } catch (error) {
      const failure =
        error instanceof SubgraphFailure
          ? error
          : new SubgraphFailure('SUBGRAPH_UNREACHABLE', 'no answer', { cause: error });
      const { code, reason, retry } = failure;
      const hadItsTime = until - started > 0.9 * upstream.target.timeoutMs;
      record(verdictOf(failure, status, context.signal.aborted, hadItsTime), failure);
      const outcome = { response: failedResponse(code, status), failure: { code, status, reason } };
      return retry !== undefined && (mayRepeat || retry.after === 'unsent') ? { ...outcome, retry } : outcome;
    }
  };

  function ask(
    { upstream: { path, target }, request, context }: Sending,
    { pool, host }: Endpoint,
    timeoutMs: number,
    spanId: string | undefined,
    progress: Progress,
  ): Promise<HttpResponse> {
    const body = `{"query":${request.queryJson},"variables":${request.variables}}`;
    const method = 'POST';
    const headers = policy.toSubgraph(context, timeoutMs);
    const { subgraph } = request;
    const { trace } = context.record;
    if (trace !== undefined && spanId !== undefined) {
      headers['traceparent'] = traceparent(trace, spanId);
      // It belongs to the trace that a valid `traceparent` names.
      if (trace.parentSpanId === undefined) delete headers['tracestate'];
    }
    if (sign !== undefined)
      Object.assign(headers, sign({ subgraph, method, path, headers, body, principal: context.principal }));
    if (host !== undefined) headers['host'] = host;
    return roundTrip(
      pool,
      { method, path, headers, body, ...(target.http2 && streamTimeouts(timeoutMs)) },
      // A mutation that was sent runs to its end: nobody would know what it has done.
      { timeoutMs, maxBytes: maxResponseBytes, signal: request.kind === 'query' ? context.signal : undefined },
      progress,
    );
  }
}

/** What a failure says of the instance: nothing when the client left, or left it less than the time it may take. */
function verdictOf({ code }: SubgraphFailure, status: number, hasLeft: boolean, hadItsTime: boolean): Verdict {
  if (code === 'SUBGRAPH_TIMEOUT') return hadItsTime ? 'failure' : 'nothing';
  if (hasLeft) return 'nothing';
  return code === 'SUBGRAPH_UNREACHABLE' || status >= 500 ? 'failure' : 'success';
}

/** Does the server say that it is a matter of time? */
function isPassing({ status, headers }: HttpResponse): boolean {
  return status === 502 || status === 503 || status === 504 || (status === 429 && headers['retry-after'] !== undefined);
}

function retryAfter({ headers }: HttpResponse): Retry {
  return { after: 'answered', notBefore: headers['retry-after'] };
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
    throw new SubgraphFailure('SUBGRAPH_INVALID_RESPONSE', 'unreadable compressed body', { cause: error });
  });
}

function toResponse(answer: HttpResponse, body: Buffer): SubgraphResponse {
  const { status, headers } = answer;
  if (status >= 300 && status < 400)
    throw new SubgraphFailure('SUBGRAPH_HTTP_ERROR', `redirect with status ${status} refused`);
  const parsed = parseResponse(headers['content-type'], body);
  if (!('problem' in parsed)) return { ...parsed, headers };
  if (status >= 400)
    throw new SubgraphFailure('SUBGRAPH_HTTP_ERROR', `status ${status}`, {
      ...(isPassing(answer) && { retry: retryAfter(answer) }),
    });
  throw new SubgraphFailure('SUBGRAPH_INVALID_RESPONSE', parsed.problem);
}
