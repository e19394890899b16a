import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { metrics, seriesOf } from './metrics.ts';
import { readPromql } from './promql.ts';

const folder = fileURLToPath(new URL('../../deploy', import.meta.url));
const read = async (file: string): Promise<unknown> => parse(await readFile(join(folder, file), 'utf8'));

const target = z.object({ refId: z.string(), expr: z.string(), legendFormat: z.string() });
const panel = z.object({
  id: z.int(),
  type: z.enum(['row', 'stat', 'timeseries', 'table']),
  title: z.string(),
  datasource: z.object({ type: z.string(), uid: z.string() }).optional(),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  targets: z.array(target).default([]),
});
const dashboard = z
  .object({ uid: z.literal('atrium'), title: z.literal('Atrium'), panels: z.array(panel) })
  .parse(await read('grafana/atrium.json'));

const alertFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().regex(/^\d+m$/),
          labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.strictObject({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});
const alerts = alertFile.parse(await read('alerts.yml')).groups.flatMap(({ rules }) => rules);

const prometheus = z
  .object({
    rule_files: z.array(z.string()),
    scrape_configs: z.tuple([z.object({ job_name: z.string() })]),
  })
  .parse(await read('prometheus.yml'));
const [{ job_name: job }] = prometheus.scrape_configs;

/** Every series there is, with its labels and, where only some are possible, their values. */
const series = new Map([...metrics.flatMap((metric) => [...seriesOf(metric)]), ['up', {}] as const]);
const everywhere = { job: [job], instance: undefined };

const expressions = [
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [`panel ${title}`, expr] as const)),
  ...alerts.map(({ alert, expr }) => [`alert ${alert}`, expr] as const),
];

describe('dashboard and alerts', () => {
  it.each(expressions)('%s asks for what the gateway has: %s', (_, expr) => {
    const { selectors, groupedBy, strays } = readPromql(expr);
    const labels = selectors.map((selector) => ({ ...everywhere, ...series.get(selector.series) }));

    expect(strays).toEqual([]);
    expect(selectors.filter((selector) => !series.has(selector.series))).toEqual([]);
    expect(selectors.filter(({ matchers }) => !matchers.some(({ label }) => label === 'job'))).toEqual([]);
    expect(groupedBy.filter((label) => !labels.every((known) => label in known))).toEqual([]);
    for (const [index, { matchers }] of selectors.entries()) {
      const known: Readonly<Record<string, readonly string[] | undefined>> = labels[index] ?? {};
      for (const { label, value } of matchers) {
        expect(Object.keys(known)).toContain(label);
        expect(known[label] ?? [value]).toContain(value);
      }
    }
  });

  it('leave no metric of the gateway out of the dashboard', () => {
    const shown = new Set(
      dashboard.panels
        .flatMap(({ targets }) => targets)
        .flatMap(({ expr }) => readPromql(expr).selectors.map((selector) => selector.series)),
    );
    const missing = metrics.filter((metric) => ![...seriesOf(metric).keys()].some((name) => shown.has(name)));

    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it('name labels in their texts that their series have', () => {
    const texts = [
      ...dashboard.panels.flatMap(({ targets }) =>
        targets.map(({ expr, legendFormat }) => ({ expr, text: legendFormat })),
      ),
      ...alerts.map(({ expr, annotations }) => ({ expr, text: Object.values(annotations).join('\n') })),
    ];
    for (const { expr, text } of texts) {
      const named = [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label]) => label);
      const kept = expr.includes('sum') ? readPromql(expr).groupedBy : ['instance'];
      expect({ text, unknown: named.filter((label = '') => !kept.includes(label)) }).toEqual({ text, unknown: [] });
    }
  });
});

describe('the dashboard', () => {
  it('has panels with names and ids of their own, side by side', () => {
    const { panels } = dashboard;
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`),
    );

    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
    expect(panels.filter(({ type, targets }) => (type === 'row') !== (targets.length === 0))).toEqual([]);
  });

  it('asks the data source that is provisioned', async () => {
    const file = z.object({ datasources: z.tuple([z.object({ uid: z.string(), type: z.string() })]) });
    const [{ uid, type }] = file.parse(await read('grafana/datasources.yml')).datasources;
    const asked = dashboard.panels.filter((shown) => shown.type !== 'row').map(({ datasource }) => datasource);

    expect(asked).toEqual(asked.map(() => ({ type, uid })));
  });
});

it('the alerts have names of their own, and Prometheus reads them', () => {
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  expect(prometheus.rule_files).toEqual(['alerts.yml']);
});
