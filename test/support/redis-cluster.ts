import { Redis } from 'ioredis';
import { vi } from 'vitest';
import { freePort } from './free-port.ts';
import { startRedisServer } from './redis-server.ts';
import type { TestRedisServer } from './redis-server.ts';

export interface TestRedisCluster {
  /** Three primaries with a third of the slots each. */
  readonly nodes: readonly TestRedisServer[];
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

const slots = 16_384;

/** A Redis Cluster of the caller's own; the machine must have a `redis-server`. */
export async function startRedisCluster(): Promise<TestRedisCluster> {
  const busPorts: number[] = [];
  const nodes: TestRedisServer[] = [];
  for (let index = 0; index < 3; index += 1) {
    const busPort = await freePort();
    const node = await startRedisServer(['--cluster-enabled', 'yes', '--cluster-port', String(busPort)]);
    if (node === undefined) throw new Error('expected a redis-server on the PATH, got none');
    busPorts.push(busPort);
    nodes.push(node);
  }
  const clients = nodes.map(({ url }) => new Redis(url));
  for (const [index, client] of clients.entries()) {
    const [from, to] = [index, index + 1].map((third) => Math.ceil((slots * third) / nodes.length));
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from ?? 0, (to ?? 0) - 1);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    for (const [other, { port }] of nodes.entries()) {
      if (other < index) await client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPorts[other] ?? 0);
    }
  }
  await vi.waitFor(
    async () => {
      for (const client of clients) {
        const info = await client.cluster('INFO');
        if (!/cluster_state:ok[^]*cluster_slots_ok:16384/.test(info))
          throw new Error(`expected a whole cluster, got ${info}`);
      }
    },
    { timeout: 30_000, interval: 50 },
  );
  for (const client of clients) client.disconnect();
  return {
    nodes,
    urls: nodes.map(({ url }) => url),
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
}
