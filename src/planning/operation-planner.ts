import { hash } from 'node:crypto';
import { getOperationAST, Kind, print } from 'graphql';
import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { planOperation } from '../supergraph/supergraph.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import { compilePlan } from './compile-plan.ts';
import type { FetchPlan } from './fetch-plan.ts';
import type { FieldNames } from './field-names.ts';
import { normaliseOperation } from './normalise-operation.ts';
import { responseNames } from './response-names.ts';

export interface PlanRequest {
  /** What is fetched: the client's document, or what authorization left of it. */
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  /** A hash of the document's text where one is at hand, such as Apollo Server's `queryHash`. */
  readonly documentHash: string | undefined;
  /** Under which names the fields of the client's document are fetched. */
  readonly names: FieldNames;
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
  /** By the document and the operation's name, and by the normalised text that many documents share. */
  const byDocument = new LRUCache<string, Executable>({ max: MAX_PLANS });
  const byText = new LRUCache<string, Executable>({ max: MAX_PLANS });

  function planNormalised(document: DocumentNode): Executable {
    const key = hash('sha256', print(document));
    let plan = byText.get(key);
    if (plan === undefined) {
      plan = prepare(compilePlan(planOperation(supergraph, document, undefined), supergraph, rootNames(document)));
      byText.set(key, plan);
    }
    return plan;
  }

  return {
    plan({ document, operationName, documentHash, names }) {
      const key = documentHash && `${documentHash} ${operationName ?? ''}`;
      const known = key && byDocument.get(key);
      if (known) return known;
      const plan = planNormalised(normaliseOperation(document, operationName, names));
      if (key !== undefined) byDocument.set(key, plan);
      return plan;
    },
  };
}

function rootNames(document: DocumentNode): string[] {
  const operation = getOperationAST(document);
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  if (!operation) return [];
  return responseNames(operation.selectionSet, new Map(fragments.map((fragment) => [fragment.name.value, fragment])));
}
