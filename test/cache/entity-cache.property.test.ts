import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CacheBackend } from '../../src/cache/cache-backend.ts';
import { invalidate } from '../../src/cache/invalidate.ts';
import type { CacheReading, EntityCache } from '../../src/cache/entity-cache.ts';
import type { Invalidation } from '../../src/config/invalidation.ts';
import { backendVariants } from './backend-variants.ts';
import type { SharedBackends } from './backend-variants.ts';
import {
  anonymous,
  createCacheUnderTest,
  lookupOf,
  productOf,
  readOne,
  signedIn,
  stranger,
  textOf,
  written,
} from './cache-under-test.ts';

const replicas = 3;
const contexts = {
  anonymous,
  strangerA: () => stranger('a'),
  strangerB: () => stranger('b'),
  ann: () => signedIn('ann'),
  bob: () => signedIn('bob'),
};
type Client = keyof typeof contexts;
const clients = Object.keys(contexts) as Client[];

const headersOf = {
  public: (seconds: number) => ({ 'cache-control': `public, max-age=${seconds}` }),
  varying: (seconds: number) => ({ 'cache-control': `public, max-age=${seconds}`, vary: 'authorization' }),
  impersonal: (seconds: number) => ({ 'cache-control': `max-age=${seconds}` }),
  private: (seconds: number) => ({ 'cache-control': `private, max-age=${seconds}` }),
};
type Audience = keyof typeof headersOf;
const audiences = Object.keys(headersOf) as Audience[];

const ids = ['1', '2'] as const;
const invalidations: Record<string, Invalidation> = {
  1: { type: 'Product', key: { id: '1' } },
  2: { type: 'Product', key: { id: '2' } },
  type: { subgraph: 'products', type: 'Product' },
  tag: { tags: ['of 1'] },
  other: { subgraph: 'stock' },
};
/** The entities whose entries each of them makes invalid. */
const hits = (invalidated: string, id: string) =>
  invalidated === id || invalidated === 'type' || (invalidated === 'tag' && id === '1');

/** What the model knows of a value that was kept. */
interface Kept {
  readonly id: string;
  readonly client: Client;
  readonly audience: Audience;
  readonly replica: number;
  /** How many steps had been done when it began to be fetched. */
  readonly since: number;
  readonly expiresAt: number;
}

function mayHave(client: Client, kept: Kept): boolean {
  switch (kept.audience) {
    case 'public':
      return true;
    case 'varying':
      return client === kept.client;
    case 'impersonal':
      return client === 'anonymous' && kept.client === 'anonymous';
    case 'private':
      return client === kept.client && (client === 'ann' || client === 'bob');
  }
}

const replica = fc.nat({ max: replicas - 1 });
const client = fc.constantFrom(...clients);
const id = fc.constantFrom(...ids);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('begin' as const), replica, client, id }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      which: fc.nat({ max: 2 }),
      audience: fc.constantFrom(...audiences),
      minutes: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), replica, client, id }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('invalidate' as const),
      replica,
      what: fc.constantFrom(...Object.keys(invalidations)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), minutes: fc.integer({ min: 0, max: 3 }) }) },
);

for (const variant of backendVariants) {
  describe.skipIf(variant.isMissing)(`three replicas of the entity cache ${variant.name}`, () => {
    let shared: SharedBackends;
    let caches: EntityCache[];
    let runs = 0;

    beforeAll(async () => {
      shared = await variant.open(replicas);
      const firstLevel = { maxBytes: 1_000_000, seconds: 3_600 };
      caches = shared.backends.map((backend) => createCacheUnderTest(backend, { clock: shared.clock, firstLevel }));
    });
    afterAll(async () => {
      await shared.close();
    });

    it('give everybody only what is theirs, valid and fresh, and their own last answer while it is', async () => {
      const run = async (steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[]) => {
        // Nothing is known of a text that no run before has asked.
        const text = textOf(`{...on Product{name run${(runs += 1)}:name}}`);
        const read = async (at: number, by: Client, of: string): Promise<CacheReading> => {
          const cache = caches[at];
          if (cache === undefined) throw new Error('Expected a replica');
          return readOne(cache, lookupOf({ text, representations: [productOf(of)] }), contexts[by]());
        };
        const began: (Omit<Kept, 'audience' | 'expiresAt'> & { readonly reading: CacheReading })[] = [];
        const kept: Kept[] = [];
        const invalidated: { readonly at: number; readonly what: string }[] = [];
        const isValid = ({ id: of, since, expiresAt }: Kept) =>
          shared.clock() < expiresAt && !invalidated.some(({ at, what }) => at >= since && hits(what, of));

        for (const [at, one] of steps.entries()) {
          if (one.kind === 'begin') {
            const reading = await read(one.replica, one.client, one.id);
            began.push({ ...one, since: at, reading });
          } else if (one.kind === 'end') {
            const [load] = began.splice(one.which % Math.max(1, began.length), 1);
            if (load === undefined) continue;
            // Not a whole minute: no entry comes so near its end that the real clock decides.
            const seconds = one.minutes * 60 + 7;
            const { reading, ...of } = load;
            const value = {
              name: kept.push({ ...of, audience: one.audience, expiresAt: shared.clock() + seconds * 1000 }) - 1,
            };
            reading.keep([0], {
              values: [value],
              headers: headersOf[one.audience](seconds),
              tags: () => (load.id === '1' ? ['of 1'] : []),
            });
            await written();
            await shared.backends[load.replica]?.store.getMany(['written']);
          } else if (one.kind === 'read') {
            const [value] = (await read(one.replica, one.client, one.id)).values;
            const found = value === undefined ? undefined : kept[Number(Object(value).name)];
            const isRight = found !== undefined && found.id === one.id && mayHave(one.client, found) && isValid(found);
            if (value !== undefined && !isRight) throw new Error(`${one.client} was given ${JSON.stringify(found)}`);
            // A later answer may have shown that answers vary otherwise.
            const last = kept.at(-1);
            const isOwn = last?.id === one.id && last.client === one.client && last.replica === one.replica;
            if (isOwn && mayHave(one.client, last) && isValid(last) && found !== last)
              throw new Error(`${one.client} was not given ${JSON.stringify(last)}`);
          } else if (one.kind === 'invalidate') {
            const log = shared.backends[one.replica]?.log;
            const request = invalidations[one.what];
            if (log === undefined || request === undefined) throw new Error('Expected a replica and a request');
            await invalidate([request], log);
            invalidated.push({ at, what: one.what });
            await vi.waitFor(
              () => {
                // A Redis that was too slow is told later.
                const { epoch, number, isSettled } = log.known;
                const isThere = ({ log: { known } }: CacheBackend) => known.epoch === epoch && known.number >= number;
                if (!isSettled || !shared.backends.every(isThere)) throw new Error('expected all to hear of it');
              },
              { interval: 1, timeout: 10_000 },
            );
          } else await shared.pass(one.minutes * 60_000);
        }
      };
      const runsEnough = { numRuns: variant.name === 'in process' ? 500 : 100 };
      const steps = fc.array(step, { minLength: 5, maxLength: 40 });
      await expect(fc.assert(fc.asyncProperty(steps, run), runsEnough)).resolves.toBeUndefined();
    }, 60_000);
  });
}
