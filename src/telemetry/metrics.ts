import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { ObservableResult } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import type { MetricData, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { FinishedRequest } from './access-log.ts';
import { BoundedNames } from './bounded-names.ts';
import { Tally } from './tally.ts';

/** What is read when metrics are, and costs nothing before. */
export interface MetricSources {
  /** Requests that are being answered. */
  readonly active: () => number;
  readonly overloadRefusals: () => number;
  readonly subgraphs: () => readonly SubgraphNumbers[];
  /** By connection. */
  readonly redis: () => Readonly<Record<string, Readonly<Record<RedisOutcome, number>>>>;
  /** Hash of the supergraph in use; undefined before the first. */
  readonly supergraphId: () => string | undefined;
}

export interface SubgraphNumbers {
  readonly subgraph: string;
  /** Requests it has not answered. */
  readonly active: number;
  /** Instances that are left alone. */
  readonly openCircuits: number;
  /** Sent again, since the start. */
  readonly retries: number;
}

export type RedisOutcome = 'answered' | 'timeout' | 'error' | 'skipped';

export interface Metrics {
  count(request: FinishedRequest): void;
  /** Everything since the start, as plain data. */
  collect(): Promise<readonly MetricData[]>;
  close(): Promise<void>;
}

export interface MetricsOptions {
  readonly resource: Resource;
  readonly sources: MetricSources;
  /** Where they are sent; undefined: nowhere. */
  readonly push?: { readonly exporter: PushMetricExporter; readonly everySeconds: number } | undefined;
}

/** In seconds, as the semantic conventions for HTTP advise. */
const durations = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const routes = ['/graphql', '/health/live', '/health/ready', '/explorer'];
const methods = ['GET', 'POST', 'HEAD', 'OPTIONS'];
const LOOP_RESOLUTION_MS = 20;

/** Counts requests and reads the process, in OpenTelemetry's data model and with its semantic conventions where there are any. */
export function createMetrics({ resource, sources, push }: MetricsOptions): Metrics {
  const scrape = new ScrapeReader();
  // One reader for both: each would keep, and count, all of them.
  const provider = new MeterProvider({ resource, readers: [scrape] });
  const timer = push && setInterval(() => void send(), push.everySeconds * 1_000).unref();
  const meter = provider.getMeter('atrium');
  const histogram = (name: string, description: string) =>
    meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: durations } });

  const http = histogram('http.server.request.duration', 'Duration of requests of clients.');
  const operations = histogram('atrium.operation.duration', 'Duration of GraphQL operations.');
  const calls = histogram('http.client.request.duration', 'Duration of requests to subgraphs.');
  const errors = tally('atrium.operation.errors', 'Operations with an error of this code in their answer.');
  const lookups = tally('atrium.cache.lookups', 'Entities and root fields looked up.');
  const reused = tally('atrium.answers.reused', 'Answers made for another request.');
  const limits = tally('atrium.rate_limit.decisions', 'What rate limits decided.');
  const plans = tally('atrium.plans', 'Query plans that were used.');
  const operationNames = new BoundedNames();
  const codes = new BoundedNames();

  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  observeProcess();
  observeSources();

  return {
    count({ method, path, status, milliseconds, record }) {
      const route = routes.find((known) => path === known) ?? (path.startsWith('/explorer') ? '/explorer' : 'other');
      http.record(milliseconds / 1_000, {
        'http.request.method': methods.includes(method) ? method : '_OTHER',
        'http.route': route,
        'http.response.status_code': status,
      });
      if (route !== '/graphql') return;
      const { operationType, operationName, errorCodes, source } = record;
      operations.record(milliseconds / 1_000, {
        // A name is as good as the operation it names.
        'graphql.operation.name':
          operationType === null ? 'none' : operationNames.labelOf(operationName ?? 'anonymous'),
        'graphql.operation.type': operationType ?? 'none',
        outcome: status >= 400 ? 'refused' : errorCodes.length > 0 ? 'errors' : 'ok',
      });
      for (const code of errorCodes) errors.add(1, 'code', codes.labelOf(code));
      for (const call of record.calls) {
        if (call.isCopy === true) continue;
        calls.record(call.milliseconds / 1_000, {
          'atrium.subgraph': call.subgraph,
          ...(call.status > 0 && { 'http.response.status_code': call.status }),
          ...(call.code !== undefined && { 'error.type': call.code }),
        });
      }
      if (record.cacheHits > 0) lookups.add(record.cacheHits, 'result', 'hit');
      if (record.cacheMisses > 0) lookups.add(record.cacheMisses, 'result', 'miss');
      if (source !== undefined) reused.add(1, 'source', source);
      if (record.planIsKnown !== undefined) plans.add(1, 'result', record.planIsKnown ? 'known' : 'made');
      for (const { policy, outcome } of record.limits) limits.add(1, 'policy', policy, 'outcome', outcome);
    },
    async collect() {
      const { resourceMetrics } = await scrape.collect();
      return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    },
    async close() {
      clearInterval(timer);
      await send();
      loop.disable();
      await Promise.all([push?.exporter.shutdown(), provider.shutdown()]);
    },
  };

  /** What a collector does not take is in what it gets next. */
  async function send(): Promise<void> {
    if (push === undefined) return;
    const { resourceMetrics } = await scrape.collect();
    await new Promise<void>((resolve) => push.exporter.export(resourceMetrics, () => resolve()));
  }

  /** Counts by itself and is read when metrics are: a counter of the SDK costs a microsecond each time. */
  function tally(name: string, description: string): Tally {
    const counts = new Tally();
    observeCount(name, { description }, (result) => counts.observe(result));
    return counts;
  }

  /** What adds up over the processes of a gateway; gauges do not. */
  function observeSum(name: string, options: { unit?: string; description: string }, read: Read): void {
    meter.createObservableUpDownCounter(name, options).addCallback(read);
  }

  function observeCount(name: string, options: { unit?: string; description: string }, read: Read): void {
    meter.createObservableCounter(name, options).addCallback(read);
  }

  function observeGauge(name: string, options: { unit?: string; description: string }, read: Read): void {
    meter.createObservableGauge(name, options).addCallback(read);
  }

  function observeProcess(): void {
    let before = performance.eventLoopUtilization();
    observeGauge('nodejs.eventloop.delay.p99', { unit: 's', description: 'How late the event loop was.' }, (result) => {
      // What a timer of the resolution sees is never earlier than that.
      result.observe(Math.max(0, loop.percentile(99) / 1e9 - LOOP_RESOLUTION_MS / 1_000));
      loop.reset();
    });
    observeGauge(
      'nodejs.eventloop.utilization',
      { unit: '1', description: 'Share of the time the event loop was busy.' },
      (result) => {
        const now = performance.eventLoopUtilization();
        result.observe(performance.eventLoopUtilization(now, before).utilization);
        before = now;
      },
    );
    observeSum('v8js.memory.heap.used', { unit: 'By', description: 'Heap in use.' }, (result) =>
      result.observe(getHeapStatistics().used_heap_size),
    );
    observeSum('v8js.memory.heap.limit', { unit: 'By', description: 'Heap that V8 may have.' }, (result) =>
      result.observe(getHeapStatistics().heap_size_limit),
    );
    observeSum('process.memory.usage', { unit: 'By', description: 'Resident memory.' }, (result) =>
      result.observe(process.memoryUsage.rss()),
    );
    observeCount('process.cpu.time', { unit: 's', description: 'CPU time.' }, (result) => {
      const { user, system } = process.cpuUsage();
      result.observe(user / 1e6, { 'process.cpu.mode': 'user' });
      result.observe(system / 1e6, { 'process.cpu.mode': 'system' });
    });
  }

  function observeSources(): void {
    const ofSubgraphs = (read: (numbers: SubgraphNumbers) => number): Read => {
      return (result) => {
        for (const numbers of sources.subgraphs())
          result.observe(read(numbers), { 'atrium.subgraph': numbers.subgraph });
      };
    };
    observeSum('atrium.requests.active', { description: 'Requests that are being answered.' }, (result) =>
      result.observe(sources.active()),
    );
    observeCount('atrium.overload.refusals', { description: 'Requests refused for overload.' }, (result) =>
      result.observe(sources.overloadRefusals()),
    );
    observeSum(
      'atrium.subgraph.active',
      { description: 'Requests that a subgraph has not answered.' },
      ofSubgraphs(({ active }) => active),
    );
    observeSum(
      'atrium.subgraph.circuits.open',
      { description: 'Instances of a subgraph that are left alone.' },
      ofSubgraphs(({ openCircuits }) => openCircuits),
    );
    observeCount(
      'atrium.subgraph.retries',
      { description: 'Requests to a subgraph that were sent again.' },
      ofSubgraphs(({ retries }) => retries),
    );
    observeCount('atrium.redis.commands', { description: 'Commands for Redis.' }, (result) => {
      for (const [connection, outcomes] of Object.entries(sources.redis())) {
        for (const [outcome, count] of Object.entries(outcomes)) result.observe(count, { connection, outcome });
      }
    });
    observeGauge('atrium.supergraph.info', { description: 'The supergraph in use.' }, (result) => {
      const id = sources.supergraphId();
      if (id !== undefined) result.observe(1, { 'supergraph.id': id });
    });
  }
}

type Read = (result: ObservableResult) => void;

/** Is read when somebody asks. */
class ScrapeReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}
