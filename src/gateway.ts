import './core/quiet-apollo.ts';
import { randomUUID } from 'node:crypto';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import type { GatewayConfig, GraphQLDataSource } from '@apollo/gateway';
import type { GatewayExecutionResult, GatewayGraphQLRequestContext } from '@apollo/server-gateway-interface';
import { GraphQLError, OperationTypeNode } from 'graphql';
import type { FieldNode, GraphQLSchema } from 'graphql';
import { createDataPhase } from './authorization/data-phase.ts';
import { dryRun, rejection } from './authorization/enforcement.ts';
import { denyFields, preFlight } from './authorization/pre-flight.ts';
import type { PreFlight } from './authorization/pre-flight.ts';
import { ConfigurationError, RequestError } from './core/errors.ts';
import { silentLogger } from './core/logger.ts';
import type { Logger } from './core/logger.ts';
import { createFetchContext, createRequestContext, isRequestContext } from './core/request-context.ts';
import type { RequestContext, Scope } from './core/request-context.ts';
import { refuseReservedNames } from './core/reserved-names.ts';
import type { Reuse } from './core/reuse.ts';
import { timed } from './core/timeline.ts';
import { nothingToFetch } from './execution/executable.ts';
import { executeOperation } from './execution/execute-operation.ts';
import type { OperationRun } from './execution/execute-operation.ts';
import { mutatedFields } from './execution/mutated-fields.ts';
import { observeExecution } from './execution/observe-execution.ts';
import { withExplanation } from './explain/explain-request.ts';
import { coerceVariables } from './limits/coerce-variables.ts';
import { refuseCostly, shownCost } from './limits/operation-cost.ts';
import { activeLabels } from './planning/override-labels.ts';
import type { LabelRules } from './planning/override-labels.ts';
import { PopularOperations, warmPlans } from './planning/popular-operations.ts';
import { createDataSourceClient } from './subgraph/data-source-client.ts';
import type { Asker, HeaderRules } from './subgraph/headers.ts';
import { createTransport } from './subgraph/http-client.ts';
import type { Transport } from './subgraph/http-client.ts';
import { withPreparedSupergraph } from './supergraph/prepared-supergraph.ts';
import { forBaseClass } from './supergraph/supergraph.ts';
import type { SubgraphNumbers } from './telemetry/metrics.ts';
import type { AtriumGatewayOptions } from './gateway-options.ts';
import { createGeneration, factsOf } from './generation.ts';
import type { Generation, SupergraphFacts } from './generation.ts';

/** The supergraph that new requests are validated against. */
export interface SupergraphInUse {
  /** A hash of its text. */
  readonly id: string;
  readonly sdl: string;
  /** When it took over, as an HTTP date. */
  readonly since: string;
}

/** What is told of an operation that is refused before it is planned. */
const nothingRun = { activeLabels: new Set<string>(), executable: nothingToFetch, literals: undefined };

const defaultHeaders: HeaderRules = { toSubgraphs: ['authorization'], toClients: [] };

const DEFAULT_MAX_RESPONSE_BYTES = 10_000_000;
const DEFAULT_MAX_VARIABLE_ERRORS = 50;

/**
 * Takes the place of `ApolloGateway` in `new ApolloServer({ gateway })`, with the same options and more. The stock
 * class loads and updates the supergraph; deciding, planning and executing are Atrium's.
 */
export class AtriumGateway extends ApolloGateway {
  readonly #options: AtriumGatewayOptions;
  readonly #log: Logger;
  readonly #labelRules: LabelRules;
  readonly #transport: Transport;
  /** Present when the user makes the data sources. */
  readonly #sources: ReadonlyMap<string, GraphQLDataSource> | undefined;
  /** Built before the base class sees the supergraph, by the text it sees. */
  readonly #prepared = new Map<string, Generation>();
  readonly #generations = new WeakMap<GraphQLSchema, Generation>();
  readonly #popular = new PopularOperations();
  /** Grows when another supergraph arrives, or none is wanted any more. */
  #arrivals = 0;
  #inUse: SupergraphInUse | undefined;
  #facts: SupergraphFacts | undefined;

