import { resourceFromAttributes } from '@opentelemetry/resources';
import type { MetricData } from '@opentelemetry/sdk-metrics';
import type { AtriumConfig } from '../config/config.ts';
import type { RequestRecord } from '../core/request-context.ts';
import type { FinishedRequest } from './access-log.ts';
import { createMetrics } from './metrics.ts';
import type { MetricSources } from './metrics.ts';
import { createTracing } from './tracing.ts';

/** Metrics of all requests, and traces of some. */
export interface Telemetry {
  /** Before anything is done for a request. */
  begin(record: RequestRecord, traceparent: string | undefined, startedAt: number): void;
  /** When it is over. */
  finish(request: FinishedRequest): void;
  metrics(): Promise<readonly MetricData[]>;
  /** Sends what is left. Never rejects. */
  close(): Promise<void>;
}

/** What exports is loaded only where there is a collector: it takes as long to load as all the rest. */
export async function createTelemetry(
  { otlp, serviceName, traces, metrics: metricOptions }: AtriumConfig['telemetry'],
  sources: MetricSources,
): Promise<Telemetry> {
  const resource = resourceFromAttributes({ 'service.name': serviceName, 'service.instance.id': String(process.pid) });
  const exporters = otlp && (await import('./exporters.ts')).createExporters(otlp.url, otlp.headers);
  const push = exporters && metricOptions.enabled ? { exporter: exporters.metrics, ...metricOptions } : undefined;
  const metrics = createMetrics({ resource, sources, push });
  const tracing =
    exporters && traces.enabled ? createTracing({ ...traces, resource, exporter: exporters.spans }) : undefined;
  return {
    begin(record, traceparent, startedAt) {
      tracing?.begin(record, traceparent, startedAt);
    },
    finish(request) {
      metrics.count(request);
      tracing?.end(request);
    },
    metrics: () => metrics.collect(),
    async close() {
      await Promise.all([metrics.close(), tracing?.close()]);
    },
  };
}
