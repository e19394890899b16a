import './core/quiet-apollo.ts';
import { hash } from 'node:crypto';
import { openApiKeys } from './authentication/api-keys.ts';
import { authenticationStep } from './authentication/authentication-step.ts';
import { createAuthenticator } from './authentication/authenticator.ts';
import { createMemoryBackend, createRedisBackend } from './cache/cache-backend.ts';
import { checkCacheNames } from './cache/check-names.ts';
import { createEntityCache } from './cache/create-entity-cache.ts';
import { invalidate } from './cache/invalidate.ts';
import type { InvalidationLog } from './cache/invalidation-log.ts';
import { createKnownAnswers } from './cache/known-answers.ts';
import { createMutationInvalidation } from './cache/mutation-invalidation.ts';
import { schemaFacts } from './cache/schema-facts.ts';
import type { AtriumConfig } from './config/config.ts';
import { checkSubgraphNames, subgraphOptions } from './config/subgraph-options.ts';
import { RequestError } from './core/errors.ts';
import { canonicalJson } from './core/json.ts';
import type { Logger } from './core/logger.ts';
import { createRequestSigner } from './core/sign-request.ts';
import { openDocuments } from './documents/find-document.ts';
import { readExplainQuestion } from './explain/explain-question.ts';
import { createPersistedQueries } from './documents/persisted-queries.ts';
import { createRateLimiter } from './rate-limit/limiter.ts';
import { rateLimitStep } from './rate-limit/rate-limit-step.ts';
import { connectRedis, redisNumbers } from './redis/connect.ts';
import { createRedisStore } from './redis/redis-store.ts';
import type { Store } from './redis/store.ts';
import type { AnswerOptions } from './server/answers.ts';
import { openAdmin } from './server/admin.ts';
import type { AdminActions } from './server/admin.ts';
import { apolloLogger, createApolloServer } from './server/apollo.ts';
import type { DoorStep } from './server/door.ts';
import { ensureExplorer } from './server/explorer/build.ts';
import { createFront } from './server/front.ts';
import type { Front } from './server/front.ts';
import type { Address } from './server/listen.ts';
import { createSupergraphManager } from './supergraph/manager.ts';
import { createLogger } from './telemetry/create-logger.ts';
import { createTelemetry } from './telemetry/telemetry.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import { AtriumGateway } from './gateway.ts';
import type { SupergraphFacts } from './generation.ts';

/** A gateway with its HTTP server, as the configuration says. */
export interface Atrium {
  /**
   * Resolves when requests are answered, with undefined when `stop` came first. Rejects with a ConfigurationError for
   * what the operator has to mend.
   */
  start(): Promise<StartedAt | undefined>;
  /** Gives up a start, ends what is running first; safe to call more than once. */
  stop(): Promise<void>;
  /** What its admin listener does, for a process that has the listener in its place. */
  readonly actions: AdminActions;
}

/** Where a gateway answers. */
export interface StartedAt extends Address {
  /** The admin listener's. */
  readonly adminUrl: string | undefined;
  /** Of the supergraph it began with. */
  readonly facts: SupergraphFacts | undefined;
}

