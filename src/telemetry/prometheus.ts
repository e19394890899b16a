import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { emptyResource } from '@opentelemetry/resources';
import { DataPointType } from '@opentelemetry/sdk-metrics';
import type { DataPoint, Histogram, MetricData } from '@opentelemetry/sdk-metrics';
import { canonicalJson } from '../core/json.ts';

export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';

const serializer = new PrometheusSerializer('', false, undefined, true, true);

/** What Prometheus wants names to end with. */
const suffixes: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' };

/** The metrics of several processes as those of one, in Prometheus' text format. */
export function prometheusText(processes: readonly (readonly MetricData[])[]): string {
  const metrics = sumOf(processes).map((metric) => {
    const { descriptor } = metric;
    return { ...metric, descriptor: { ...descriptor, name: descriptor.name + (suffixes[descriptor.unit] ?? '') } };
  });
  const scopeMetrics = [{ scope: { name: 'atrium' }, metrics }];
  return serializer.serialize({ resource: emptyResource(), scopeMetrics });
}

/** Counts and sizes of several processes added up; of gauges, which do not add up, the largest. */
export function sumOf(processes: readonly (readonly MetricData[])[]): MetricData[] {
  const byName = new Map<string, MetricData>();
  for (const metric of processes.flat()) {
    const { name } = metric.descriptor;
    const known = byName.get(name);
    byName.set(name, known === undefined ? metric : together(known, metric));
  }
  return [...byName.values()];
}

/** What stays of a process that has ended: what it has counted. */
export function countsIn(metrics: readonly MetricData[]): MetricData[] {
  return metrics.filter(
    (metric) =>
      metric.dataPointType === DataPointType.HISTOGRAM ||
      (metric.dataPointType === DataPointType.SUM && metric.isMonotonic),
  );
}

function together(one: MetricData, other: MetricData): MetricData {
  if (one.dataPointType === DataPointType.SUM && other.dataPointType === DataPointType.SUM)
    return { ...one, dataPoints: merged(one.dataPoints, other.dataPoints, (a, b) => a + b) };
  if (one.dataPointType === DataPointType.GAUGE && other.dataPointType === DataPointType.GAUGE)
    return { ...one, dataPoints: merged(one.dataPoints, other.dataPoints, Math.max) };
  if (one.dataPointType === DataPointType.HISTOGRAM && other.dataPointType === DataPointType.HISTOGRAM)
    return { ...one, dataPoints: merged(one.dataPoints, other.dataPoints, addHistograms) };
  throw new Error(`Expected ${one.descriptor.name} to be of one kind in all processes`);
}

function merged<Value>(
  one: readonly DataPoint<Value>[],
  other: readonly DataPoint<Value>[],
  add: (a: Value, b: Value) => Value,
): DataPoint<Value>[] {
  const points = new Map<string, DataPoint<Value>>();
  for (const point of [...one, ...other]) {
    const key = canonicalJson(point.attributes);
    const known = points.get(key);
    points.set(key, known === undefined ? point : { ...known, value: add(known.value, point.value) });
  }
  return [...points.values()];
}

function addHistograms(one: Histogram, other: Histogram): Histogram {
  const { boundaries, counts } = one.buckets;
  return {
    buckets: { boundaries, counts: counts.map((count, index) => count + (other.buckets.counts[index] ?? 0)) },
    count: one.count + other.count,
    sum: (one.sum ?? 0) + (other.sum ?? 0),
  };
}
