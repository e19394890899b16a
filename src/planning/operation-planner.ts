import { hash } from 'node:crypto';
import type { DocumentNode, SelectionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { isIncluded } from '../core/is-included.ts';
import { planOperation } from '../supergraph/supergraph.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import { CompactWriter } from './compact-writer.ts';
import { compilePlan } from './compile-plan.ts';
import type { FetchPlan } from './fetch-plan.ts';
import type { FieldNames } from './field-names.ts';
import { LiftedLiterals } from './lift-literals.ts';
import { normaliseOperation } from './normalise-operation.ts';
import { relevantLabels } from './override-labels.ts';

export interface PlanRequest {
  /** What is fetched: the client's document, or what authorization left of it. */
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  /** Different for different documents, such as Apollo Server's `queryHash` with what authorization decided. */
  readonly documentHash: string;
  /** Under which names the fields of the client's document are fetched. */
  readonly names: FieldNames;
  /** Coerced: `@skip` and `@include` are decided before planning. Equal for equal `conditions`, as far as these go. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** The values of the variables that decide them. */
  readonly conditions: string;
  /** The labels of `@override` that are active for this request. */
  readonly activeLabels: ReadonlySet<string>;
}

export interface PlannedOperation<Executable> {
  readonly executable: Executable;
  /** Values of variables that the plan has in the place of the document's literals; undefined when there are none. */
  readonly literals: Readonly<Record<string, unknown>> | undefined;
  /** Was the plan there already? */
  readonly isKnown: boolean;
}

/** Plans of one generation of the supergraph. Planning is synchronous: concurrent requests never plan the same twice. */
export interface OperationPlanner<Executable> {
  /** Throws GraphQLError when the operation cannot be planned. */
  plan(request: PlanRequest): PlannedOperation<Executable>;
}

/** Plans grow with the text of their operations: this much of it, in characters as `CompactWriter` writes it, may have plans. */
const MAX_PLANNED_TEXT = 2_000_000;
/** Keys, and the texts of the documents' literals. */
const MAX_DOCUMENTS = 10_000;
const MAX_DOCUMENTS_TEXT = 4_000_000;

/** What is known of a document without its plan. */
interface KnownDocument {
  /** A hash of the normalised text, which many documents share. */
  readonly key: string;
  readonly literals: Readonly<Record<string, unknown>> | undefined;
  /** The labels of `@override` that its plan may depend on. */
  readonly labels: readonly string[];
}

/** `prepare` makes of a plan what execution needs; its result is kept with the plan. */
export function createOperationPlanner<Executable extends object>(
  supergraph: BuiltSupergraph,
  prepare: (plan: FetchPlan) => Executable,
): OperationPlanner<Executable> {
  /** By the document, the operation's name and its conditions. */
  const byDocument = new LRUCache<string, KnownDocument>({ max: MAX_DOCUMENTS, maxSize: MAX_DOCUMENTS_TEXT });
  /** By the key of the normalised text and the labels. */
  const byText = new LRUCache<string, Executable>({ maxSize: MAX_PLANNED_TEXT });

  return {
    plan({ document, operationName, documentHash, names, variables, conditions, activeLabels }) {
      const asked = `${documentHash} ${operationName ?? ''} ${conditions}`;
      const known = byDocument.get(asked);
      const plan = known && byText.get(planKey(known, activeLabels));
      if (plan !== undefined) return { executable: plan, literals: known?.literals, isKnown: true };
      const includes = (selection: SelectionNode): boolean => isIncluded(selection, variables);
      const lifted = new LiftedLiterals(document);
      const normalised = normaliseOperation({ document, operationName, names, includes, literals: lifted }, supergraph);
      const text = new CompactWriter().document(normalised);
      const literals = lifted.values;
      const labels = relevantLabels(normalised, supergraph.labelledFields);
      const found: KnownDocument = { key: hash('sha256', text), literals, labels };
      byDocument.set(asked, found, { size: 1 + JSON.stringify(literals ?? null).length });
      const key = planKey(found, activeLabels);
      let executable = byText.get(key);
      const isKnown = executable !== undefined;
      if (executable === undefined) {
        const active = labels.filter((label) => activeLabels.has(label));
        const queryPlan = planOperation(supergraph, normalised, undefined, active);
        executable = prepare(compilePlan(queryPlan, supergraph, normalised));
        byText.set(key, executable, { size: text.length });
      }
      return { executable, literals, isKnown };
    },
  };
}

function planKey({ key, labels }: KnownDocument, activeLabels: ReadonlySet<string>): string {
  return labels.length === 0 ? key : JSON.stringify([key, ...labels.filter((label) => activeLabels.has(label))]);
}
