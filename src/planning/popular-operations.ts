import { LRUCache } from 'lru-cache';
import { parse, validate } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { setImmediate as afterPending } from 'node:timers/promises';
import { nameFields } from './normalise-operation.ts';
import type { OperationPlanner, PlanRequest } from './operation-planner.ts';

/** An operation as clients ask it, with what decides its plan beside the text. */
export interface PopularOperation extends Pick<
  PlanRequest,
  'operationName' | 'documentHash' | 'variables' | 'conditions' | 'activeLabels'
> {
  readonly source: string;
}

interface Counted {
  readonly operation: PopularOperation;
  count: number;
}

const MAX_COUNTED = 1_000;
/** In characters of the texts: they are kept here when the server has forgotten them. */
const MAX_TEXT = 1_000_000;

/** Counts what is asked, so that a new supergraph can have the plans of the most asked operations before it takes over. */
export class PopularOperations {
  readonly #counted = new LRUCache<string, Counted>({ max: MAX_COUNTED, maxSize: MAX_TEXT });

  count(source: string, request: PlanRequest): void {
    const { documentHash, operationName, conditions } = request;
    const key = `${documentHash} ${operationName ?? ''} ${conditions}`;
    const known = this.#counted.get(key);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const { activeLabels } = request;
    // Those of `@skip` and `@include`; no others decide a plan, and they may be large and somebody's.
    const variables = Object.fromEntries(
      Object.entries(request.variables).filter(([, value]) => typeof value === 'boolean'),
    );
    const operation = { source, documentHash, operationName, conditions, variables, activeLabels };
    this.#counted.set(key, { operation, count: 1 }, { size: source.length + 1 });
  }

  /** The most asked first. What was asked before counts half from now on. */
  top(most: number): readonly PopularOperation[] {
    const all = [...this.#counted.values()].toSorted((a, b) => b.count - a.count);
    for (const one of all) one.count /= 2;
    return all.slice(0, most).map(({ operation }) => operation);
  }
}

/** Plans operations one by one, with room for requests in between, until `isStale`. What the schema no longer allows is left out. */
export async function warmPlans(
  planner: OperationPlanner<unknown>,
  schema: GraphQLSchema,
  operations: readonly PopularOperation[],
  isStale: () => boolean,
): Promise<void> {
  for (const { source, ...request } of operations) {
    await afterPending();
    if (isStale()) return;
    try {
      const document = parse(source);
      if (validate(schema, document, undefined, { maxErrors: 1 }).length > 0) continue;
      planner.plan({ ...request, document, names: nameFields(document) });
    } catch {
      // Whoever asks it will hear why.
    }
  }
}
