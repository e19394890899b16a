import { randomUUID } from 'node:crypto';
import type { Result } from 'ioredis';
import type { RedisConnection } from '../redis/connect.ts';
import type { RedisClient } from '../redis/create-client.ts';
import { bySlot } from '../redis/by-slot.ts';
import type { RedisWait, Store } from '../redis/store.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    atriumLease(keyCount: number, ...keysOwnerAndMs: (string | number)[]): Result<number[], Context>;
    atriumEndLease(keyCount: number, ...keysOwnerAndMs: (string | number)[]): Result<unknown, Context>;
  }
}

/** Who fetches what all replicas miss. Nothing here rejects. */
export interface Leases {
  /** For each key whether it was free and is the caller's now; all are, where nobody can tell. */
  take(keys: readonly string[], ms: number, waiting?: RedisWait): Promise<readonly boolean[]>;
  /** Whether somebody has them; nobody has, where nobody can tell. */
  held(keys: readonly string[], waiting?: RedisWait): Promise<readonly boolean[]>;
  /** Those of the caller's that are left become free after so many milliseconds. */
  end(keys: readonly string[], ms: number): void;
}

/** Of one process with itself. `clock` in milliseconds from any origin. */
export function createMemoryLeases(clock: () => number = () => performance.now()): Leases {
  const ends = new Map<string, number>();
  return {
    async take(keys, ms) {
      const now = clock();
      for (const [key, end] of ends) if (end <= now) ends.delete(key);
      return keys.map((key) => {
        if (ends.has(key)) return false;
        ends.set(key, now + ms);
        return true;
      });
    },
    async held(keys) {
      const now = clock();
      return keys.map((key) => (ends.get(key) ?? now) > now);
    },
    end(keys, ms) {
      for (const key of keys) ends.set(key, clock() + ms);
    },
  };
}

const takeScript = `
local taken = {}
for index, key in ipairs(KEYS) do
  taken[index] = redis.call('SET', key, ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
end
return taken
`;

const endScript = `
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then redis.call('PEXPIRE', key, ARGV[2]) end
end
`;

export function createRedisLeases(connection: RedisConnection, store: Store): Leases {
  const { redis } = connection;
  redis.defineCommand('atriumLease', { lua: takeScript });
  redis.defineCommand('atriumEndLease', { lua: endScript });
  // Of this process: within it a lease is not asked for twice.
  const owner = randomUUID();
  return {
    async take(keys, ms, waiting) {
      const groups = bySlot(keys, redis.isCluster);
      const take = async (client: RedisClient): Promise<number[][]> =>
        Promise.all(groups.map(async (some) => client.atriumLease(some.length, ...some, owner, Math.ceil(ms))));
      try {
        const answers = await connection.run(take, waiting);
        const refused = new Set(groups.flatMap((some, at) => some.filter((_, index) => answers[at]?.[index] === 0)));
        return keys.map((key) => !refused.has(key));
      } catch {
        return keys.map(() => true);
      }
    },
    async held(keys, waiting) {
      return (await store.getMany(keys, waiting)).map((owned) => owned !== null);
    },
    end(keys, ms) {
      const end = async (client: RedisClient): Promise<unknown> =>
        Promise.all(
          bySlot(keys, redis.isCluster).map(async (some) =>
            client.atriumEndLease(some.length, ...some, owner, Math.ceil(ms)),
          ),
        );
      // Otherwise they end by themselves.
      connection.run(end).catch(() => {});
    },
  };
}
