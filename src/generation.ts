import { hash } from 'node:crypto';
import { rulesOf } from './authorization/rules-of-supergraph.ts';
import type { AuthorizationOptions } from './authorization/rules-of-supergraph.ts';
import type { CompiledRules } from './authorization/rule-tree.ts';
import type { EntityCache } from './cache/entity-cache.ts';
import { subgraphDefaults } from './config/subgraph-defaults.ts';
import type { Logger } from './core/logger.ts';
import { createExecutable } from './execution/executable.ts';
import type { Executable } from './execution/executable.ts';
import { createOperationCache } from './execution/operation-cache.ts';
import type { OperationCache } from './execution/operation-cache.ts';
import { SharedLoaders } from './execution/shared-loaders.ts';
import type { Batching } from './execution/shared-loaders.ts';
import { createOperationCosts } from './limits/operation-cost.ts';
import type { CostOptions } from './limits/operation-cost.ts';
import { createOperationPlanner } from './planning/operation-planner.ts';
import type { OperationPlanner } from './planning/operation-planner.ts';
import type { OperationLimiter } from './rate-limit/operation-limiter.ts';
import type { SubgraphClient } from './subgraph/client.ts';
import type { Transport } from './subgraph/http-client.ts';
import type { SubgraphTarget } from './subgraph/upstream.ts';
import { buildSupergraph } from './supergraph/supergraph.ts';
import type { BuiltSupergraph } from './supergraph/supergraph.ts';

/** A supergraph with everything made for it. A request is served to its end by the one that validated it. */
export interface Generation {
  /** A hash of the supergraph's text. */
  readonly id: string;
  readonly supergraph: BuiltSupergraph;
  readonly planner: OperationPlanner<Executable>;
  readonly operations: OperationCache;
  readonly rules: CompiledRules;
  readonly costOf: ReturnType<typeof createOperationCosts>;
  /** The labels of its `@override`s. */
  readonly labels: ReadonlySet<string>;
  readonly subgraphs: SubgraphClient;
  readonly targets: ReadonlyMap<string, SubgraphTarget>;
  readonly cache: EntityCache | undefined;
  /** Absent when no subgraph gathers look-ups. */
  readonly shared: SharedLoaders | undefined;
}

/** What operators want to know of a supergraph and the rules over it. Plain data. */
export interface SupergraphFacts {
  /** A hash of its text. */
  readonly id: string;
  readonly subgraphs: readonly { readonly name: string; readonly url: string }[];
  /** How many fields have a rule. */
  readonly coveredFields: number;
  /** Rules of the tree that no field has. */
  readonly idleRules: readonly string[];
  /** The directives that protect something. */
  readonly directives: readonly string[];
  /** The features it links, by their names. */
  readonly features: readonly string[];
}

export function factsOf(supergraph: BuiltSupergraph, { coveredFields, idleRules }: CompiledRules): SupergraphFacts {
  const protections = [...supergraph.protections.values()].flat();
  return {
    id: hash('sha256', supergraph.sdl),
    subgraphs: supergraph.subgraphs.map(({ name, url }) => ({ name, url })),
    coveredFields,
    idleRules,
    directives: [...new Set(protections.map(({ directive }) => directive))],
    features: supergraph.features,
  };
}

export interface GenerationOptions extends AuthorizationOptions {
  /**
   * How single subgraphs are called, asked once per supergraph; by default at the supergraph's address, for up to 10
   * seconds, by HTTP/1.1. With `batching`, entity look-ups of concurrent requests that are sent with the same headers and
   * variables go to it in one call. All this is without effect beside `buildService`.
   */
  readonly subgraph?: (name: string) => Partial<SubgraphTarget> & { readonly batching?: Batching };
  /** Called with the names in a supergraph before it is used; by throwing it refuses the supergraph. */
  readonly checkSubgraphs?: (names: readonly string[]) => void;
  /** What operations may cost by the supergraph's `@cost` and `@listSize`, and whether clients are told. */
  readonly cost?: CostOptions | undefined;
  /** Makes the entity cache of a supergraph, which is known by a hash of its text. */
  readonly createCache?: ((supergraphId: string, sdl: string) => EntityCache) | undefined;
  /** Limits on operations and fields. */
  readonly rateLimits?: OperationLimiter | undefined;
}

/** @throws ConfigurationError for a supergraph that cannot be served with these options */
export function createGeneration(
  sdl: string,
  options: GenerationOptions,
  transport: Transport,
  log: Logger,
): Generation {
  const id = hash('sha256', sdl);
  const supergraph = buildSupergraph(sdl);
  options.checkSubgraphs?.(supergraph.subgraphs.map(({ name }) => name));
  options.rateLimits?.check(supergraph.apiSchema);
  const targets = new Map<string, SubgraphTarget>();
  const batching = new Map<string, Batching>();
  for (const { name, url } of supergraph.subgraphs) {
    const { batching: own, ...target } = options.subgraph?.(name) ?? {};
    targets.set(name, { ...subgraphDefaults, url, ...target });
    if (own !== undefined) batching.set(name, own);
  }
  return {
    id,
    supergraph,
    planner: createOperationPlanner(supergraph, createExecutable),
    operations: createOperationCache(),
    rules: rulesOf(supergraph, options, log),
    costOf: createOperationCosts(supergraph, options.cost),
    labels: new Set(supergraph.labelledFields.map(({ label }) => label)),
    subgraphs: transport.clientFor(targets),
    targets,
    cache: options.createCache?.(id, sdl),
    shared: batching.size === 0 ? undefined : new SharedLoaders(batching),
  };
}
