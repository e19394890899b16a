import { hash } from 'node:crypto';
import type { GatewayExecutionResult } from '@apollo/server-gateway-interface';
import { OperationTypeNode, print } from 'graphql';
import type { DocumentNode } from 'graphql';
import { explainRules } from '../authorization/explain.ts';
import { RequestError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Principal } from '../core/principal.ts';
import type { RequestContext } from '../core/request-context.ts';
import type { AskedOperation } from '../execution/asked-operation.ts';
import type { Executable } from '../execution/executable.ts';
import type { Generation } from '../generation.ts';
import type { OperationCost } from '../limits/operation-cost.ts';
import { describePlan } from './describe-plan.ts';
import { explainFields } from './explain-fields.ts';
import type { FieldsToExplain } from './explain-fields.ts';
import { explainSpans } from './explain-spans.ts';
import type { ExplainedCost, Explanation, Whom } from './explanation.ts';
import { redactVariables } from './redact.ts';

/** A request as far as it has come. */
export interface RequestToExplain {
  readonly generation: Pick<Generation, 'id' | 'supergraph' | 'rules'>;
  readonly asked: AskedOperation;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: RequestContext;
  /** What rules receive as `ctx`. */
  readonly ruleContext: object;
  readonly logger: Logger;
  /** What was planned. */
  readonly document: DocumentNode;
  readonly activeLabels: ReadonlySet<string>;
  readonly executable: Executable;
  /** The variables that stand for the document's literals. */
  readonly literals: Readonly<Record<string, unknown>> | undefined;
  readonly cost: OperationCost;
  readonly maxCost: number | undefined;
  /** Absent when nothing was run. */
  readonly answer?: {
    readonly data: Readonly<Record<string, unknown>> | null;
    readonly errors: FieldsToExplain['errors'];
  };
}

/** An answer with how it came about, where its client asked for that. It is not lost where that cannot be told, which is logged. */
export async function withExplanation(
  answer: GatewayExecutionResult,
  request: Omit<RequestToExplain, 'answer'>,
): Promise<GatewayExecutionResult> {
  const { context, logger } = request;
  if (context.record.isExplained !== true) return answer;
  const { data = null, errors = [], extensions } = answer;
  try {
    const atrium = await explainRequest({ ...request, answer: { data, errors } });
    return { ...answer, extensions: { ...extensions, atrium } };
  } catch (error) {
    logger.error({ requestId: context.requestId, err: error }, 'a request could not be explained');
    return answer;
  }
}

/** Tells how a request was answered, or would be. Rules that are not cached are asked once more. */
export async function explainRequest(request: RequestToExplain): Promise<Explanation> {
  const { generation, asked, variables, context, document, activeLabels, executable, answer } = request;
  const { schema, operation, names } = asked;
  const { rules, supergraph } = generation;
  const { record, requestId, principal } = context;
  const verdictOf = await explainRules({
    schema,
    document: asked.document,
    operation,
    variables,
    rules,
    context: request.ruleContext,
    logger: request.logger,
  });
  const given = operation.variableDefinitions?.map(({ variable }) => variable.name.value) ?? [];
  const own = new Set([...given, ...Object.keys(request.literals ?? {})]);
  const redact = (text: string): string => redactVariables(text, { schema, rules, variables: own });
  return {
    requestId,
    ...(record.trace !== undefined && { traceId: record.trace.traceId }),
    operation: {
      name: operation.name?.value ?? null,
      type: operation.operation === OperationTypeNode.MUTATION ? 'mutation' : 'query',
      hash: hash('sha256', asked.document.loc?.source.body ?? print(asked.document)),
    },
    supergraph: generation.id,
    principal: principal && whom(principal),
    plan: {
      known: record.planIsKnown === true,
      ...describePlan({
        supergraph,
        document,
        operationName: operation.name?.value,
        names,
        variables,
        activeLabels,
        executable,
      }),
    },
    spans: answer === undefined ? [] : explainSpans(record, redact),
    fields: explainFields({
      schema,
      shape: asked.shapeFor(variables),
      verdictOf,
      executable,
      data: answer?.data,
      errors: answer?.errors ?? [],
    }),
    cost: costOf(request),
    limits: record.limits,
    cache: { hits: record.cacheHits, misses: record.cacheMisses },
  };
}

function whom({ subject, issuer, roles, scopes }: Principal): Whom {
  return { subject, issuer, roles, scopes };
}

function costOf({ cost, answer, maxCost }: RequestToExplain): ExplainedCost {
  const max = maxCost ?? null;
  try {
    return { estimated: cost.estimated(), actual: answer === undefined ? null : cost.actual(answer.data), max };
  } catch (error) {
    if (error instanceof RequestError) return { estimated: null, actual: null, max };
    throw error;
  }
}
