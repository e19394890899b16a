import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { endedAfterUse } from './pool.ts';
import { neverConnected, SubgraphFailure } from './subgraph-failure.ts';

/** A response with its body, still as it was encoded. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** How far it came; filled in while it runs. Times are those of `performance.now()`. */
export interface Progress {
  /** When it was handed to a connection. */
  sentAt: number | undefined;
  firstByteAt: number | undefined;
  /** Of the body as it comes. */
  bytes: number;
}

export interface RoundTripLimits {
  /** For all of it, in milliseconds. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Ends it when it aborts. */
  readonly signal: AbortSignal | undefined;
}

/**
 * One request and its response, by undici's handler interface: its promise interface makes a stream, an AbortSignal and
 * an iterator for what is a handful of chunks, at three times the cost. The time limit is one for all of it, because
 * undici's own start anew with every byte that drips in. Rejects with a SubgraphFailure.
 */
export function roundTrip(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { timeoutMs, maxBytes, signal }: RoundTripLimits,
  progress: Progress,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let failure: SubgraphFailure | undefined;
    let answering = false;
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];

    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const giveUp = (reason: SubgraphFailure): void => {
      if (failure !== undefined) return;
      failure = reason;
      settle();
      reject(reason);
      controller?.abort(reason);
    };
    const onAbort = (): void => giveUp(new SubgraphFailure('SUBGRAPH_UNREACHABLE', 'the client went away'));
    const timer = setTimeout(() => giveUp(new SubgraphFailure('SUBGRAPH_TIMEOUT', 'timed out')), timeoutMs);
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });

    dispatcher.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        progress.sentAt = performance.now();
        // It was given up while it waited for a connection.
        if (failure !== undefined) started.abort(failure);
      },
      onResponseStarted() {
        answering = true;
        progress.firstByteAt = performance.now();
      },
      onResponseStart(_, statusCode, responseHeaders) {
        status = statusCode;
        headers = responseHeaders;
      },
      onResponseData(_, chunk) {
        progress.bytes += chunk.length;
        if (progress.bytes <= maxBytes) chunks.push(chunk);
        else giveUp(tooLarge(maxBytes));
      },
      onResponseEnd() {
        if (failure !== undefined) return;
        settle();
        const [only] = chunks;
        const body = only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, progress.bytes);
        resolve({ status, headers: joined(headers), body });
      },
      onResponseError(_, error) {
        if (isStreamTimeout(error)) {
          giveUp(new SubgraphFailure('SUBGRAPH_TIMEOUT', 'timed out', { cause: error }));
          return;
        }
        const wasIdle = !answering && endedAfterUse(error);
        const after = wasIdle ? 'idle' : neverConnected(error) ? 'unsent' : 'answered';
        giveUp(new SubgraphFailure('SUBGRAPH_UNREACHABLE', 'no answer', { cause: error, retry: { after } }));
      },
    });
  });
}

/**
 * For HTTP/2, how long undici waits for a head, and for the next byte of a body, in milliseconds: a little less than the
 * request has, because the one who ends a stream that was silent for too long also asks the other side for a sign of life, and
 * without one gives up the connection. Each request on one that has died would time out else, until TCP notices.
 */
export function streamTimeouts(timeoutMs: number): { readonly headersTimeout: number; readonly bodyTimeout: number } {
  const ms = Math.max(1, Math.floor(timeoutMs) - aheadMs);
  return { headersTimeout: ms, bodyTimeout: ms };
}

const aheadMs = 20;

function isStreamTimeout(error: Error): boolean {
  return 'code' in error && (error.code === 'UND_ERR_HEADERS_TIMEOUT' || error.code === 'UND_ERR_BODY_TIMEOUT');
}

export function tooLarge(maxBytes: number): SubgraphFailure {
  return new SubgraphFailure('SUBGRAPH_INVALID_RESPONSE', `the answer is larger than ${maxBytes} bytes`);
}

/** undici has put the names into lower case. */
function joined(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  const result: Record<string, string | undefined> = {};
  for (const name in headers) {
    const value = headers[name];
    result[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return result;
}
