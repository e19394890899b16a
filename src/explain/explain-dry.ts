import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { CompiledRules } from '../authorization/rule-tree.ts';
import { preFlight } from '../authorization/pre-flight.ts';
import type { Logger } from '../core/logger.ts';
import type { RequestContext } from '../core/request-context.ts';
import { createAskedOperation } from '../execution/asked-operation.ts';
import { createExecutable, nothingToFetch } from '../execution/executable.ts';
import { createOperationCosts } from '../limits/operation-cost.ts';
import type { CostOptions } from '../limits/operation-cost.ts';
import { nameFields } from '../planning/normalise-operation.ts';
import { createOperationPlanner } from '../planning/operation-planner.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import { explainRequest } from './explain-request.ts';
import type { Explanation } from './explanation.ts';

export interface DryRun {
  /** A hash of its text. */
  readonly id: string;
  readonly supergraph: BuiltSupergraph;
  readonly rules: CompiledRules;
  readonly cost: CostOptions;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: RequestContext;
  readonly logger: Logger;
}

/** Tells how an operation would be answered, as far as that can be told without asking anybody: labels of `@override` are inactive. */
export async function explainDry(run: DryRun): Promise<Explanation> {
  const { id, supergraph, rules, document, operation, variables, context, logger } = run;
  const schema = supergraph.apiSchema;
  const names = nameFields(document);
  const asked = createAskedOperation(schema, document, operation, names);
  const conditions = asked.conditionsIn(variables);
  const decided = await preFlight({ schema, document, operation, variables, conditions, rules, context, logger });
  const activeLabels = new Set<string>();
  const planner = createOperationPlanner(supergraph, createExecutable);
  const { executable, literals } = decided.empty
    ? { executable: nothingToFetch, literals: undefined }
    : planner.plan({
        document: decided.document,
        operationName: operation.name?.value,
        documentHash: '',
        names,
        variables,
        conditions,
        activeLabels,
      });
  return explainRequest({
    generation: { id, supergraph, rules },
    asked,
    variables,
    context,
    ruleContext: context,
    logger,
    document: decided.document,
    activeLabels,
    executable,
    literals,
    cost: createOperationCosts(supergraph, run.cost)({ asked, decided, variables }),
    maxCost: run.cost.maxCost,
  });
}
