import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, Span } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOffSampler, BatchSpanProcessor, ParentBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { getOperationAST, parse } from 'graphql';
import type { ServerResponse } from 'node:http';

/** How long an export may take, and so how long a service may wait for its collector when it stops. */
const exportMs = 2_000;
const delayMs = 1_000;

/**
 * Sends a SERVER span to an OTLP/HTTP collector for each request to `/graphql` whose `traceparent` (W3C Trace Context)
 * says that the trace is sampled. `collector` is its address without `/v1/traces`. What the collector cannot take is dropped.
 * @throws Error for what is no address.
 */
export function installTracing(app: FastifyInstance, service: string, collector: string): void {
  if (!/^https?:\/\//.test(collector) || !URL.canParse(collector)) {
    throw new Error(`ATRIUM_OTLP_URL must be an address such as http://127.0.0.1:4318, but got: ${collector}`);
  }
  const exporter = new OTLPTraceExporter({
    url: `${collector.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: exportMs,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: delayMs })],
  });
  const tracer = provider.getTracer('atrium-shop');

  app.addHook('onRequest', async (request, { raw: response }) => {
    if (request.routeOptions.url !== '/graphql') return;
    const span = tracer.startSpan(`${request.method} /graphql`, { kind: SpanKind.SERVER }, parentOf(request));
    if (span.isRecording()) response.once('close', () => end(span, request, response));
  });
  app.addHook('onClose', async () => {
    // A collector that is away is no reason for a service to stop with an error.
    await provider.shutdown().catch(() => undefined);
  });
}

/** The caller's span; the context without any when `traceparent` is missing or malformed. */
function parentOf({ headers }: FastifyRequest): Context {
  const parent = parseTraceParent(String(headers['traceparent'] ?? ''));
  return parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
}

function end(span: Span, request: FastifyRequest, { headersSent, statusCode }: ServerResponse): void {
  const operation = operationType(request.method === 'GET' ? request.query : request.body);
  span.setAttributes({
    'http.request.method': request.method,
    'http.route': '/graphql',
    'url.path': '/graphql',
    'url.scheme': request.protocol,
    ...(operation !== undefined && { 'graphql.operation.type': operation }),
    // A caller who leaves early gets no answer.
    ...(headersSent && { 'http.response.status_code': statusCode }),
  });
  if (headersSent && statusCode >= 500) {
    span.setAttribute('error.type', String(statusCode));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

/** Undefined for what is no operation that could be run. */
function operationType(parameters: unknown): string | undefined {
  const query: unknown = Object(parameters).query;
  const name: unknown = Object(parameters).operationName;
  try {
    return getOperationAST(parse(String(query)), typeof name === 'string' ? name : undefined)?.operation;
  } catch {
    return undefined;
  }
}
