import type { ErrorCode } from '../core/errors.ts';

/** What went wrong between here and a subgraph; the message and the cause are for operators only. */
export class Problem extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }

  /** One line for the log: a stack would only name the HTTP client's insides. */
  get reason(): string {
    const { cause } = this;
    if (!(cause instanceof Error)) return this.message;
    // Node gathers the attempts for several addresses in one error that has no message of its own.
    return `${this.message}: ${cause.message === '' && 'code' in cause ? String(cause.code) : cause.message}`;
  }
}
