import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import { exportMs } from './tracing.ts';

/** What sends telemetry to a collector, by OTLP over HTTP in JSON. */
export interface Exporters {
  readonly spans: SpanExporter;
  readonly metrics: PushMetricExporter;
}

/** `url` is the collector's, without the paths for traces and metrics. */
export function createExporters(url: string, headers: Readonly<Record<string, string>>): Exporters {
  const base = url.replace(/\/+$/, '');
  const to = (path: string) => ({ url: base + path, headers: { ...headers }, timeoutMillis: exportMs });
  return { spans: new OTLPTraceExporter(to('/v1/traces')), metrics: new OTLPMetricExporter(to('/v1/metrics')) };
}
