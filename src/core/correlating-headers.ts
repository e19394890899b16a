/** They tell one request from another, not whose it is: W3C Trace Context and Baggage, the request id. Names in lower case. */
export const correlatingHeaders: readonly string[] = ['traceparent', 'tracestate', 'baggage', 'x-request-id'];
