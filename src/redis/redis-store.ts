import type { RedisConnection } from './connect.ts';
import type { Store, StoreEntry } from './store.ts';

/** A store in Redis: one MGET a read (a quarter of the cost of a pipeline of GETs), one pipeline a write. */
export function createRedisStore(connection: RedisConnection): Store {
  return {
    async getMany(keys, waiting) {
      if (keys.length === 0) return [];
      try {
        return await connection.run(async (redis) => redis.mget([...keys]), waiting);
      } catch {
        return keys.map(() => null);
      }
    },
    async setMany(entries) {
      const lasting = entries.filter(({ ttlMs }) => ttlMs >= 1);
      if (lasting.length === 0) return;
      try {
        await connection.run(async (redis) => redis.pipeline(lasting.map(setCommand)).exec());
      } catch {
        // The connection has reported it, and an entry that is not there is a miss.
      }
    },
    // The connection belongs to whoever opened it.
    async close() {},
  };
}

function setCommand({ key, value, ttlMs }: StoreEntry): string[] {
  return ['set', key, value, 'px', String(Math.floor(ttlMs))];
}
