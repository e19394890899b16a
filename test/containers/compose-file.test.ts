import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import gatewayConfig from '../../gateway.config.ts';
import manifest from '../../package.json' with { type: 'json' };
import { demoPorts } from '../../services-mock/start-shop.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { subgraphVariable } from '../../src/config/subgraph-options.ts';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';
import { containerPort, readComposeFile } from './compose-file.ts';
import { parseDockerIgnore } from './docker-ignore.ts';
import { execForm, parseDockerfile } from './dockerfile.ts';
import { milliseconds } from './health.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFile(join(root, file), 'utf8');

const services = await readComposeFile(root);
const stages = parseDockerfile(await read('Dockerfile'));
const ignore = parseDockerIgnore(await read('.dockerignore'));

const { gateway, identity, redis, ...subgraphs } = Object.fromEntries(services);
if (gateway === undefined || identity === undefined || redis === undefined) {
  throw new Error('docker-compose.yml: expected the services gateway, identity and redis');
}
const imageEnv = { ATRIUM_HOST: '0.0.0.0' };
const gatewayEnv = { ...imageEnv, ...gateway.environment };

describe('docker-compose.yml', () => {
  it('runs the subgraphs of the committed supergraph, at its ports and paths, under the names of the variables', async () => {
    const supergraph = buildSupergraph(await read('schemas/supergraph.graphql'));
    const { subgraphAddresses } = readEnvironment(gatewayConfig, gatewayEnv);

    expect(Object.keys(subgraphs).toSorted()).toEqual(supergraph.subgraphs.map(({ name }) => name).toSorted());
    expect(subgraphAddresses).toEqual(
      Object.fromEntries(
        supergraph.subgraphs.map(({ name, url }) => [subgraphVariable(name), url.replace('127.0.0.1', name)]),
      ),
    );
  });

  it('lets every service listen at its port of the demo, on all addresses of its container', () => {
    const { gateway: _, redis: __, ...shop } = Object.fromEntries(services);

    expect(Object.fromEntries(Object.entries(shop).map(([name, service]) => [name, containerPort(service)]))).toEqual(
      demoPorts,
    );
    expect(Object.values(shop).map(({ environment }) => environment['HOST'])).toEqual(
      Object.keys(demoPorts).map(() => '0.0.0.0'),
    );
  });

  it('sets variables of the gateway that the gateway reads', () => {
    const { overrides, subgraphAddresses, problems } = readEnvironment(gatewayConfig, gatewayEnv);
    const addresses = Object.keys(subgraphAddresses).map((name) => `ATRIUM_SUBGRAPH_${name}_URL`);

    expect(problems).toEqual([]);
    expect([...new Set([...overrides.map(({ source }) => source), ...addresses])].toSorted()).toEqual(
      Object.keys(gatewayEnv).toSorted(),
    );
    expect(parseConfig(gatewayConfig, gatewayEnv)).toMatchObject({
      mode: 'development',
      server: { host: '0.0.0.0', port: containerPort(gateway) },
      admin: { host: '0.0.0.0', port: 4010 },
    });
  });

  it.each(Object.entries({ ...subgraphs, identity }))(
    'sets variables of %s that the service reads',
    async (_, service) => {
      const [folder = ''] = service.command?.[0]?.split('/main.ts') ?? [];
      const support = ['run-alone', 'faults', 'signed-only'].map((name) => `services-mock/support/${name}.ts`);
      const files = [`${folder}/main.ts`, ...support];
      const source = (await Promise.all(files.map(read))).join('\n');

      expect(Object.keys(service.environment).filter((name) => !new RegExp(`\\b${name}\\b`).test(source))).toEqual([]);
    },
  );

  it('names a service of the file and its port in every address between containers', () => {
    const urls = [...services.values()]
      .flatMap(({ environment }) => Object.entries(environment))
      .filter(([name, value]) => value.includes('://') && !['IDENTITY_ISSUER', 'ATRIUM_OTLP_URL'].includes(name))
      .map(([, value]) => new URL(value));

    expect(urls).not.toEqual([]);
    for (const { hostname, port } of urls) {
      const service = services.get(hostname);
      expect({ hostname, port: Number(port) }).toEqual({ hostname, port: service && containerPort(service) });
    }
  });

  it('lets the identity service sign as the issuer that the gateway trusts', () => {
    expect(gatewayConfig.authentication?.issuers?.map(({ issuer }) => issuer)).toEqual([
      identity.environment['IDENTITY_ISSUER'],
    ]);
  });

  it('starts the gateway when everything else is healthy', () => {
    const others = [...services.keys()].filter((name) => name !== 'gateway');

    expect(gateway.depends_on).toEqual(
      Object.fromEntries(others.map((name) => [name, { condition: 'service_healthy' }])),
    );
    expect(others.filter((name) => services.get(name)?.healthcheck === undefined)).toEqual([]);
  });

  it('opens the gateway and the identity service to this machine, and hides the rest', () => {
    const published = [...services].flatMap(([name, { ports }]) => ports.map((port) => [name, port]));

    expect(published).toEqual([
      ['identity', '127.0.0.1:4005:4005'],
      ['gateway', '127.0.0.1:4000:4000'],
    ]);
  });

  it('starts again whatever ends', () => {
    expect([...services.values()].map(({ restart }) => restart)).toEqual([...services].map(() => 'unless-stopped'));
  });

  it('gives the gateway the time it may take to stop', () => {
    const { shutdownMs } = parseConfig(gatewayConfig, gatewayEnv).server;

    expect(milliseconds(gateway.stop_grace_period)).toBeGreaterThan(shutdownMs);
  });

  it('pins the images it does not build', () => {
    const foreign = [...services.values()].filter(({ build }) => build === undefined).map(({ image }) => image);

    expect(foreign).toEqual([expect.stringMatching(/^redis:\d+\.\d+\.\d+-/)]);
  });
});

