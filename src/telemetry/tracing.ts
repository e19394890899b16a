import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { Attributes, HrTime, SpanContext } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { errorCodes } from '../core/errors.ts';
import type { RequestRecord, SubgraphCallRecord } from '../core/request-context.ts';
import { Timeline } from '../core/timeline.ts';
import { newSpanId, newTrace } from '../core/trace-context.ts';
import type { TraceContext } from '../core/trace-context.ts';
import { longestText } from './access-log.ts';
import type { FinishedRequest } from './access-log.ts';
import { requestSpans } from './request-spans.ts';

export interface TracingOptions {
  readonly resource: Resource;
  readonly exporter: SpanExporter;
  /** Share of the traces that begin here that are recorded. */
  readonly ratio: number;
  /** Record requests that failed, in any case. */
  readonly errors: boolean;
  /** Record requests that take longer, in any case. */
  readonly slowMs: number;
  readonly random?: () => number;
}

export interface Tracing {
  /** Continues the trace of whoever sent the request, or begins one; where it is recorded, notes what takes how long. */
  begin(record: RequestRecord, traceparent: string | undefined, startedAt: number): void;
  /** Writes the spans of a request that is to be recorded. */
  end(request: FinishedRequest): void;
  close(): Promise<void>;
}

/** How long a collector may take for one export. */
export const exportMs = 2_000;

const scope = { name: 'atrium' };

/**
 * Traces are written when a request is over: then it is known whether it failed or was slow. One that is recorded for that reason
 * alone has its calls to subgraphs, of which the log line knows, and no other parts: to note these of every request would cost
 * more than all the rest of telemetry.
 */
export function createTracing(options: TracingOptions): Tracing {
  const { resource, exporter, ratio, errors, slowMs, random = Math.random } = options;
  const processor = new BatchSpanProcessor({ exporter, exportTimeoutMillis: exportMs });

  function isRecorded({ record, milliseconds, status }: FinishedRequest, { isSampled }: TraceContext): boolean {
    if (isSampled || record.isExplained === true || milliseconds > slowMs) return true;
    return errors && isFault(record.errorCodes, status);
  }

  return {
    begin(record, traceparent, startedAt) {
      const parent = traceparent === undefined ? null : parseTraceParent(traceparent);
      const trace: TraceContext =
        parent === null
          ? newTrace(random() < ratio)
          : {
              traceId: parent.traceId,
              spanId: newSpanId(),
              parentSpanId: parent.spanId,
              isSampled: (parent.traceFlags & TraceFlags.SAMPLED) !== 0,
            };
      record.trace = trace;
      if (trace.isSampled) record.timeline = new Timeline(startedAt);
    },
    end(request) {
      const { trace } = request.record;
      if (trace === undefined || !isRecorded(request, trace)) return;
      for (const span of spansOf(request, trace, resource)) processor.onEnd(span);
    },
    async close() {
      // A collector that does not answer must not hold up the stop.
      await processor.shutdown().catch(() => {});
    },
  };
}

/** Not for what a client did wrong, nor for each of the many that an overloaded gateway refuses. */
function isFault(codes: readonly string[], status: number): boolean {
  const isOurs = (code: string): boolean =>
    code !== 'OVERLOADED' && Object.hasOwn(errorCodes, code) && Reflect.get(errorCodes, code) >= 500;
  return codes.some(isOurs) || (status >= 500 && codes.length === 0);
}

function spansOf(request: FinishedRequest, trace: TraceContext, resource: Resource): ReadableSpan[] {
  const { record, method, path, status, requestId, startedAt, milliseconds } = request;
  const contextOf = (spanId: string): SpanContext => ({
    traceId: trace.traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
  });
  const root = contextOf(trace.spanId);
  const [code] = record.errorCodes;
  const spans: ReadableSpan[] = [
    makeSpan({
      name: `${method} ${path}`,
      kind: SpanKind.SERVER,
      context: root,
      parent: trace.parentSpanId === undefined ? undefined : { ...contextOf(trace.parentSpanId), isRemote: true },
      startedAt,
      endedAt: startedAt + milliseconds,
      isError: isFault(record.errorCodes, status),
      attributes: {
        'http.request.method': method,
        'http.route': path,
        'http.response.status_code': status,
        'atrium.request.id': requestId,
        ...(record.operationName !== null && {
          'graphql.operation.name': record.operationName.slice(0, longestText),
        }),
        ...(record.operationType !== null && { 'graphql.operation.type': record.operationType }),
        ...(record.cost !== undefined && { 'atrium.cost': record.cost }),
        ...(code !== undefined && { 'error.type': code }),
      },
      resource,
    }),
  ];
  const contexts: SpanContext[] = [];
  for (const { name, parent, startedAt: from, endedAt, facts, call } of requestSpans(record)) {
    const isOwn = call?.sharedTrace === undefined;
    const context = contextOf((isOwn ? call?.spanId : undefined) ?? newSpanId());
    contexts.push(context);
    spans.push(
      makeSpan({
        name: call === undefined ? (name === 'fetch' ? `fetch ${facts['subgraph']}` : name) : `POST ${call.subgraph}`,
        kind: call === undefined ? SpanKind.INTERNAL : SpanKind.CLIENT,
        context,
        parent: (parent === undefined ? undefined : contexts[parent]) ?? root,
        startedAt: from,
        endedAt,
        isError: call?.code !== undefined || (call?.status ?? 0) >= 500,
        attributes: call === undefined ? prefixed(facts) : callAttributes(call),
        links: linksOf(call),
        resource,
      }),
    );
  }
  return spans;
}

/** A call that several requests shared is in a trace of its own. */
function linksOf(call: SubgraphCallRecord | undefined): ReadableSpan['links'] {
  if (call?.sharedTrace === undefined || call.spanId === undefined) return [];
  const { traceId } = call.sharedTrace;
  return [{ context: { traceId, spanId: call.spanId, traceFlags: TraceFlags.SAMPLED } }];
}

function callAttributes({
  subgraph,
  address,
  status,
  entities,
  bytes = 0,
  code,
  sharedId,
}: SubgraphCallRecord): Attributes {
  return {
    'http.request.method': 'POST',
    'atrium.subgraph': subgraph,
    'atrium.entities': entities,
    ...(address !== undefined && { 'server.address': new URL(address).hostname, 'url.full': address }),
    ...(status > 0 && { 'http.response.status_code': status, 'http.response.body.size': bytes }),
    ...(code !== undefined && { 'error.type': code }),
    ...(sharedId !== undefined && { 'atrium.shared.request.id': sharedId }),
  };
}

function prefixed(facts: Readonly<Record<string, string | number | boolean>>): Attributes {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [`atrium.${name}`, value]));
}

interface SpanParts {
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: SpanContext;
  readonly parent: SpanContext | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly isError: boolean;
  readonly attributes: Attributes;
  readonly links?: ReadableSpan['links'];
  readonly resource: Resource;
}

function makeSpan(parts: SpanParts): ReadableSpan {
  const { name, kind, context, parent, startedAt, endedAt, isError, attributes, links = [], resource } = parts;
  return {
    name,
    kind,
    spanContext: () => context,
    ...(parent !== undefined && { parentSpanContext: parent }),
    startTime: hrTime(performance.timeOrigin + startedAt),
    endTime: hrTime(performance.timeOrigin + endedAt),
    duration: hrTime(endedAt - startedAt),
    status: { code: isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes,
    links,
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1_000);
  return [seconds, Math.round((milliseconds - seconds * 1_000) * 1e6)];
}
