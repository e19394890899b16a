import type { ErrorCode } from '../core/errors.ts';

/** Why a subgraph gave no usable answer; the message and the cause are for operators only. */
export class SubgraphFailure extends Error {
  readonly code: ErrorCode;
  /** The connection, one used before, ended without a byte of this answer: the subgraph had closed it while it was idle. */
  readonly wasIdle: boolean;

  constructor(code: ErrorCode, message: string, cause?: unknown, wasIdle = false) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.wasIdle = wasIdle;
  }

  /** One line for the log: a stack would only name the HTTP client's insides. */
  get reason(): string {
    const { cause } = this;
    if (!(cause instanceof Error)) return this.message;
    // Node gathers the attempts for several addresses in one error that has no message of its own.
    return `${this.message}: ${cause.message === '' && 'code' in cause ? String(cause.code) : cause.message}`;
  }
}
