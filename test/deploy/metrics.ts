export interface Metric {
  /** As OpenTelemetry has it, with dots. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** UCUM: seconds, bytes, or a number of something. */
  readonly unit: 's' | 'By' | '1';
  /** Its attributes, with all their values where there are only a few. */
  readonly attributes: Readonly<Record<string, readonly string[] | undefined>>;
}

const any = undefined;
const subgraph = { 'atrium.subgraph': any };

/** Every metric the gateway has. */
export const metrics: readonly Metric[] = [
  histogram('http.server.request.duration', {
    'http.request.method': any,
    'http.route': any,
    'http.response.status_code': any,
  }),
  histogram('atrium.operation.duration', {
    'graphql.operation.name': any,
    'graphql.operation.type': ['query', 'mutation', 'subscription', 'none'],
    outcome: ['ok', 'errors', 'refused'],
  }),
  counter('atrium.operation.errors', { code: any }),
  gauge('atrium.requests.active'),
  histogram('http.client.request.duration', { ...subgraph, 'http.response.status_code': any, 'error.type': any }),
  counter('atrium.subgraph.retries', subgraph),
  gauge('atrium.subgraph.active', subgraph),
  gauge('atrium.subgraph.circuits.open', subgraph),
  counter('atrium.cache.lookups', { result: ['hit', 'miss'] }),
  counter('atrium.answers.reused', { source: ['known', 'shared'] }),
  counter('atrium.rate_limit.decisions', { policy: any, outcome: ['admitted', 'refused'] }),
  counter('atrium.plans', { result: ['known', 'made'] }),
  counter('atrium.redis.commands', {
    connection: ['limits', 'caches'],
    outcome: ['answered', 'timeout', 'error', 'skipped'],
  }),
  counter('atrium.overload.refusals'),
  { ...gauge('nodejs.eventloop.delay.p99'), unit: 's' },
  gauge('nodejs.eventloop.utilization'),
  { ...gauge('v8js.memory.heap.used'), unit: 'By' },
  { ...gauge('v8js.memory.heap.limit'), unit: 'By' },
  { ...gauge('process.memory.usage'), unit: 'By' },
  { ...counter('process.cpu.time', { 'process.cpu.mode': ['user', 'system'] }), unit: 's' },
  gauge('atrium.supergraph.info', { 'supergraph.id': any }),
];

/** The series of a metric in Prometheus' text, each with its labels. */
export function seriesOf({ name, kind, unit, attributes }: Metric): Map<string, Metric['attributes']> {
  const base = `${label(name)}${{ s: '_seconds', By: '_bytes', '1': '' }[unit]}`;
  const labels = Object.fromEntries(Object.entries(attributes).map(([key, values]) => [label(key), values]));
  if (kind === 'counter') return new Map([[`${base}_total`, labels]]);
  if (kind === 'gauge') return new Map([[base, labels]]);
  return new Map([
    [`${base}_bucket`, { ...labels, le: any }],
    [`${base}_count`, labels],
    [`${base}_sum`, labels],
  ]);
}

function label(name: string): string {
  return name.replaceAll('.', '_');
}

function histogram(name: string, attributes: Metric['attributes']): Metric {
  return { name, kind: 'histogram', unit: 's', attributes };
}

function counter(name: string, attributes: Metric['attributes'] = {}): Metric {
  return { name, kind: 'counter', unit: '1', attributes };
}

function gauge(name: string, attributes: Metric['attributes'] = {}): Metric {
  return { name, kind: 'gauge', unit: '1', attributes };
}
