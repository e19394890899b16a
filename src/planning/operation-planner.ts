import { hash } from 'node:crypto';
import { print } from 'graphql';
import type { DocumentNode, SelectionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { isIncluded } from '../core/is-included.ts';
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
  /** Coerced: `@skip` and `@include` are decided before planning. Equal for equal `conditions`, as far as these go. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** The values of the variables that decide them. */
  readonly conditions: string;
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
  /** By the document, the operation's name and its conditions: the key of the normalised text that many share. */
  const byDocument = new LRUCache<string, { key: string }>({ max: MAX_DOCUMENTS });
  const byText = new LRUCache<string, Executable>({ maxSize: MAX_PLANNED_TEXT });

  function planNormalised(key: string, document: DocumentNode, size: number): Executable {
    const plan = prepare(compilePlan(planOperation(supergraph, document, undefined), supergraph, document));
    byText.set(key, plan, { size });
    return plan;
  }

  return {
    plan({ document, operationName, documentHash, names, variables, conditions }) {
      const asked = documentHash && `${documentHash} ${operationName ?? ''} ${conditions}`;
      const known = asked === undefined ? undefined : byDocument.get(asked);
      const plan = known && byText.get(known.key);
      if (plan !== undefined) return plan;
      const includes = (selection: SelectionNode): boolean => isIncluded(selection, variables);
      const normalised = normaliseOperation({ document, operationName, names, includes }, supergraph);
      const text = print(normalised);
      const key = hash('sha256', text);
      if (asked !== undefined) byDocument.set(asked, { key });
      return byText.get(key) ?? planNormalised(key, normalised, text.length);
    },
  };
}
