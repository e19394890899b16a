import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { Problem } from './problem.ts';

/** A response with its body, still as it was encoded. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface ExchangeLimits {
  /** For the whole exchange, in milliseconds. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Ends the exchange when it aborts. */
  readonly signal: AbortSignal | undefined;
}

/**
 * One request and its response, by undici's handler interface: its promise interface makes a stream, an AbortSignal and
 * an iterator for what is a handful of chunks, at three times the cost. The time limit is one for all of it, because
 * undici's own start anew with every byte that drips in. Rejects with a Problem.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { timeoutMs, maxBytes, signal }: ExchangeLimits,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let problem: Problem | undefined;
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    let size = 0;
    const chunks: Buffer[] = [];

    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const giveUp = (reason: Problem): void => {
      if (problem !== undefined) return;
      problem = reason;
      settle();
      reject(reason);
      controller?.abort(reason);
    };
    const onAbort = (): void => giveUp(new Problem('SUBGRAPH_UNREACHABLE', 'the client went away'));
    const timer = setTimeout(() => giveUp(new Problem('SUBGRAPH_TIMEOUT', 'timed out')), timeoutMs);
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });

    dispatcher.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        // It was given up while it waited for a connection.
        if (problem !== undefined) started.abort(problem);
      },
      onResponseStart(_, statusCode, responseHeaders) {
        status = statusCode;
        headers = responseHeaders;
      },
      onResponseData(_, chunk) {
        size += chunk.length;
        if (size <= maxBytes) chunks.push(chunk);
        else giveUp(tooLarge(maxBytes));
      },
      onResponseEnd() {
        if (problem !== undefined) return;
        settle();
        const [only] = chunks;
        const body = only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, size);
        resolve({ status, headers: joined(headers), body });
      },
      onResponseError(_, error) {
        giveUp(new Problem('SUBGRAPH_UNREACHABLE', 'no answer', error));
      },
    });
  });
}

export function tooLarge(maxBytes: number): Problem {
  return new Problem('SUBGRAPH_INVALID_RESPONSE', `the answer is larger than ${maxBytes} bytes`);
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
