import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedisServer } from '../../test/support/redis-server.ts';
import type { TestRedisServer } from '../../test/support/redis-server.ts';
import { openArena } from '../arena.ts';
import type { Arena, RunningContestant } from '../arena.ts';
import { contestants } from '../contestants.ts';
import { workloads } from '../workloads.ts';
import type { Workload, WorkloadName } from '../workloads.ts';

/** An arena with a Redis of its own. */
export interface RedisArena {
  readonly arena: Arena;
  readonly workload: Workload;
  readonly redis: TestRedisServer;
  /** Atrium with a configuration, silent. */
  readonly start: (title: string, config: object) => Promise<RunningContestant>;
}

/** Opens one for what is measured, and closes it whatever came of that. */
export async function inRedisArena(name: WorkloadName, measure: (arena: RedisArena) => Promise<void>): Promise<void> {
  const workload = workloads.find((one) => one.name === name);
  const atrium = contestants.find((one) => one.name === 'atrium');
  if (workload === undefined || atrium === undefined) throw new Error(`expected Atrium and the workload ${name}`);
  const redis = await startRedisServer();
  if (redis === undefined) throw new Error('expected a redis-server on the PATH, got none');
  const folder = await mkdtemp(join(tmpdir(), 'atrium-bench-redis-'));
  const arena = await openArena();
  let started = 0;
  try {
    await measure({
      arena,
      workload,
      redis,
      async start(title, config) {
        started += 1;
        const file = join(folder, `${started}.config.ts`);
        await writeFile(file, `export default ${JSON.stringify({ ...config, logging: { level: 'silent' } })};`);
        return arena.start({ ...atrium, title, args: (given) => [...atrium.args(given), '--config', file] }, workload);
      },
    });
  } finally {
    await arena.close();
    // One that was stopped would not end.
    redis.signal('SIGCONT');
    await redis.stop();
    await rm(folder, { recursive: true });
  }
}