describe('Dockerfile', () => {
  const image = stages.at(-1)?.instructions ?? [];
  const last = (keyword: string) => image.findLast((instruction) => instruction.keyword === keyword)?.argument;

  it('has the pinned Node as its base', () => {
    const bases = stages.map(({ base }) => base).filter((base) => !stages.some(({ name }) => name === base));

    expect(
      [...new Set(Object.values(manifest.optionalDependencies))].map((version) => `node:${version}-bookworm-slim`),
    ).toEqual(bases);
  });

  it('serves as a user without rights, without a shell, at the port it exposes', () => {
    expect(last('USER')).toBe('node');
    expect([...execForm(last('ENTRYPOINT') ?? ''), ...execForm(last('CMD') ?? '')]).toEqual([
      'node',
      'bin/atrium',
      'serve',
    ]);
    expect(last('EXPOSE')).toBe(gateway.environment['PORT']);
    expect(last('ENV')).toContain(`ATRIUM_HOST=${imageEnv.ATRIUM_HOST}`);
  });

  it('checks health with a program of its base', () => {
    expect(execForm(last('HEALTHCHECK')?.replace('CMD ', '') ?? '')[0]).toBe('node');
  });
});

describe('.dockerignore', () => {
  it.each(['src/cli/main.ts', 'services-mock/users/main.ts', 'schemas/users.graphql', 'package-lock.json', '.npmrc'])(
    'lets %s through',
    (path) => {
      expect(ignore.letsThrough(path)).toBe(true);
    },
  );

  it.each([
    'node_modules/graphql/index.js',
    'services-mock/node_modules/graphql/index.js',
    '.git/config',
    '.atrium/explorer/index.html',
    'test/containers/compose-file.test.ts',
    'dist/explorer/index.html',
    '.env',
    'src/.env.local',
    'src/cli/npm-debug.log',
    'docker-compose.yml',
  ])('keeps %s out', (path) => {
    expect(ignore.letsThrough(path)).toBe(false);
  });

  it('lets through what the Dockerfile copies', async () => {
    const files = await ignore.filesOf(root);
    const copied = stages
      .flatMap(({ instructions }) => instructions)
      .filter(({ keyword, flags }) => keyword === 'COPY' && flags['from'] === undefined)
      .flatMap(({ argument }) => argument.split(/\s+/).slice(0, -1));

    expect(copied.filter((path) => !files.some((file) => file === path || file.startsWith(`${path}/`)))).toEqual([]);
    expect(files.filter((file) => !copied.some((path) => file === path || file.startsWith(`${path}/`)))).toEqual([]);
  });
});
