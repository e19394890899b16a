import type { EntityCache } from '../cache/entity-cache.ts';
import type { FetchContext } from '../core/request-context.ts';
import type { SubgraphClient } from '../subgraph/client.ts';
import type { AskedOperation } from './asked-operation.ts';
import type { Executable } from './executable.ts';
import { executePlan } from './execute-plan.ts';
import { introspect } from './introspect.ts';
import type { ObserveGroup } from './observe-execution.ts';
import { project } from './project.ts';
import type { Projected, Verdict } from './project.ts';
import type { SharedLoaders } from './shared-loaders.ts';

export interface OperationRun {
  readonly asked: AskedOperation;
  /** Fetches less than was asked (authorization) or more (`@requires`). */
  readonly executable: Executable;
  /** The client's variables as they came, and coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly coercedVariables: Readonly<Record<string, unknown>>;
  /** A denied position is null with the denial as its error, whatever was fetched. */
  readonly verdict: Verdict | undefined;
  /** Keys of objects that are fetched for verdicts alone. */
  readonly hidden?: ReadonlySet<string> | undefined;
  /** What the verdicts given up to now wait for: after it they are asked again. undefined when they are final. */
  readonly pending?: (() => Promise<unknown> | undefined) | undefined;
  readonly context: FetchContext;
  readonly subgraphs: SubgraphClient;
  readonly cache: EntityCache | undefined;
  readonly shared?: SharedLoaders | undefined;
  readonly observeGroup?: ObserveGroup | undefined;
}

/** Fetches what the plan says and answers what the client asked. Rejects only for faults of Atrium itself. */
export async function executeOperation(run: OperationRun): Promise<Projected> {
  const { asked, verdict, hidden } = run;
  const shape = asked.shapeFor(run.coercedVariables);
  const { data, faults } = await executePlan(run);
  const introspection = shape.introspects ? introspect(asked, shape, run.variables) : {};
  if (verdict === undefined && faults.isEmpty) {
    const projected = shape.compiled()?.(data, introspection);
    if (projected !== undefined) return { data: projected, errors: [] };
  }
  for (;;) {
    const projected = project({ ...shape, schema: asked.schema, data, faults, verdict, hidden, introspection });
    const pending = run.pending?.();
    if (pending === undefined) return projected;
    await pending;
    faults.forgetProjection();
  }
}
