import { hash } from 'node:crypto';
import { print } from 'graphql';
import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { planOperation } from '../supergraph/supergraph.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import { compilePlan } from './compile-plan.ts';
import type { FetchPlan } from './fetch-plan.ts';
import type { FieldNames } from './field-names.ts';
import { normaliseOperation } from './normalise-operation.ts';

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

/** Plans grow with the text of their operations: this much text, in characters, may have plans. */
const MAX_PLANNED_TEXT = 4_000_000;
/** Keys alone. */
const MAX_DOCUMENTS = 10_000;

/** `prepare` makes of a plan what execution needs; its result is kept with the plan. */
export function createOperationPlanner<Executable extends object>(
  supergraph: BuiltSupergraph,
  prepare: (plan: FetchPlan) => Executable,
): OperationPlanner<Executable> {
  /** By the normalised text that many documents share; by the document and the operation's name, the key of that text. */
  const byDocument = new LRUCache<string, { key: string }>({ max: MAX_DOCUMENTS });
  const byText = new LRUCache<string, Executable>({ maxSize: MAX_PLANNED_TEXT });

  function planNormalised(key: string, document: DocumentNode, size: number): Executable {
    const plan = prepare(compilePlan(planOperation(supergraph, document, undefined), supergraph, document));
    byText.set(key, plan, { size });
    return plan;
  }

  return {
    plan({ document, operationName, documentHash, names }) {
      const asked = documentHash && `${documentHash} ${operationName ?? ''}`;
      const known = asked === undefined ? undefined : byDocument.get(asked);
      const plan = known && byText.get(known.key);
      if (plan !== undefined) return plan;
      const normalised = normaliseOperation(document, operationName, names);
      const text = print(normalised);
      const key = hash('sha256', text);
      if (asked !== undefined) byDocument.set(asked, { key });
      return byText.get(key) ?? planNormalised(key, normalised, text.length);
    },
  };
}
