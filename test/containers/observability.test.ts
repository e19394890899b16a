import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import gatewayConfig from '../../gateway.config.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { readComposeFile, readWholeComposeFile } from './compose-file.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = async (file: string): Promise<unknown> => parse(await readFile(join(root, 'deploy', file), 'utf8'));

const file = await readWholeComposeFile(root);
const usual = await readComposeFile(root);
const added = Object.fromEntries(Object.entries(file.services).filter(([name]) => !usual.has(name)));

const { collector, grafana, jaeger, prometheus } = added;
const gateway = usual.get('gateway');
if (!collector || !grafana || !jaeger || !prometheus || !gateway) {
  throw new Error('docker-compose.yml: expected the services collector, grafana, jaeger, prometheus and gateway');
}

const endpoint = z.object({ endpoint: z.string() });
const collectorFile = z
  .object({
    receivers: z.object({ otlp: z.object({ protocols: z.object({ http: endpoint }) }) }),
    processors: z.record(z.string(), z.unknown()),
    exporters: z.strictObject({ otlphttp: endpoint }),
    service: z.object({
      pipelines: z.strictObject({ traces: z.record(z.string(), z.array(z.string())) }),
    }),
  })
  .parse(await read('otel-collector.yml'));
const collectorPort = Number(collectorFile.receivers.otlp.protocols.http.endpoint.split(':')[1]);

describe('the profile observability of docker-compose.yml', () => {
  it('adds a collector, Jaeger, Prometheus and Grafana', () => {
    expect(Object.fromEntries(Object.entries(added).map(([name, { profiles }]) => [name, profiles]))).toEqual({
      collector: ['observability'],
      jaeger: ['observability'],
      prometheus: ['observability'],
      grafana: ['observability'],
    });
  });

  it('is needed by nothing outside of it', () => {
    const needed = [...usual.values()].flatMap(({ depends_on }) => Object.keys(depends_on));

    expect(needed.filter((name) => name in added)).toEqual([]);
  });

  it('pins its images', () => {
    expect(Object.values(added).map(({ image }) => image)).toEqual([
      expect.stringMatching(/^otel\/opentelemetry-collector:\d+\.\d+\.\d+$/),
      expect.stringMatching(/^jaegertracing\/jaeger:\d+\.\d+\.\d+$/),
      expect.stringMatching(/^prom\/prometheus:v\d+\.\d+\.\d+$/),
      expect.stringMatching(/^grafana\/grafana:\d+\.\d+\.\d+$/),
    ]);
  });

  it('opens its pages to this machine alone', () => {
    expect(Object.values(added).flatMap(({ ports }) => ports)).toEqual([
      '127.0.0.1:16686:16686',
      '127.0.0.1:9090:9090',
      '127.0.0.1:3000:3000',
    ]);
  });

  it('mounts every file of deploy/, to be read only', async () => {
    const mounted = Object.values(added).flatMap(({ volumes }) => volumes.map((volume) => volume.split(':')));
    const entries = await readdir(join(root, 'deploy'), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));

    expect(mounted.map(([path = '']) => join(root, path)).toSorted()).toEqual(files.toSorted());
    expect(mounted.map(([, , mode]) => mode)).toEqual(mounted.map(() => 'ro'));
  });

  it('gets the spans of gateway and services, and passes them on to Jaeger', () => {
    const { processors, exporters, service } = collectorFile;
    const senders = ['gateway', 'users', 'products', 'orders', 'payments'].map((name) => usual.get(name));

    expect(senders.map((sender) => sender?.environment['ATRIUM_OTLP_URL'])).toEqual(
      senders.map(() => `http://collector:${collectorPort}`),
    );
    expect(exporters.otlphttp.endpoint).toBe('http://jaeger:4318');
    expect(service.pipelines.traces).toEqual({
      receivers: ['otlp'],
      processors: Object.keys(processors),
      exporters: ['otlphttp'],
    });
    expect(targetsOf(collector.volumes)).toEqual(['/etc/otelcol/config.yaml']);
  });

  it('shows every request of the demo, and is sent no metrics', () => {
    expect(parseConfig(gatewayConfig, gateway.environment).telemetry).toMatchObject({
      otlp: { url: `http://collector:${collectorPort}` },
      traces: { enabled: true, ratio: 1 },
      metrics: { enabled: false },
    });
  });

  it('lets Prometheus scrape the admin listener of the gateway with its token', async () => {
    const { scrape_configs: scrapes } = z
      .object({
        scrape_configs: z.array(
          z.object({
            authorization: z.object({ credentials_file: z.string() }),
            metrics_path: z.string().default('/metrics'),
            static_configs: z.array(z.object({ targets: z.array(z.string()) })),
          }),
        ),
      })
      .parse(await read('prometheus.yml'));
    const { ATRIUM_ADMIN_PORT, ATRIUM_ADMIN_TOKEN } = gateway.environment;
    const [token] = prometheus.configs;

    expect(scrapes).toEqual([
      {
        authorization: { credentials_file: 'admin-token' },
        metrics_path: '/metrics',
        static_configs: [{ targets: [`gateway:${ATRIUM_ADMIN_PORT}`] }],
      },
    ]);
    // Prometheus looks for a file beside its own.
    expect(targetsOf(prometheus.volumes)).toEqual(['/etc/prometheus/prometheus.yml', '/etc/prometheus/alerts.yml']);
    expect(token?.target).toBe('/etc/prometheus/admin-token');
    expect(file.configs[token?.source ?? '']?.content).toBe(ATRIUM_ADMIN_TOKEN);
  });

  it('lets Grafana show the dashboard on what Prometheus has', async () => {
    const { datasources } = z
      .object({ datasources: z.array(z.object({ type: z.string(), url: z.string() })) })
      .parse(await read('grafana/datasources.yml'));
    const { providers } = z
      .object({ providers: z.tuple([z.object({ options: z.object({ path: z.string() }) })]) })
      .parse(await read('grafana/dashboards.yml'));
    const dashboard = `${providers[0].options.path}/atrium.json`;

    expect(datasources).toEqual([{ type: 'prometheus', url: 'http://prometheus:9090' }]);
    expect(targetsOf(grafana.volumes)).toEqual([
      '/etc/grafana/provisioning/datasources/atrium.yml',
      '/etc/grafana/provisioning/dashboards/atrium.yml',
      dashboard,
    ]);
    expect(grafana.environment['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']).toBe(dashboard);
  });
});

function targetsOf(volumes: readonly string[]): (string | undefined)[] {
  return volumes.map((volume) => volume.split(':')[1]);
}
