import type { PreFlight } from '../authorization/pre-flight.ts';
import { RequestError } from '../core/errors.ts';
import type { RequestContext } from '../core/request-context.ts';
import type { AskedOperation, ResponseShape } from '../execution/asked-operation.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import { actualCost } from './actual-cost.ts';
import type { Variables } from './amount.ts';
import { createCostModel } from './cost-model.ts';
import { compileEstimate } from './estimate-cost.ts';
import type { CostedOperation } from './estimate-cost.ts';

export interface CostOptions {
  /** Operations that may cost more are refused. */
  readonly maxCost?: number | undefined;
  /** Assumed length of lists without `@listSize`; 10 by default. */
  readonly defaultListSize?: number | undefined;
  /** Tells the cost to those who ask with the header `x-atrium-cost: 1`. */
  readonly showCost?: boolean | undefined;
}

/** What one request costs; worked out when somebody asks. */
export interface OperationCost {
  /**
   * The most it can cost, without what is denied before anything is fetched.
   * @throws RequestError BAD_USER_INPUT when the length of a list depends on an argument that is missing
   */
  estimated(): number;
  /** What the answer cost. One without data does not tell what it took: it costs what was estimated. */
  actual(data: AnswerData): number;
}

type AnswerData = Readonly<Record<string, unknown>> | null;

interface CostRequest {
  readonly asked: Pick<AskedOperation, 'shapeFor'>;
  readonly decided: Pick<PreFlight, 'denials' | 'decisions'>;
  readonly variables: Variables;
}

interface Compiled extends CostedOperation {
  readonly estimate: (variables: Variables) => number;
}

/** Where who asks leads to more outcomes than this for one operation, the others are compiled for each request. */
const MAX_OUTCOMES = 32;
const DEFAULT_LIST_SIZE = 10;

/** The costs of requests to one supergraph. Estimates are compiled once for an operation and what is denied of it. */
export function createOperationCosts(
  supergraph: Pick<BuiltSupergraph, 'apiSchema' | 'costs' | 'listSizes'>,
  { defaultListSize = DEFAULT_LIST_SIZE }: CostOptions = {},
): (request: CostRequest) => OperationCost {
  const schema = supergraph.apiSchema;
  const model = createCostModel(supergraph, defaultListSize);
  const known = new WeakMap<ResponseShape, Map<string, Compiled>>();

  return (request) => {
    const { variables } = request;
    let compiled: Compiled | undefined;
    let estimate: number | undefined;
    const operation = (): Compiled => (compiled ??= compile(request));
    const estimated = (): number => (estimate ??= operation().estimate(variables));
    return {
      estimated,
      actual: (data) => (data === null ? estimated() : actualCost(operation(), variables, data)),
    };
  };

  function compile({ asked, decided: { denials, decisions = '' }, variables }: CostRequest): Compiled {
    const shape = asked.shapeFor(variables);
    const outcomes = known.get(shape) ?? new Map<string, Compiled>();
    known.set(shape, outcomes);
    const before = outcomes.get(decisions);
    if (before !== undefined) return before;
    const isDenied: CostedOperation['isDenied'] = (parentType, { nodes }) =>
      nodes.some((node) => denials?.get(node)?.has(parentType) === true);
    const operation = { schema, model, shape, isDenied };
    const compiled = { ...operation, estimate: compileEstimate(operation) };
    if (outcomes.size < MAX_OUTCOMES) outcomes.set(decisions, compiled);
    return compiled;
  }
}

/**
 * Refuses an operation before it is planned when its cost is wanted and cannot be told.
 * @throws RequestError MAX_COST_LIMIT when it may cost too much, or as `estimated`
 */
export function refuseCostly(cost: OperationCost, context: RequestContext, options: CostOptions): void {
  const { maxCost: max = Infinity } = options;
  if (max === Infinity && !isShown(context, options)) return;
  const estimated = cost.estimated();
  context.record.cost = estimated;
  if (estimated <= max) return;
  const message = `Expected an operation that costs at most ${max}, got one that may cost ${estimated}.`;
  throw new RequestError('MAX_COST_LIMIT', message, { extensions: { cost: { estimated, max } } });
}

/** What goes with the answer as `extensions`; undefined unless it is allowed and asked for. */
export function shownCost(
  cost: OperationCost,
  data: AnswerData,
  context: RequestContext,
  options: CostOptions,
): { readonly cost: object } | undefined {
  if (!isShown(context, options)) return undefined;
  // Caches would hand it on to those who have not asked for it.
  context.responseHeaders.set('cache-control', 'private, no-store');
  if (context.record.reuse !== undefined) context.record.reuse.isOwn = true;
  const max = options.maxCost ?? null;
  return { cost: { estimated: cost.estimated(), actual: cost.actual(data), max } };
}

function isShown({ headers }: RequestContext, { showCost = false }: CostOptions): boolean {
  return showCost && headers['x-atrium-cost'] === '1';
}
