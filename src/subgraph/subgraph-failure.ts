import type { ErrorCode } from '../core/errors.ts';

/** Why another try may bring more. */
export interface Retry {
  /**
   * `idle`: on a connection that the subgraph had closed meanwhile; `unsent`: there was none; else `answered`, which is a
   * question of the budget.
   */
  readonly after: 'idle' | 'unsent' | 'answered';
  /** What the subgraph says in `Retry-After`. */
  readonly notBefore?: string | undefined;
}

export interface FailureDetails {
  readonly cause?: unknown;
  /** Where it may be no failure the next time; a cause can tell as well. */
  readonly retry?: Retry;
}

/** What Node and undici say of connections that never were. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Says whether the request can have been sent at all. */
export function neverConnected(error: Error): boolean {
  return 'code' in error && NEVER_CONNECTED.has(String(error.code));
}

/** Why a subgraph gave no usable answer; the message and the cause are for operators only. */
export class SubgraphFailure extends Error {
  readonly code: ErrorCode;
  readonly retry: Retry | undefined;

  constructor(code: ErrorCode, message: string, { cause, retry }: FailureDetails = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.retry = retry;
  }

  /** One line for the log: a stack would only name the HTTP client's insides. */
  get reason(): string {
    const { cause } = this;
    if (!(cause instanceof Error)) return this.message;
    // Node gathers the attempts for several addresses in one error that has no message of its own.
    return `${this.message}: ${cause.message === '' && 'code' in cause ? String(cause.code) : cause.message}`;
  }
}