/** Puts the rooms together. Everything opened here is closed by `stop`, also after a start that failed. */
export function createAtrium(config: AtriumConfig, more: { readonly logger?: Logger } = {}): Atrium {
  const closers: (() => Promise<void> | void)[] = [];
  const onStop = (close: () => Promise<void> | void): void => void closers.unshift(close);
  const givenUp = new AbortController();
  let starting: Promise<unknown> | undefined;
  let stopping: Promise<void> | undefined;

  let gateway: AtriumGateway | undefined;
  let log: InvalidationLog | undefined;
  let front: Front | undefined;
  let telemetry: Telemetry | undefined;
  const actions: AdminActions = {
    async supergraph() {
      const inUse = gateway?.supergraphInUse;
      if (inUse === undefined)
        throw new RequestError('SERVICE_UNAVAILABLE', 'Expected a supergraph in use, got none yet.');
      return inUse;
    },
    metrics: async () => (telemetry === undefined ? [] : [await telemetry.metrics()]),
    async explain(body) {
      const read = readExplainQuestion(body);
      if ('problems' in read) throw new RequestError('BAD_REQUEST', read.problems.join('\n'));
      if (front === undefined) throw new RequestError('SERVICE_UNAVAILABLE', 'Expected a gateway that has started.');
      return front.explain(read.question);
    },
    async invalidate(body) {
      if (log === undefined)
        throw new RequestError('NOT_FOUND', 'Expected a gateway that keeps a cache, got one without.');
      const outcome = await invalidate(body, log);
      if (outcome.outcome === 'refused') throw new RequestError('BAD_REQUEST', outcome.problems.join('\n'));
      return outcome;
    },
  };

  async function start(): Promise<StartedAt | undefined> {
    const logger = more.logger ?? createLogger(config.logging);
    const redis = config.redis === undefined ? undefined : connectRedis(config.redis, logger);
    if (redis !== undefined) onStop(() => redis.close());
    else if (config.rateLimit !== undefined || config.cache !== undefined)
      logger.info({}, 'without Redis, limits and caches are those of this process alone');

    const counting = await createTelemetry(config.telemetry, {
      active: () => front?.numbers.active ?? 0,
      overloadRefusals: () => front?.numbers.refusals ?? 0,
      subgraphs: () => gateway?.subgraphNumbers() ?? [],
      redis: () => (redis === undefined ? {} : redisNumbers(redis)),
      supergraphId: () => gateway?.supergraphInUse?.id,
    });
    telemetry = counting;
    onStop(() => counting.close());

    const limiter = config.rateLimit && createRateLimiter(config.rateLimit.rules, { redis: redis?.limits, logger });
    const limit = limiter && rateLimitStep(limiter);
    const door: DoorStep[] = limit === undefined ? [] : [limit];
    if (config.authentication !== undefined) {
      const authenticator = await createAuthenticator(config.authentication, { logger });
      onStop(() => authenticator.close());
      const { apiKeys, cookie } = config.authentication;
      const keys = apiKeys && openApiKeys(apiKeys, { logger });
      if (keys !== undefined) onStop(() => keys.close());
      const others = { cookie, apiKeys: apiKeys && keys && { header: apiKeys.header, keys } };
      // First, because limits count principals, and because a bad token must not pass for an anonymous client.
      door.unshift(countingFailures(authenticationStep(authenticator, others), limit));
    }

    const { cache } = config;
    const entities = cache?.entities;
    const backend =
      cache &&
      (redis === undefined
        ? createMemoryBackend(entities ?? { maxBytes: 1 })
        : createRedisBackend(redis.caches, { keyPrefix: config.redis?.keyPrefix ?? '', logger }));
    if (backend !== undefined) onStop(() => backend.close());
    log = backend?.log;
    const shared = redis && createRedisStore(redis.caches);
    const forwardedHeaders = config.headers.toSubgraphs;
    const { signing } = config;
    const sign = signing && createRequestSigner(signing.secrets);
    const { maxCost, defaultListSize, showCost = config.mode === 'development' } = config.limits;

    gateway = new AtriumGateway({
      supergraphSdl: createSupergraphManager(config.supergraph, { logger, signal: givenUp.signal, sign }),
      headers: config.headers,
      signingSecrets: signing?.secrets,
      subgraph: (name) => subgraphOptions(config, name),
      checkSubgraphs: (names) => checkSubgraphNames(config, names),
      cost: { maxCost, defaultListSize, showCost },
      warmPlans: config.warmPlans,
      maxVariableErrors: config.limits.maxVariableErrors,
      maxResponseBytes: config.subgraphDefaults.maxResponseBytes,
      logger: apolloLogger(logger),
      log: logger,
      ...(config.overrideLabels === undefined ? {} : { overrideLabels: config.overrideLabels }),
      rules: config.authorization?.rules,
      policies: config.authorization?.policies,
      enforcement: config.authorization?.mode,
      allowTransitive: config.authorization?.allowTransitive,
      rateLimits: limiter?.operations,
      ...(entities === undefined || backend === undefined
        ? {}
        : {
            createCache(supergraphId, sdl) {
              const facts = schemaFacts(sdl);
              checkCacheNames({ entities, invalidate: cache?.invalidate }, facts);
              const { fromPrincipal } = config.headers;
              return createEntityCache(backend, {
                ...entities,
                facts,
                supergraphId,
                forwardedHeaders,
                fromPrincipal,
                logger,
              });
            },
          }),
      invalidateAfter:
        cache?.invalidate && backend && createMutationInvalidation(cache.invalidate, backend.log, logger),
    });
    const { mode, introspection, limits, plugins } = config;
    const { manifest = [], mode: documentMode = 'off' } = config.documents ?? {};
    const persisted = createPersistedQueries({ store: shared, maxTextBytes: limits.maxDocumentBytes });
    const documents = openDocuments({ persisted, manifest, mode: documentMode, logger });
    onStop(() => documents.close());
    const persistedQueries = documentMode === 'enforce' ? undefined : persisted.cache;
    const apollo = createApolloServer({ gateway, mode, introspection, limits, persistedQueries, plugins, logger });

    const explorer = mode === 'development' ? await ensureExplorer() : undefined;
    if (explorer?.kind === 'unavailable') logger.warn({}, explorer.reason);
    const opened = await createFront({
      server: config.server,
      mode,
      door,
      explain: config.explain,
      telemetry,
      apollo,
      documents,
      answers: config.cache?.answers && answerOptions(config, config.cache.answers, gateway, shared, log),
      extendContext: config.context,
      explorerDirectory: explorer?.kind === 'ready' ? explorer.directory : undefined,
      degraded: () => (redis === undefined || redis.isAvailable() ? [] : ['redis']),
      logger,
    });
    front = opened;
    await apollo.start();
    onStop(() => apollo.stop());
    const health = () => ({ status: givenUp.signal.aborted ? ('stopping' as const) : ('ready' as const) });
    const listener = config.admin;
    const admin = listener.enabled ? await openAdmin({ listener, actions, health, logger }) : undefined;
    if (admin !== undefined) onStop(() => admin.close());
    onStop(() => opened.close());
    return givenUp.signal.aborted
      ? undefined
      : { ...(await opened.listen()), adminUrl: admin?.url, facts: gateway.facts };
  }

  async function closeAll(): Promise<void> {
    // What a start has yet to open could not be closed now.
    await Promise.allSettled([starting]);
    for (const close of closers) await close();
  }

  return {
    actions,
    async start() {
      const started = start();
      starting = started;
      try {
        return await started;
      } catch (error) {
        const wasStopped = givenUp.signal.aborted;
        await (stopping ??= closeAll());
        if (wasStopped) return undefined;
        throw error;
      }
    },
    stop() {
      givenUp.abort();
      return (stopping ??= closeAll());
    },
  };
}

