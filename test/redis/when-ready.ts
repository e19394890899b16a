import { vi } from 'vitest';
import { isConnected } from '../../src/redis/create-client.ts';
import type { RedisClient } from '../../src/redis/create-client.ts';

/** Unlike `events.once`, goes on waiting when an attempt to connect fails. */
export async function whenReady(redis: RedisClient): Promise<void> {
  await vi.waitFor(
    () => {
      if (!isConnected(redis)) throw new Error(`expected a ready connection, got one that is ${redis.status}`);
    },
    { timeout: 5000, interval: 5 },
  );
}
