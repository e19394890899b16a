import type { Redis } from 'ioredis';
import { vi } from 'vitest';

/** Unlike `events.once`, goes on waiting when an attempt to connect fails. */
export async function whenReady(redis: Redis): Promise<void> {
  await vi.waitFor(
    () => {
      if (redis.status !== 'ready') throw new Error(`expected a ready connection, got one that is ${redis.status}`);
    },
    { timeout: 5000, interval: 5 },
  );
}
