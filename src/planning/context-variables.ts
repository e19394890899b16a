import { print } from 'graphql';
import type { VariableDefinitionNode } from 'graphql';
import type { FetchNode } from '../supergraph/supergraph.ts';
import type { PossibleTypes } from './answer-shape.ts';
import type { ResponsePath } from './fetch-plan.ts';

/** A variable that the response gives its value, from objects around those that a step completes (`@fromContext`). */
export interface ContextVariable {
  readonly name: string;
  /** As the subgraph declares the argument, such as `[String!]`. */
  readonly type: string;
  /** Where the value may be: the first whose types fit has it. */
  readonly sources: readonly ContextSource[];
}

export interface ContextSource {
  /** How many fields up the path of the step; 0 is the object itself. */
  readonly levels: number;
  /** From there: a field's key, or the types that the object must be of. */
  readonly path: readonly (string | ReadonlySet<string>)[];
}

/** What the planner's context rewrites of one fetch say. `definitions` are those of the fetch's own operation. */
export function contextVariables(
  rewrites: NonNullable<FetchNode['contextRewrites']>,
  definitions: readonly VariableDefinitionNode[],
  possibleTypes: PossibleTypes,
): readonly ContextVariable[] {
  return [...Map.groupBy(rewrites, ({ renameKeyTo }) => renameKeyTo)].map(([name, candidates]) => {
    const definition = definitions.find(({ variable }) => variable.name.value === name);
    if (definition === undefined) throw new Error(`The planner wrote a fetch that does not define $${name}`);
    const sources = candidates.map(({ path }): ContextSource => {
      const levels = path.filter((element) => element === '..').length;
      return { levels, path: path.slice(levels).map((element) => fieldOrTypes(element, possibleTypes)) };
    });
    return { name, type: print(definition.type), sources };
  });
}

function fieldOrTypes(element: string, possibleTypes: PossibleTypes): string | ReadonlySet<string> {
  return element.startsWith('... on ') ? possibleTypes(element.slice('... on '.length)) : element;
}

/** The path of the object that a source begins at. */
export function contextPath(path: ResponsePath, { levels }: ContextSource): ResponsePath {
  let base = path;
  for (let level = 0; level < levels; level += 1)
    base = base.slice(
      0,
      base.findLastIndex((element) => element !== '@'),
    );
  return base;
}
