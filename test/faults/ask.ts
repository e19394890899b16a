/** What a client was told. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Headers;
  readonly text: string;
  /** undefined when it is no JSON. */
  readonly body: unknown;
  readonly requestId: string;
}

export interface Asking {
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** How late an answer may be: a timer, a turn of the event loop, and the way back. */
const toleranceMs = 200;

/** Asks by POST. Fails when there is no answer in time, by a timer of the same event loop: a machine that is late is late for both. */
export async function ask(url: string, body: string | Uint8Array, more: Asking = {}): Promise<Answer> {
  const { deadlineMs = 30_000, headers, signal = null } = more;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    // What is there already, but was not read for want of a turn, is in time.
    setImmediate(() => setImmediate(() => late.reject(new Error(`no answer within ${deadlineMs + toleranceMs} ms`))));
  }, deadlineMs + toleranceMs);
  try {
    return await Promise.race([post(), late.promise]);
  } finally {
    clearTimeout(timer);
  }

  async function post(): Promise<Answer> {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
      signal,
    });
    const text = await response.text();
    return {
      status: response.status,
      contentType: response.headers.get('content-type') ?? '',
      headers: response.headers,
      text,
      body: parsed(text),
      requestId: response.headers.get('x-request-id') ?? '',
    };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