  constructor({ signingSecrets, ...config }: GatewayConfig & AtriumGatewayOptions = {}) {
    const { buildService, headers = defaultHeaders, log = silentLogger } = config;
    const sources = new Map<string, GraphQLDataSource>();
    if (buildService !== undefined && Object.keys(headers.fromPrincipal ?? {}).length > 0) {
      throw new ConfigurationError('headers.fromPrincipal: data sources of buildService would not send it');
    }
    if (buildService !== undefined && signingSecrets !== undefined) {
      throw new ConfigurationError('signingSecrets: data sources of buildService would not sign');
    }
    super({
      ...withPreparedSupergraph(
        config,
        (sdl) => this.#prepare(sdl),
        (sdl, update) => this.#takeOver(sdl, update),
      ),
      buildService(definition) {
        // Without `buildService` only the base class' own chores come this way, such as `IntrospectAndCompose`.
        const source = buildService?.(definition) ?? new RemoteGraphQLDataSource(definition);
        sources.set(definition.name, source);
        return source;
      },
      // It was, by the time the base class gets it.
      validateSupergraph: false,
    });
    this.#options = config;
    this.#log = log;
    this.#labelRules = { decide: config.overrideLabels, random: config.random ?? Math.random, log };
    this.#sources = buildService && sources;
    this.#transport = createTransport({
      signingSecrets,
      headers,
      maxResponseBytes: config.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES,
      logger: log,
    });
    this.onSchemaLoadOrUpdate(({ apiSchema, coreSupergraphSdl }) => {
      const generation = this.#prepared.get(coreSupergraphSdl) ?? this.#build(coreSupergraphSdl);
      this.#prepared.delete(coreSupergraphSdl);
      this.#generations.set(apiSchema, generation);
      this.#transport.keepOnly(generation.targets);
      this.#facts = factsOf(generation.supergraph, generation.rules);
      this.#inUse = { id: generation.id, sdl: generation.supergraph.sdl, since: new Date().toUTCString() };
    });
    this.executor = async (request) => {
      try {
        return await this.#execute(request);
      } catch (error) {
        if (error instanceof RequestError) return { errors: [error.toGraphQLError()] };
        if (!(error instanceof GraphQLError)) throw error;
        // The planner's word that it cannot plan this operation, or a fault of its own behind one.
        if (error.originalError !== undefined) this.#log.error({ err: error.originalError }, error.message);
        return { errors: [error] };
      }
    };
  }

  /** undefined before the first one. */
  get supergraphInUse(): SupergraphInUse | undefined {
    return this.#inUse;
  }

  /** Of the supergraph in use; undefined before the first one. */
  get facts(): SupergraphFacts | undefined {
    return this.#facts;
  }

  /** How the subgraphs fare that were called, when there is no `buildService`. */
  subgraphNumbers(): readonly SubgraphNumbers[] {
    return this.#transport.numbers();
  }

  /** What of a request decides what subgraphs answer, when there is no `buildService`. */
  scopeOf(request: Asker): Scope {
    return this.#transport.scopeOf(request);
  }

  override async stop(): Promise<void> {
    this.#arrivals += 1;
    await super.stop();
    await this.#transport.close();
  }

  /** The whole way of an operation that Apollo Server has parsed and validated. */
  async #execute(request: GatewayGraphQLRequestContext): Promise<GatewayExecutionResult> {
    const generation = this.#generations.get(request.schema);
    if (generation === undefined) throw new Error('The request was validated against a schema this gateway never had');
    const { schema } = request;
    const {
      enforcement,
      rateLimits,
      cost: costOptions = {},
      maxVariableErrors = DEFAULT_MAX_VARIABLE_ERRORS,
      warmPlans: warmed = 0,
    } = this.#options;
    if (request.operation.operation === OperationTypeNode.SUBSCRIPTION) throw subscriptionsRefused();

    const variables: Readonly<Record<string, unknown>> = request.request.variables ?? {};
    const { coerced, errors } = coerceVariables(schema, request.operation, variables, maxVariableErrors);
    if (errors !== undefined) return { errors };

    const context = requestContextOf(request);
    refuseReservedNames(request.document);
    const asked = generation.operations.get(request);
    const { document, operation } = asked;
    const conditions = asked.conditionsIn(coerced);
    // What rules over context and arguments deny is neither planned nor fetched.
    const asking = {
      rules: generation.rules,
      schema,
      document,
      operation,
      variables: coerced,
      conditions,
      context: request.context,
      logger: this.#log,
      isEnforced: enforcement !== 'dryRun',
    };
    const { timeline } = context.record;
    let decided = await timed(timeline, 'rules', () => preFlight(asking));
    narrowReuse(context.record.reuse, generation.id, decided);
    if (decided.touched) context.responseHeaders.set('cache-control', 'private, no-store');
    const rejected = enforcement === 'reject' ? rejection(decided, context.principal) : undefined;
    let cost = generation.costOf({ asked, decided, variables: coerced });
    const story = {
      generation,
      asked,
      variables: coerced,
      context,
      ruleContext: request.context,
      logger: this.#log,
      maxCost: costOptions.maxCost,
    };
    if (rejected !== undefined)
      return withExplanation({ errors: rejected }, { ...story, ...nothingRun, document, cost });
    if (decided.refused !== undefined)
      return withExplanation(refusedMutation(decided.refused), { ...story, ...nothingRun, document, cost });
    refuseCostly(cost, context, costOptions);

    const { denials } = decided;
    const isDenied = (typeName: string, node: FieldNode) => denials?.get(node)?.has(typeName) === true;
    const limited =
      rateLimits &&
      (await timed(timeline, 'rate limit', () =>
        rateLimits.limit({ ...asking, isDenied, cost: () => cost.estimated(), context }),
      ));
    if (limited !== undefined) {
      decided = denyFields(asking, decided, limited.refused);
      if (decided.refused !== undefined) {
        await limited.refund();
        return withExplanation(refusedMutation(decided.refused), { ...story, ...nothingRun, document, cost });
      }
      cost = generation.costOf({ asked, decided, variables: coerced });
    }

    const enforced = createDataPhase(decided, schema, asked.names);
    const trial = enforcement === 'dryRun' ? dryRun(decided, enforced) : undefined;
    const dataPhase = trial === undefined ? enforced : trial.dataPhase;
    const planRequest = {
      document: decided.document,
      operationName: operation.name?.value,
      documentHash: request.queryHash + (decided.decisions ?? ''),
      names: asked.names,
      variables: coerced,
      conditions,
      activeLabels: await activeLabels(generation.labels, context, this.#labelRules),
    };
    const { executable, literals, isKnown } = decided.empty
      ? { executable: nothingToFetch, literals: undefined, isKnown: undefined }
      : timed(timeline, 'plan', () => generation.planner.plan(planRequest));
    if (isKnown !== undefined) context.record.planIsKnown = isKnown;
    // What rules have pruned is not what its text says.
    if (warmed > 0 && decided.document === document) this.#popular.count(request.source, planRequest);

    const run: OperationRun = {
      asked,
      executable,
      variables: literals === undefined ? variables : { ...variables, ...literals },
      coercedVariables: coerced,
      verdict: dataPhase?.verdict,
      hidden: dataPhase?.hidden,
      pending: dataPhase?.pending,
      context: createFetchContext(context, {
        generation: generation.id,
        // What data sources of the user's own send along only they know.
        scopeOf: () => (this.#sources === undefined ? this.#transport.scopeOf(context) : undefined),
      }),
      shared: generation.shared,
      subgraphs:
        this.#sources === undefined ? generation.subgraphs : createDataSourceClient(this.#sources, request, this.#log),
      cache: operation.operation === OperationTypeNode.QUERY ? generation.cache : undefined,
    };
    const { data, errors: failures } = await timed(timeline, 'execute', () =>
      executeOperation(timeline === undefined ? run : observeExecution(run, timeline)),
    );
    trial?.report(this.#log, operation.name?.value);
    // What an error has made null may have been worked for.
    void rateLimits?.settle(context.record, () => (failures.length === 0 ? cost.actual(data) : cost.estimated()));
    if (operation.operation === OperationTypeNode.MUTATION && this.#options.invalidateAfter !== undefined)
      await this.#options.invalidateAfter(mutatedFields(asked, coerced, data, failures), context.record);
    const extensions = shownCost(cost, data, context, costOptions);
    const answer = { data, ...(extensions && { extensions }), ...(failures.length > 0 && { errors: failures }) };
    const { document: planned, activeLabels: labels } = planRequest;
    return withExplanation(answer, { ...story, document: planned, activeLabels: labels, executable, literals, cost });
  }

  /** Refuses a supergraph before the base class takes it over: afterwards there is no way back to the old one. */
  #prepare(sdl: string): string {
    const generation = this.#build(sdl);
    const forBase = forBaseClass(sdl);
    this.#prepared.set(forBase, generation);
    return forBase;
  }

  /** Plans first what is asked most, so that no request has to wait for it afterwards. A newer supergraph takes its place. */
  #takeOver(sdl: string, update: (sdl: string) => void): void {
    const arrival = (this.#arrivals += 1);
    const isStale = (): boolean => arrival !== this.#arrivals;
    const generation = this.#prepared.get(sdl);
    const popular = this.#popular.top(this.#options.warmPlans ?? 0);
    if (generation === undefined || popular.length === 0) {
      update(sdl);
      return;
    }
    const { planner, supergraph } = generation;
    void warmPlans(planner, supergraph.apiSchema, popular, isStale)
      .then(() => {
        if (isStale()) this.#prepared.delete(sdl);
        else update(sdl);
      })
      .catch((error: unknown) =>
        this.#log.error({ err: error }, 'The supergraph was not updated and the one in use stays'),
      );
  }

  #build(sdl: string): Generation {
    return createGeneration(sdl, this.#options, this.#transport, this.#log);
  }
}

/** Atrium's own context, or one made for a request that came through somebody else's Apollo Server. */
function requestContextOf({ context, request: { http } }: GatewayGraphQLRequestContext): RequestContext {
  if (isRequestContext(context)) return context;
  return createRequestContext({
    requestId: http?.headers.get('x-request-id') ?? randomUUID(),
    headers: Object.fromEntries(http?.headers ?? []),
  });
}

/** What is denied is told, if only to the log, and what is decided on the data is decided each time. */
function narrowReuse(reuse: Reuse | undefined, generation: string, { touched, denied, postponed }: PreFlight): void {
  if (reuse === undefined) return;
  reuse.generation = generation;
  reuse.isDecided ||= touched;
  if (denied.length > 0 || postponed !== undefined) reuse.forbid();
}

function subscriptionsRefused(): RequestError {
  return new RequestError('SUBSCRIPTIONS_NOT_SUPPORTED', 'Expected a query or a mutation, got a subscription.');
}

/** None of the mutation has run: its answer would have been null whatever the other fields did. */
function refusedMutation(refused: NonNullable<PreFlight['refused']>): GatewayExecutionResult {
  const errors = refused.map(
    ({ responseName, denial: { message, code, extensions } }) =>
      new GraphQLError(message, { path: [responseName], extensions: { ...extensions, code } }),
  );
  return { data: null, errors };
}
