import { expect, it, vi } from 'vitest';
import { WriteQueue } from '../../src/cache/write-queue.ts';
import type { Store, StoreEntry } from '../../src/redis/store.ts';
import { written } from './cache-under-test.ts';

const entryOf = (key: string, bytes = 10): StoreEntry => ({ key, value: 'x'.repeat(bytes - key.length), ttlMs: 1000 });

it('writes once a turn what was added in it, and drops what would have to wait for too much', async () => {
  const { promise: stored, resolve: store } = Promise.withResolvers<undefined>();
  const setMany = vi.fn<Store['setMany']>(() => stored);
  const queue = new WriteQueue({ setMany, getMany: async () => [], close: async () => {} });
  const sent = vi.fn<(isSent: boolean) => void>();

  queue.add([entryOf('a'), entryOf('b')], sent);
  queue.add([entryOf('c', 15_000_000)], sent);
  expect(setMany).not.toHaveBeenCalled();
  await written();
  expect(setMany.mock.calls.map(([entries]) => entries.map(({ key }) => key))).toEqual([['a', 'b', 'c']]);
  // On their way, as soon as that.
  expect(sent.mock.calls).toEqual([[true], [true]]);

  queue.add([entryOf('d', 2_000_000)], sent);
  expect(sent).toHaveBeenLastCalledWith(false);
  store(undefined);
  await written();
  queue.add([entryOf('e', 2_000_000)], sent);
  await written();
  expect(setMany.mock.calls.map(([entries]) => entries.map(({ key }) => key))).toEqual([['a', 'b', 'c'], ['e']]);
});
