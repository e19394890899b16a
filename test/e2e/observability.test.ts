import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metrics, seriesOf } from '../deploy/metrics.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';
import type { OtlpReceiver, ReceivedSpan } from '../support/otlp-receiver.ts';
import { startDemoShop } from './demo-shop.ts';
import type { DemoShop } from './demo-shop.ts';
import { startGateway } from './gateway-process.ts';
import type { GatewayProcess } from './gateway-process.ts';

const orders = `query Orders {
  me { name orders(first: 3) { edges { node { items { product { price { amount } } } payment { status } } } } }
}`;
const traceId = '0af7651916cd43dd8448eb211c80319c';
const clientSpanId = 'b7ad6b7169203331';

describe('the demo, observed', () => {
  let receiver: OtlpReceiver;
  let found: ReadonlyMap<string, ReadonlySet<string>>;
  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    const shop = await startDemoShop({ collector: receiver.url });
    try {
      const gateway = await startGateway({ env: shop.env });
      try {
        await askAll(gateway, shop);
        found = await scrape(gateway);
      } finally {
        await gateway.stop();
      }
    } finally {
      await shop.close();
    }
  });
  afterAll(() => receiver?.close());

  it('shows one trace from the client through the gateway to four services', () => {
    const ofTrace = receiver.spans().filter((span) => span.traceId === traceId);
    const servers = ofTrace.filter(({ service, kind }) => service !== 'atrium' && kind === 'server');
    const byId = new Map(ofTrace.map((span) => [span.spanId, span]));
    const roots = ofTrace.filter(({ parentSpanId }) => parentSpanId === clientSpanId);

    expect(roots).toMatchObject([
      { service: 'atrium', kind: 'server', attributes: { 'graphql.operation.name': 'Orders' } },
    ]);
    expect(new Set(servers.map(({ service }) => service))).toEqual(
      new Set(['users', 'orders', 'payments', 'products']),
    );
    for (const server of servers) {
      const ancestors = ancestorsOf(server, byId);
      const call = { service: 'atrium', kind: 'client', attributes: { 'atrium.subgraph': server.service } };
      expect(ancestors[0]).toMatchObject(call);
      expect(ancestors.at(-1)).toBe(roots[0]);
    }
  });

  it('begins a trace for a client who has none', () => {
    const root = receiver.spans().find(({ attributes }) => attributes['graphql.operation.name'] === 'Mine');
    const rest = receiver.spans().filter((span) => span.traceId === root?.traceId && span !== root);

    expect(root).toMatchObject({ service: 'atrium', kind: 'server', parentSpanId: undefined });
    expect(rest.map(({ service }) => service)).toContain('users');
  });

  it('has the metrics that dashboard and alerts are made for, and no others', () => {
    const known = new Map(metrics.flatMap((metric) => [...seriesOf(metric)]));

    expect([...found.keys()].filter((series) => !known.has(series))).toEqual([]);
    for (const [series, labels] of found) {
      const expected = Object.keys(known.get(series) ?? {});
      expect([series, ...[...labels].toSorted()]).toEqual([series, ...expected.toSorted()]);
    }
    // The demo has no Redis, and nothing was asked twice at a time.
    const absent = metrics.filter((metric) => ![...seriesOf(metric).keys()].some((series) => found.has(series)));
    expect(absent.map(({ name }) => name)).toEqual(['atrium.answers.reused', 'atrium.redis.commands']);
  });
});

/** What leaves every kind of trace, and every metric with all its labels. */
async function askAll(gateway: GatewayProcess, shop: DemoShop): Promise<void> {
  const headers = { traceparent: `00-${traceId}-${clientSpanId}-01` };
  const answer = await gateway.ask({ query: orders, token: await shop.token('ann'), headers });
  expect(answer.body).not.toHaveProperty('errors');
  await gateway.ask({ query: 'query Mine { me { id } }', token: await shop.token('bob') });
  await shop.putFaults('users', { status: 500 });
  const { body } = await gateway.ask({ query: 'query Failing { me { name } }', token: await shop.token('carol') });
  expect(body).toHaveProperty('errors');
}

/** A span's parents, the nearest first. */
function ancestorsOf(span: ReceivedSpan, spans: ReadonlyMap<string, ReceivedSpan>): ReceivedSpan[] {
  const parent = spans.get(span.parentSpanId ?? '');
  return parent === undefined ? [] : [parent, ...ancestorsOf(parent, spans)];
}

/** The series of the admin listener's `/metrics`, each with the labels that occur. */
async function scrape({ messages }: GatewayProcess): Promise<Map<string, Set<string>>> {
  const admin = messages.map((line) => /^The admin listener answers at (\S+)/.exec(line)?.[1]).find(Boolean) ?? '';
  const text = await (await fetch(`${admin}/metrics`)).text();
  const series = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const known = series.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) known.add(label);
    series.set(name, known);
  }
  return series;
}
