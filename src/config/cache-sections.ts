import { z } from 'zod';
import { invalidations } from './invalidation.ts';
import {
  text,
  positive,
  integer,
  flag,
  headerNames,
  list,
  oneOf,
  opaqueObject,
  byName,
  section,
  redisUrl,
  longestSeconds,
  bytes,
  lifetime,
} from './checks.ts';

export const cache = section({
  /** Remember what subgraphs say may be remembered, and for how long: entities one by one, and root fields. */
  entities: section({
    /** Room for the store in this process; with Redis it is not used. */
    maxBytes: bytes.default(67_108_864),
    /** How long to keep what carries no lifetime in Cache-Control; by default it is not kept. */
    ttlSeconds: lifetime.optional(),
    /** Keep that an entity does not exist, at most for so long. By default it is not kept. */
    negativeSeconds: lifetime.optional(),
    /** Settings of single subgraphs, by name. */
    subgraphs: byName(
      section({
        /** false keeps nothing of it. */
        enabled: flag.default(true),
        ttlSeconds: lifetime.optional(),
        /** By type; root fields are those of `Query`. */
        types: byName(section({ ttlSeconds: lifetime }), 'an object of settings by type name').optional(),
      }),
      'an object of settings by subgraph name',
    ).optional(),
    /** With Redis: what this process has seen is not read again for so long, unless it is invalidated. */
    firstLevel: section({
      /** 0 turns it off. */
      maxBytes: integer(0, 1_000_000_000_000).default(16_777_216),
      seconds: positive('a number of seconds over 0 and up to 60', 60).default(2),
    }).prefault({}),
  }).optional(),
  /**
   * What mutations make outdated, by `Mutation.field`, such as `{ 'Mutation.rename': [{ type: 'User', key: { id: '$args.id' } }] }`.
   * Done once the field was answered, before the client is.
   */
  invalidate: byName(invalidations, 'an object of invalidations by mutation field').optional(),
  /**
   * Give the answer to a query again to whoever asks the same in the same scope, which is the principal with all claims,
   * the headers that subgraphs get, and those in `vary`, as long as all subgraphs that had a part in it allow. Rules,
   * policies, plugins and `context` are not asked again.
   */
  answers: section({
    /** Longest time; 0 keeps nothing. */
    maxSeconds: integer(0, longestSeconds).default(60),
    /** Room for answers in this process. */
    maxBytes: bytes.default(67_108_864),
    /** Further headers of clients that rules, policies, plugins or `context` decide by. */
    vary: headerNames.default([]),
    /** Execute equal queries that come at the same time once. */
    shareInFlight: flag.default(true),
  }).optional(),
}).optional();

/** Documents that clients may refer to, or have to use. */
export const documents = section({
  /** JSON files: manifests of Apollo, or objects of texts by id as Relay and GraphQL-Codegen write them. Read again when they change. */
  manifest: z
    .union(
      [text('a path'), list(text('a path'), 'a list of paths').min(1, 'at least one path')],
      'a path or a list of paths',
    )
    .transform((given) => [given].flat()),
  /** What is not in the manifest is executed (`off`), executed and told in the log once (`log`), or refused (`enforce`). */
  mode: oneOf(['off', 'log', 'enforce']).default('off'),
}).optional();

/** Shared store of caches and rate limits; without it each process has its own. */
export const redis = section({
  url: redisUrl.optional(),
  /** Instead of `url`: some nodes of a Redis Cluster. */
  cluster: list(redisUrl, 'a list of redis or rediss URLs').min(1, 'at least one node').optional(),
  /** Instead of `url`: sentinels, and the name of the primary they watch. */
  sentinel: section({
    name: text('a name'),
    nodes: list(redisUrl, 'a list of redis or rediss URLs').min(1, 'at least one node'),
  }).optional(),
  /** Stronger than those in the first URL. */
  username: text('a name').optional(),
  password: text('a password').optional(),
  /** true, or Node's options of a TLS connection. */
  tls: z.union([z.boolean(), opaqueObject<object>('')], 'true or an object of options').optional(),
  keyPrefix: z.string('a text').default('atrium:'),
  /** Further options of ioredis; those that keep Redis from holding up requests stay as they are. */
  options: opaqueObject<object>('an object of options').optional(),
}).optional();
