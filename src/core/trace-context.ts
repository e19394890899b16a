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

/** Unlikely to be given twice, and no secret. */
export function newSpanId(): string {
  return randomDigits() + randomDigits();
}

/** Eight hexadecimal digits, never all of them 0: ids of nothing but zeros are invalid. */
function randomDigits(): string {
  return Math.floor(1 + Math.random() * 0xff_ff_ff_ff)
    .toString(16)
    .padStart(8, '0');
}
