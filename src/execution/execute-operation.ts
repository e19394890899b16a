import { Kind } from 'graphql';
import type { DocumentNode, FieldNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { EntityCache } from '../cache/entity-cache.ts';
import type { RequestContext } from '../core/request-context.ts';
import type { FetchPlan } from '../planning/fetch-plan.ts';
import type { SubgraphClient } from '../subgraph/client.ts';
import { Selection } from './collect-fields.ts';
import { executePlan } from './execute-plan.ts';
import type { Fault } from './faults.ts';
import { introspect } from './introspect.ts';
import { project } from './project.ts';
import type { Projected } from './project.ts';

export interface OperationRun {
  /** The API schema. */
  readonly schema: GraphQLSchema;
  /** What the client asked; the plan may fetch less (authorization) or more (`@requires`). */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** As the client sent them, and coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly coercedVariables: Readonly<Record<string, unknown>>;
  /** undefined: nothing has to be fetched. */
  readonly plan: FetchPlan | undefined;
  /** A denied position is null with the denial as its error, whatever was fetched. */
  readonly verdict: ((parentType: string, field: FieldNode) => Fault | undefined) | undefined;
  readonly context: RequestContext;
  readonly subgraphs: SubgraphClient;
  readonly cache: EntityCache | undefined;
}

/** Fetches what the plan says and answers what the client asked. Rejects only for faults of Atrium itself. */
export async function executeOperation(run: OperationRun): Promise<Projected> {
  const { schema, operation, coercedVariables: variables, plan } = run;
  const rootType = schema.getRootType(operation.operation);
  if (rootType === undefined || rootType === null) throw new Error(`The schema has no ${operation.operation} type`);
  const fragments = new Map(
    run.document.definitions
      .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
  const selection = new Selection([operation.selectionSet], { schema, fragments, variables });
  const { data, faults } = await executePlan({ ...run, plan: plan ?? { steps: [], groups: [] } });
  const introspection = introspect(schema, rootType, selection, operation, fragments, run.variables);
  return project({ schema, rootType, selection, data, faults, verdict: run.verdict, introspection });
}
