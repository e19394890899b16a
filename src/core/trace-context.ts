import { randomFillSync } from 'node:crypto';

/** A request's place in a trace (W3C Trace Context). */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Of the span that is this request: 16 hexadecimal digits. */
  readonly spanId: string;
  /** Of whoever sent it; undefined where the trace begins here. */
  readonly parentSpanId: string | undefined;
  /** Is it recorded, as far as that was decided when it began? */
  readonly isSampled: boolean;
}

/** The header of a request that is sent as a part of the trace, by the span of this id. */
export function traceparent({ traceId, isSampled }: TraceContext, spanId: string): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** One that begins here. */
export function newTrace(isSampled: boolean): TraceContext {
  return { traceId: newSpanId() + newSpanId(), spanId: newSpanId(), parentSpanId: undefined, isSampled };
}

/** 16 hexadecimal digits. */
export function newSpanId(): string {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  at += ID_BYTES;
  return pool.toString('hex', at - ID_BYTES, at);
}

const ID_BYTES = 8;
/** Random bytes are dear one by one. */
const pool = Buffer.alloc(512 * ID_BYTES);
let at = pool.length;
