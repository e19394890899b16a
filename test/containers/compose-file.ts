import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

/** What the guard looks at in a service of `docker-compose.yml`. */
export type ComposeService = z.output<typeof service>;

const command = z.array(z.string());
const service = z.object({
  build: z.string().optional(),
  image: z.string(),
  user: z.string().optional(),
  /** A list, because a text would go through a shell. */
  command: command.optional(),
  entrypoint: command.optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  healthcheck: z
    .object({
      test: z.tuple([z.literal('CMD')]).rest(z.string()),
      interval: z.string(),
      start_period: z.string(),
      retries: z.int(),
    })
    .optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  restart: z.string().optional(),
  stop_grace_period: z.string().default('10s'),
  profiles: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  configs: z.array(z.strictObject({ source: z.string(), target: z.string() })).default([]),
});
const composeFile = z.object({
  services: z.record(z.string(), service),
  configs: z.record(z.string(), z.strictObject({ content: z.string() })).default({}),
});

/** The services that `docker compose up` starts, by name: those without a profile. */
export async function readComposeFile(root: string): Promise<ReadonlyMap<string, ComposeService>> {
  const { services } = await readWholeComposeFile(root);
  return new Map(Object.entries(services).filter(([, { profiles }]) => profiles.length === 0));
}

/** All services, and the files that are written in `docker-compose.yml` itself. */
export async function readWholeComposeFile(root: string): Promise<z.output<typeof composeFile>> {
  const text = await readFile(join(root, 'docker-compose.yml'), 'utf8');
  // As compose does it when none of the variables is set.
  const settled = text.replaceAll(/\$\{\w+:?-([^}]*)\}/g, '$1');
  return composeFile.parse(parse(settled, { merge: true }));
}

/** The port a service of the file listens on: its variable PORT, or what follows `--port` in its command. */
export function containerPort({ environment, command = [] }: ComposeService): number {
  const port = environment['PORT'] ?? command[command.indexOf('--port') + 1];
  if (!/^\d+$/.test(port ?? '')) throw new Error(`Expected a port in PORT or after --port, got ${port}`);
  return Number(port);
}