function answerOptions(
  config: AtriumConfig,
  { maxBytes, ...options }: NonNullable<NonNullable<AtriumConfig['cache']>['answers']>,
  gateway: AtriumGateway,
  shared: Store | undefined,
  log: InvalidationLog | undefined,
): AnswerOptions {
  const { headers, authentication, authorization, context, plugins, introspection, limits, rateLimit } = config;
  // What functions decided must not outlive them in a store, where those of the next deployment would find it.
  const hasFunctions =
    [authorization, context, config.overrideLabels].some((given) => given !== undefined) || plugins.length > 0;
  const known = createKnownAnswers({ maxBytes, store: hasFunctions ? undefined : shared });
  const { cookie, apiKeys } = authentication ?? {};
  const configuration = canonicalJson([
    introspection,
    limits,
    rateLimit,
    headers,
    config.subgraphs,
    config.subgraphAddresses,
  ]);
  return {
    ...options,
    known,
    varyForClients: [
      ...headers.toSubgraphs,
      'authorization',
      ...(cookie === undefined ? [] : ['cookie']),
      ...(apiKeys === undefined ? [] : [apiKeys.header]),
      ...options.vary,
    ],
    configuration: hash('sha256', configuration),
    generation: () => gateway.supergraphInUse?.id ?? '',
    invalidations: () =>
      log?.isLive() === true && log.known.isSettled ? `${log.known.epoch} ${log.known.number}` : undefined,
    scopeOf: (exchange) => gateway.scopeOf(exchange),
  };
}

/** Who guesses tokens is an anonymous client to the limits: they are counted by address before they hear that they failed. */
function countingFailures(authentication: DoorStep, limit: DoorStep | undefined): DoorStep {
  return {
    name: authentication.name,
    async run(request) {
      try {
        await authentication.run(request);
      } catch (error) {
        await limit?.run(request);
        throw error;
      }
    },
  };
}
