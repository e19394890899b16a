import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';

export type Attributes = Readonly<Record<string, unknown>>;

/** A span as it was exported. */
export interface ReceivedSpan {
  /** `service.name` of its resource. */
  readonly service: string;
  /** Of its resource, `service.name` included. */
  readonly resource: Attributes;
  readonly name: string;
  readonly kind: (typeof kinds)[number];
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined for the root of a trace. */
  readonly parentSpanId: string | undefined;
  readonly attributes: Attributes;
  readonly status: (typeof statuses)[number];
  readonly events: readonly { readonly name: string; readonly attributes: Attributes }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** Since 1970. */
  readonly startMs: number;
  readonly endMs: number;
}

/** One series of a metric, as one export had it. */
export interface ReceivedPoint {
  readonly service: string;
  readonly metric: string;
  readonly unit: string;
  readonly kind: 'sum' | 'gauge' | 'histogram';
  readonly attributes: Attributes;
  /** A histogram's is the sum of what was recorded. */
  readonly value: number;
  /** How often it was recorded, for a histogram. */
  readonly count: number | undefined;
}

export interface OtlpReceiver {
  /** Without `/v1/traces` and `/v1/metrics`. */
  readonly url: string;
  /** Everything since the start, in the order of arrival. */
  spans(): ReceivedSpan[];
  points(): ReceivedPoint[];
  /** Resolves when `condition` holds, which is asked now and after each export. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** A collector that answers every OTLP/HTTP export (JSON, plain or gzip) and keeps it; what is none gets 400. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const points: ReceivedPoint[] = [];
  const arrivals = new EventTarget();

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const body = await buffer(request);
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      const content: unknown = JSON.parse(text.toString());
      if (request.url === '/v1/traces') spans.push(...spansOf(content));
      else if (request.url === '/v1/metrics') points.push(...pointsOf(content));
      else throw new Error(`Expected an export, got ${request.method} ${request.url}`);
      response.setHeader('content-type', 'application/json').end('{}');
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
    arrivals.dispatchEvent(new Event('export'));
  };
  const server = createServer((request, response) => void receive(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');

  return {
    url: `http://127.0.0.1:${address.port}`,
    spans: () => [...spans],
    points: () => [...points],
    async until(condition) {
      while (!condition()) await once(arrivals, 'export');
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const statuses = ['unset', 'ok', 'error'] as const;

/** The JSON mapping of Protocol Buffers writes 64-bit integers as texts; some exporters write numbers. */
const number = z.union([z.number(), z.string().transform(Number)]);
const value = z.looseObject({}).transform(plainValue);
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .default([])
  .transform((pairs): Attributes => Object.fromEntries(pairs.map((pair) => [pair.key, pair.value])));
const resource = z.object({ attributes });

const traceExport = z.object({
  resourceSpans: z.array(
    z.object({
      resource,
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string().regex(/^[\da-f]{32}$/),
              spanId: z.string().regex(/^[\da-f]{16}$/),
              parentSpanId: z.string().optional(),
              name: z.string(),
              kind: z.int().transform((kind) => kinds[kind] ?? 'unspecified'),
              startTimeUnixNano: number,
              endTimeUnixNano: number,
              attributes,
              events: z.array(z.object({ name: z.string(), attributes })).default([]),
              links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
              status: z.object({ code: z.int().default(0) }).default({ code: 0 }),
            }),
          ),
        }),
      ),
    }),
  ),
});

const simple = z.object({
  dataPoints: z.array(z.object({ attributes, asDouble: number.optional(), asInt: number.optional() })),
});
const metricsExport = z.object({
  resourceMetrics: z.array(
    z.object({
      resource,
      scopeMetrics: z.array(
        z.object({
          metrics: z.array(
            z.object({
              name: z.string(),
              unit: z.string().default(''),
              sum: simple.optional(),
              gauge: simple.optional(),
              histogram: z
                .object({ dataPoints: z.array(z.object({ attributes, count: number, sum: number.default(0) })) })
                .optional(),
            }),
          ),
        }),
      ),
    }),
  ),
});

function spansOf(content: unknown): ReceivedSpan[] {
  return traceExport.parse(content).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map(({ startTimeUnixNano, endTimeUnixNano, status, parentSpanId, ...span }) => ({
        ...span,
        service: serviceOf(resource.attributes),
        resource: resource.attributes,
        parentSpanId: parentSpanId || undefined,
        status: statuses[status.code] ?? 'unset',
        startMs: startTimeUnixNano / 1e6,
        endMs: endTimeUnixNano / 1e6,
      })),
  );
}

function pointsOf(content: unknown): ReceivedPoint[] {
  return metricsExport.parse(content).resourceMetrics.flatMap(({ resource, scopeMetrics }) => {
    const service = serviceOf(resource.attributes);
    return scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .flatMap(({ name: metric, unit, sum, gauge, histogram }) => {
        const simplePoints = (kind: 'sum' | 'gauge', points: z.output<typeof simple>['dataPoints'] = []) =>
          points.map(({ attributes, asDouble, asInt }): ReceivedPoint => {
            return { service, metric, unit, kind, attributes, value: asDouble ?? asInt ?? 0, count: undefined };
          });
        const histogramPoints = (histogram?.dataPoints ?? []).map(({ attributes, count, sum }): ReceivedPoint => {
          return { service, metric, unit, kind: 'histogram', attributes, value: sum, count };
        });
        return [
          ...simplePoints('sum', sum?.dataPoints),
          ...simplePoints('gauge', gauge?.dataPoints),
          ...histogramPoints,
        ];
      });
  });
}

function serviceOf(attributes: Attributes): string {
  const name = attributes['service.name'];
  return typeof name === 'string' ? name : '';
}

/** What an `AnyValue` stands for: a text, number, boolean or list. */
function plainValue(any: Readonly<Record<string, unknown>>): unknown {
  const list = z.object({ values: z.array(value).default([]) }).safeParse(any['arrayValue']);
  if (list.success) return list.data.values;
  if (any['intValue'] !== undefined) return Number(any['intValue']);
  return any['stringValue'] ?? any['boolValue'] ?? any['doubleValue'];
}
