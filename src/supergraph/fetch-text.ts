import { Agent, request } from 'undici';
import { messageOf } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';

export interface TextRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface TextResponse {
  readonly status: number;
  readonly etag: string | undefined;
  readonly text: string;
}

export interface FetchLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Gives up early. */
  readonly signal?: AbortSignal;
}

/** More than any known supergraph has, less than what would hurt. */
export const maxSdlBytes = 50_000_000;

/**
 * One HTTP exchange on a connection of its own, without following redirects. Rejects with an Error that says what went
 * wrong in words for an operator; any status is an answer.
 */
export async function fetchText(
  url: string,
  { method, headers, body }: TextRequest,
  { timeoutMs, maxBytes, signal }: FetchLimits,
): Promise<TextResponse> {
  const agent = new Agent({ maxResponseSize: maxBytes });
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await request(url, {
      dispatcher: agent,
      method,
      headers,
      body: body ?? null,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    const { etag } = response.headers;
    return {
      status: response.statusCode,
      etag: typeof etag === 'string' ? etag : undefined,
      text: await response.body.text(),
    };
  } catch (error) {
    if (timeout.aborted) throw new Error(`no answer within ${timeoutMs} ms`, { cause: error });
    if (isJsonObject(error) && error['code'] === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
      throw new Error(`the answer is longer than ${maxBytes} bytes`, { cause: error });
    }
    throw new Error(reasonOf(error), { cause: error });
  } finally {
    await agent.destroy();
  }
}

/** A URL as it may stand in a log: without credentials and query. */
export function printableUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** A host with several addresses fails with one error an address, and no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return messageOf(error);
}
