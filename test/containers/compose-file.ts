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
});
const composeFile = z.object({ services: z.record(z.string(), service) });

/** The services that `docker compose up` starts, by name: those without a profile. */
export async function readComposeFile(root: string): Promise<ReadonlyMap<string, ComposeService>> {
  const text = await readFile(join(root, 'docker-compose.yml'), 'utf8');
  // As compose does it when none of the variables is set.
  const settled = text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
  const { services } = composeFile.parse(parse(settled, { merge: true }));
  return new Map(Object.entries(services).filter(([, { profiles }]) => profiles.length === 0));
}

/** The port a service of the file listens on: its variable PORT, or what follows `--port` in its command. */
export function containerPort({ environment, command = [] }: ComposeService): number {
  const port = environment['PORT'] ?? command[command.indexOf('--port') + 1];
  if (!/^\d+$/.test(port ?? '')) throw new Error(`Expected a port in PORT or after --port, got ${port}`);
  return Number(port);
}
