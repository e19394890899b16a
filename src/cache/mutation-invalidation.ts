import type { Invalidation } from '../config/invalidation.ts';
import type { Logger } from '../core/logger.ts';
import type { RedisWait } from '../redis/store.ts';
import { fillIn, valueAt } from './fill-in.ts';
import type { InvalidationLog } from './invalidation-log.ts';
import { tagsOf } from './invalidation-tags.ts';

/** A field of a mutation that has run. */
export interface MutatedField {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Resolves when all replicas know what a mutation has made outdated, or when Redis' time is up. */
export type InvalidateAfter = (fields: readonly MutatedField[], waiting: RedisWait) => Promise<void>;

/** By `Mutation.field`. A text `$args.id` stands for the value of an argument, and in a tag `{$args.id}` for its text. */
export type MutationInvalidations = Readonly<Record<string, readonly Invalidation[]>>;

export function createMutationInvalidation(
  declared: MutationInvalidations,
  log: InvalidationLog,
  logger: Logger,
): InvalidateAfter {
  return async (fields, waiting) => {
    const tags = fields.flatMap(({ name, args }) =>
      (declared[`Mutation.${name}`] ?? []).flatMap((invalidation) => {
        try {
          return tagsOf(withArguments(invalidation, args));
        } catch (error) {
          logger.warn({ err: error, mutation: name }, 'a mutation has not invalidated what the configuration says');
          return [];
        }
      }),
    );
    if (tags.length > 0) await log.invalidate([...new Set(tags)], waiting);
  };
}

function withArguments(invalidation: Invalidation, args: MutatedField['args']): Invalidation {
  if ('tags' in invalidation) return { ...invalidation, tags: invalidation.tags.map((tag) => fillIn(tag, { args })) };
  if (!('key' in invalidation)) return invalidation;
  const key = Object.entries(invalidation.key).map(([name, value]) => [name, filled(value, args)]);
  return { ...invalidation, key: Object.fromEntries(key) };
}

function filled(value: unknown, args: MutatedField['args']): unknown {
  if (typeof value !== 'string' || !value.startsWith('$args.')) return value;
  const given = valueAt(args, value.slice('$args.'.length));
  if (given === undefined || given === null) throw new Error(`Expected a value for ${value}, got none`);
  return given;
}
