import { describe, expect, it, onTestFinished } from 'vitest';
import { createAccessRecord } from '../../src/telemetry/access-log.ts';
import type { FinishedRequest } from '../../src/telemetry/access-log.ts';
import { prometheusText } from '../../src/telemetry/prometheus.ts';
import { createTelemetry } from '../../src/telemetry/telemetry.ts';
import type { Telemetry } from '../../src/telemetry/telemetry.ts';
import { startHttpGateway } from '../support/http-gateway.ts';
import type { HttpGateway } from '../support/http-gateway.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';

const sdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { me: User, fails: Int }
  type User @key(fields: "id") { id: ID! name: String }`;

function start(): Promise<HttpGateway> {
  const Query = {
    me: () => ({ id: '1', name: 'Ann' }),
    fails: () => Promise.reject(new Error('no')),
  };
  return startHttpGateway({ users: { sdl, resolvers: { Query } } }, () => ({
    cache: { entities: {} },
    rateLimit: { rules: [{ name: 'all', key: 'global', limit: 4, windowSeconds: 1_000 }] },
  }));
}

/** The values of a scrape by series. */
async function scrape(gateway: HttpGateway): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${gateway.adminUrl}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return seriesIn(await response.text());
}

function seriesIn(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

function seriesOf(series: ReadonlyMap<string, number>, metric: string): Record<string, number> {
  return Object.fromEntries([...series].filter(([name]) => name.startsWith(`${metric}{`)));
}

describe('a scrape of the admin listener', () => {
  it('counts requests, operations, calls, look-ups and decisions', async () => {
    await using gateway = await start();
    for (let count = 0; count < 2; count += 1) await gateway.post({ query: 'query Me { me { name } }' });
    await gateway.post({ query: '{ fails }' });
    await gateway.post({ query: '{ nonsense }' });
    await gateway.post({ query: '{ me { id } }' });
    const series = await scrape(gateway);
    expect(seriesOf(series, 'http_server_request_duration_seconds_count')).toEqual({
      'http_server_request_duration_seconds_count{http_request_method="POST",http_route="/graphql",http_response_status_code="200"}': 3,
      'http_server_request_duration_seconds_count{http_request_method="POST",http_route="/graphql",http_response_status_code="400"}': 1,
      'http_server_request_duration_seconds_count{http_request_method="POST",http_route="/graphql",http_response_status_code="429"}': 1,
    });
    const operation = (name: string, type: string, outcome: string) =>
      `atrium_operation_duration_seconds_count{graphql_operation_name="${name}",graphql_operation_type="${type}",outcome="${outcome}"}`;
    expect(seriesOf(series, 'atrium_operation_duration_seconds_count')).toEqual({
      [operation('Me', 'query', 'ok')]: 2,
      [operation('anonymous', 'query', 'errors')]: 1,
      [operation('none', 'none', 'refused')]: 2,
    });
    expect(seriesOf(series, 'atrium_operation_errors_total')).toEqual({
      'atrium_operation_errors_total{code="DOWNSTREAM_SERVICE_ERROR"}': 1,
      'atrium_operation_errors_total{code="GRAPHQL_VALIDATION_FAILED"}': 1,
      'atrium_operation_errors_total{code="RATE_LIMITED"}': 1,
    });
    expect(seriesOf(series, 'http_client_request_duration_seconds_count')).toEqual({
      'http_client_request_duration_seconds_count{atrium_subgraph="users",http_response_status_code="200"}': 3,
    });
    expect(seriesOf(series, 'atrium_cache_lookups_total')).toEqual({ 'atrium_cache_lookups_total{result="miss"}': 3 });
    expect(seriesOf(series, 'atrium_plans_total')).toEqual({
      'atrium_plans_total{result="made"}': 2,
      'atrium_plans_total{result="known"}': 1,
    });
    expect(seriesOf(series, 'atrium_rate_limit_decisions_total')).toEqual({
      'atrium_rate_limit_decisions_total{policy="all",outcome="admitted"}': 4,
      'atrium_rate_limit_decisions_total{policy="all",outcome="refused"}': 1,
    });
    expect(seriesOf(series, 'atrium_subgraph_circuits_open')).toEqual({
      'atrium_subgraph_circuits_open{atrium_subgraph="users"}': 0,
    });
    expect(Object.values(seriesOf(series, 'atrium_supergraph_info'))).toEqual([1]);
    for (const name of ['v8js_memory_heap_used_bytes', 'process_memory_usage_bytes', 'nodejs_eventloop_utilization'])
      expect(series.get(name)).toBeGreaterThan(0);
    expect(series.get('atrium_requests_active')).toBe(0);
  });
});

describe('names that clients choose', () => {
  it('make no more series than there may be, and those that are used have theirs', async () => {
    const telemetry = await counting();
    const finish = (operationName: string, code: string) => {
      const record = { ...createAccessRecord(), operationName, operationType: 'query' as const, errorCodes: [code] };
      telemetry.finish({ ...finished, record, method: operationName });
    };
    for (let index = 0; index < 100_000; index += 1) {
      finish(`Hostile${index}`, `CODE_${index}`);
      if (index % 50 === 0) finish('Checkout', 'NOT_FOUND');
    }
    const text = prometheusText([await telemetry.metrics()]);
    const series = seriesIn(text);
    const operations = seriesOf(series, 'atrium_operation_duration_seconds_count');
    expect(Object.keys(operations).length).toBeLessThanOrEqual(201);
    expect(Object.keys(seriesOf(series, 'atrium_operation_errors_total')).length).toBeLessThanOrEqual(201);
    expect(Object.keys(seriesOf(series, 'http_server_request_duration_seconds_count')).length).toBe(1);
    const named = Object.entries(operations).find(([name]) => name.includes('"Checkout"'));
    expect(named?.[1]).toBeGreaterThan(1_900);
    expect(Object.values(operations).reduce((sum, count) => sum + count, 0)).toBe(102_000);
    expect(text.length).toBeLessThan(1_000_000);
    await telemetry.close();
  });
});

describe('a collector', () => {
  it('gets the same, what is left when the gateway stops included', async () => {
    const collector = await startOtlpReceiver();
    onTestFinished(() => collector.close());
    const telemetry = await counting({ url: `${collector.url}/`, headers: {} });
    telemetry.finish({ ...finished, milliseconds: 30 });
    telemetry.finish({ ...finished, milliseconds: 50 });
    await telemetry.close();
    const points = collector.points().filter(({ metric }) => metric === 'http.server.request.duration');
    expect(points).toMatchObject([{ service: 'atrium', unit: 's', kind: 'histogram', count: 2 }]);
    expect(points[0]?.value).toBeCloseTo(0.08);
    expect(collector.spans().length).toBe(0);
  });
});

describe('several processes', () => {
  it('are counted as one: counts and memory add up, of what does not add up the largest is told', async () => {
    const [one, other] = await Promise.all([counting(), counting()]);
    for (const telemetry of [one, one, other]) telemetry.finish({ ...finished, milliseconds: 30 });
    other.finish({ ...finished, status: 400 });
    const metrics = await Promise.all([one, other].map((telemetry) => telemetry.metrics()));
    const sent = metrics.map((each) => JSON.parse(JSON.stringify(each)));
    const series = seriesIn(prometheusText(sent));
    const labels = (status: number) =>
      `{http_request_method="POST",http_route="/graphql",http_response_status_code="${status}"`;
    expect(series.get(`http_server_request_duration_seconds_count${labels(200)}}`)).toBe(3);
    expect(series.get(`http_server_request_duration_seconds_count${labels(400)}}`)).toBe(1);
    expect(series.get(`http_server_request_duration_seconds_bucket${labels(200)},le="0.025"}`)).toBe(0);
    expect(series.get(`http_server_request_duration_seconds_bucket${labels(200)},le="0.05"}`)).toBe(3);
    expect(series.get('atrium_requests_active')).toBe(4);
    expect(series.get('atrium_supergraph_info{supergraph_id="abc"}')).toBe(1);
    await Promise.all([one.close(), other.close()]);
  });
});

const finished: FinishedRequest = {
  requestId: 'r',
  method: 'POST',
  path: '/graphql',
  status: 200,
  startedAt: 0,
  milliseconds: 1,
  headers: {},
  clientAddress: '127.0.0.1',
  principal: null,
  record: { ...createAccessRecord(), operationName: 'Me', operationType: 'query' },
};

/** Counts, and exports only where it is told to. */
function counting(otlp?: { url: string; headers: Record<string, string> }): Promise<Telemetry> {
  return createTelemetry(
    {
      serviceName: 'atrium',
      ...(otlp && { otlp }),
      traces: { enabled: true, ratio: 1, errors: true, slowMs: 1_000 },
      metrics: { enabled: true, everySeconds: 60 },
    },
    {
      active: () => 2,
      overloadRefusals: () => 0,
      subgraphs: () => [],
      redis: () => ({}),
      supergraphId: () => 'abc',
    },
  );
}
