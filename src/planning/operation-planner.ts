import { createHash } from 'node:crypto';
import { getOperationAST, Kind, print } from 'graphql';
import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { planOperation } from '../supergraph/supergraph.ts';
import type { BuiltSupergraph, QueryPlan } from '../supergraph/supergraph.ts';
import { compilePlan } from './compile-plan.ts';
import type { FetchPlan } from './fetch-plan.ts';
import { responseNames } from './response-names.ts';

export interface PlanRequest {
  /** What is fetched: the client's document, or what authorization left of it. */
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  /** A hash of the document's text where one is at hand, such as Apollo Server's `queryHash`. */
  readonly documentHash: string | undefined;
}

/** Plans of one generation of the supergraph. Planning is synchronous: concurrent requests never plan the same twice. */
export interface OperationPlanner<Executable> {
  /** Throws GraphQLError when the operation cannot be planned. */
  plan(request: PlanRequest): Executable;
}

const MAX_PLANS = 1_000;

/** `prepare` makes of a plan what execution needs; its result is kept with the plan. */
export function createOperationPlanner<Executable extends object>(
  supergraph: BuiltSupergraph,
  prepare: (plan: FetchPlan) => Executable,
): OperationPlanner<Executable> {
  const plans = new LRUCache<string, Executable>({ max: MAX_PLANS });
  return {
    plan({ document, operationName, documentHash }) {
      const hash = documentHash ?? createHash('sha256').update(print(document)).digest('hex');
      const key = `${hash} ${operationName ?? ''}`;
      let plan = plans.get(key);
      if (plan === undefined) {
        const queryPlan: QueryPlan = planOperation(supergraph, document, operationName);
        plan = prepare(compilePlan(queryPlan, supergraph.possibleTypes, rootNames(document, operationName)));
        plans.set(key, plan);
      }
      return plan;
    },
  };
}

function rootNames(document: DocumentNode, operationName: string | undefined): string[] {
  const operation = getOperationAST(document, operationName);
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  if (!operation) return [];
  return responseNames(operation.selectionSet, new Map(fragments.map((fragment) => [fragment.name.value, fragment])));
}
