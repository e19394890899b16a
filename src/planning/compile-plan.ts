import type { DocumentNode } from 'graphql';
import type { PlanNode, QueryPlan } from '../supergraph/supergraph.ts';
import { compileFetch } from './compile-fetch.ts';
import type { PlannedSupergraph } from './compile-fetch.ts';
import { createDraft, withLostDependencies } from './dependencies.ts';
import type { DraftStep } from './dependencies.ts';
import { groupSteps } from './group-steps.ts';
import type { FetchPlan } from './fetch-plan.ts';
import { Place } from './place.ts';
import { parsedOperation, plannedFetch } from './planned-fetch.ts';
import type { PlannedFetch } from './planned-fetch.ts';
import { unwantedTypes } from './unwanted-types.ts';

/**
 * Flattens the planner's tree of Sequence, Parallel and Flatten nodes into fetches that know what they wait for. A step of
 * a Sequence waits for those earlier steps that write what it reads, not for all of them, so that it starts as soon as its
 * inputs are there; mutations keep their order among everything. `document` has the operation that was planned.
 */
export function compilePlan(plan: QueryPlan, supergraph: PlannedSupergraph, document: DocumentNode): FetchPlan {
  const asked = parsedOperation(document);
  const fetches: PlannedFetch[] = [];
  if (plan.node?.kind === 'Subscription') throw new Error('Subscriptions are refused before planning');
  if (plan.node !== undefined) addFetches(plan.node, { path: [], earlier: [] });
  const unwanted = unwantedTypes(fetches, asked, supergraph);
  const root = new Place('');
  const draftsOf: DraftStep[][] = [];
  for (const fetch of fetches) {
    const earlier = fetch.earlier.flatMap((index) => draftsOf[index] ?? []);
    const steps = compileFetch(fetch, supergraph, asked.operation, unwanted);
    draftsOf.push(steps.map((step) => createDraft(step, fetch.path, root, earlier)));
  }
  return groupSteps(withLostDependencies(draftsOf.flat()));

  /** Appends the node's fetches; returns their indexes. */
  function addFetches(node: PlanNode, place: Pick<PlannedFetch, 'path' | 'earlier'>): number[] {
    switch (node.kind) {
      case 'Fetch':
        return [fetches.push(plannedFetch(node, place, supergraph.possibleTypes)) - 1];
      case 'Flatten':
        return addFetches(node.node, { ...place, path: [...place.path, ...node.path.map(String)] });
      case 'Parallel':
        return node.nodes.flatMap((child) => addFetches(child, place));
      case 'Sequence': {
        const added: number[] = [];
        for (const child of node.nodes) {
          added.push(...addFetches(child, { ...place, earlier: [...place.earlier, ...added] }));
        }
        return added;
      }
      case 'Condition':
        throw new Error('Conditions are decided before planning');
      case 'Defer':
        throw new Error('The planner was not configured for @defer');
    }
  }
}
