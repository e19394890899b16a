import { setTimeout as sleep } from 'node:timers/promises';
import type { FetchContext } from '../core/request-context.ts';
import type { RedisWait, Store } from '../redis/store.ts';
import type { InvalidationLog } from './invalidation-log.ts';
import type { Loads, TakenLoads } from './loads.ts';

interface Waiting {
  readonly index: number;
  readonly key: string;
}

interface WaitOptions {
  readonly store: Store;
  readonly log: InvalidationLog;
  readonly loads: Loads;
  /** Takes the entry's value if it is valid. */
  readonly take: (index: number, text: string | null | undefined) => boolean;
  /** In milliseconds of `performance.now()`. */
  readonly until: number;
  readonly context: FetchContext;
}

const firstPollMs = 5;
const longestPollMs = 500;

/**
 * Waits for what is being loaded elsewhere; the indexes of what came. The wait ends early for what will not come, and for
 * all when the client leaves. Another process' loads are polled for, with a pause that doubles: some ten times at most.
 */
export async function waitForOthers(
  waiting: readonly Waiting[],
  { here, elsewhere }: TakenLoads,
  { store, log, loads, take, until, context: { signal } }: WaitOptions,
): Promise<ReadonlySet<number>> {
  const { promise: left, resolve: leave } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => leave(undefined), until - performance.now());
  signal.addEventListener('abort', () => leave(undefined), { once: true });
  if (signal.aborted) leave(undefined);
  const hasLeft = () => signal.aborted || performance.now() >= until;

  /** A budget of their own: it is not Redis that the client waits for. */
  const polls: RedisWait = { redisMs: 0 };

  async function join({ index, key }: Waiting): Promise<number[]> {
    return take(index, await Promise.race([here.get(key), left])) ? [index] : [];
  }

  async function poll(waitingElsewhere: readonly Waiting[]): Promise<number[]> {
    const found: number[] = [];
    let missing = waitingElsewhere;
    for (let pauseMs = firstPollMs; missing.length > 0; pauseMs = Math.min(2 * pauseMs, longestPollMs)) {
      await Promise.race([sleep(pauseMs), left]);
      if (hasLeft()) break;
      const keys = missing.map(({ key }) => key);
      // In this order: what is written before a lease ends is then found.
      const [held, texts] = await Promise.all([loads.held(keys, polls), store.getMany([...keys, ...log.keys], polls)]);
      if (!(await log.follow(texts.at(-1), polls))) break;
      const came = missing.filter(({ index }, at) => take(index, texts[at]));
      loads.end(new Map(came.map(({ key }) => [key, texts[keys.indexOf(key)] ?? undefined])));
      found.push(...came.map(({ index }) => index));
      missing = missing.filter((one, at) => held[at] === true && !came.includes(one));
    }
    return found;
  }

  try {
    const found = await Promise.all([
      ...waiting.filter(({ key }) => here.has(key)).map(join),
      poll(waiting.filter(({ key }) => elsewhere.has(key))),
    ]);
    return new Set(found.flat());
  } finally {
    clearTimeout(timer);
  }
}
