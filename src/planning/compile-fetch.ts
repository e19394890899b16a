import { Kind, OperationTypeNode, print, stripIgnoredCharacters } from 'graphql';
import type { FragmentDefinitionNode, OperationDefinitionNode } from 'graphql';
import { RequestError } from '../core/errors.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import { answerShape, renameInShape } from './answer-shape.ts';
import { CompactWriter } from './compact-writer.ts';
import { contextVariables } from './context-variables.ts';
import type { ContextVariable } from './context-variables.ts';
import type { PlannedStep } from './dependencies.ts';
import type { FetchStep } from './fetch-plan.ts';
import { selectionOf } from './planned-fetch.ts';
import type { Entities, Leaf, PlannedFetch } from './planned-fetch.ts';
import { restoreFields, restoreRequired, splitByRequirement } from './private-requirements.ts';
import type { FetchPart } from './private-requirements.ts';
import type { UnwantedTypes } from './unwanted-types.ts';

/** What compiling needs to know of the supergraph the plan was made with. */
export type PlannedSupergraph = Pick<BuiltSupergraph, 'possibleTypes' | 'interfaceObjects' | 'privateFields'>;

const nothing: ReadonlySet<string> = new Set();

/** The steps of one fetch: several where its fields need different representations. `asked` is the client's operation. */
export function compileFetch(
  fetch: PlannedFetch,
  supergraph: PlannedSupergraph,
  asked: OperationDefinitionNode,
  unwanted: UnwantedTypes,
): PlannedStep[] {
  const { possibleTypes, privateFields } = supergraph;
  const { node, operation, fragments: named, entities } = fetch;
  const { variableDefinitions = [] } = operation;
  const contexts = contextVariables(node.contextRewrites ?? [], variableDefinitions, possibleTypes);
  refuseVariables(asked, contexts);
  const parts =
    entities === undefined
      ? [{ selectionSet: operation.selectionSet, fragments: named, without: nothing, notOf: nothing }]
      : partsOf(fetch, entities, supergraph, unwanted);
  return parts.map((part) => {
    const selectionSet = restoreFields(part.selectionSet, privateFields);
    const fragments = new Map([...part.fragments].map(([name, one]) => [name, restoreFields(one, privateFields)]));
    const shape = answerShape(selectionSet, fragments, supergraph);
    renameInShape(shape, node.outputRewrites ?? []);
    return {
      subgraph: node.serviceName,
      kind: operation.operation === OperationTypeNode.MUTATION ? 'mutation' : 'query',
      requires: entities && restoreRequired(entities.required, privateFields, part),
      shape,
      ...requestText({ ...asked, selectionSet }, fragments, entities !== undefined, contexts),
    };
  });
}

/** A subgraph that knows an interface's types is asked of some of them by fragments, any other by representations. */
function partsOf(
  { node: { serviceName }, fragments }: PlannedFetch,
  entities: Entities,
  { possibleTypes, interfaceObjects, privateFields }: PlannedSupergraph,
  unwanted: UnwantedTypes,
): readonly FetchPart[] {
  const isNarrowable = (leaf: Leaf): boolean =>
    unwanted(leaf).size > 0 && interfaceObjects.get(leaf.typeName)?.has(serviceName) !== true;
  const leaves = entities.leaves.flatMap((leaf): Leaf | Leaf[] => {
    if (!isNarrowable(leaf)) return leaf;
    const wanted = [...possibleTypes(leaf.typeName)].filter((one) => one !== leaf.typeName && !unwanted(leaf).has(one));
    return wanted.map((typeName) => onType(leaf, typeName));
  });
  const isNarrowed = leaves.length !== entities.leaves.length || entities.leaves.some(isNarrowable);
  return splitByRequirement(
    { leaves, selectionSet: isNarrowed ? selectionOf(leaves) : entities.selectionSet },
    isNarrowed ? new Map() : fragments,
    (leaf) => {
      const { typeName, field } = leaf;
      const notOf = unwanted(leaf);
      const of = field.name.value === '__typename' ? nothing : possibleTypes(typeName).difference(notOf);
      return { ...privateFields.requiredBy(serviceName, typeName, field.name.value), of, notOf };
    },
    privateFields,
  );
}

function onType({ field, fragments }: Leaf, value: string): Leaf {
  const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value } } as const;
  return { typeName: value, field, fragments: [...fragments, { kind: Kind.INLINE_FRAGMENT, typeCondition }] };
}

/** In the planner's text nothing tells a client's variable from one of its own, which get longer names when merged. */
function refuseVariables(
  { variableDefinitions = [] }: OperationDefinitionNode,
  taken: readonly ContextVariable[],
): void {
  const taking = variableDefinitions.find(({ variable }) =>
    taken.some(({ name }) => variable.name.value.startsWith(name)),
  );
  if (taking === undefined) return;
  throw new RequestError('BAD_REQUEST', `Expected another name for the variable "$${taking.variable.name.value}".`);
}

/**
 * The client's operation with the selection set of one fetch: of the entities when it is an entity fetch. The planner's
 * own text has lost a client's variable that is called `$representations`.
 */
function requestText(
  { selectionSet, variableDefinitions = [], directives = [] }: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  isEntityFetch: boolean,
  contexts: readonly ContextVariable[],
): Pick<FetchStep, 'text' | 'variables' | 'contexts'> {
  const writer = new CompactWriter();
  const selection = writer.selectionSet(selectionSet);
  const rest = {
    fragments: [...fragments].map(([name, fragment]) => ({ name, text: writer.fragment(fragment) })),
    directives: writer.directives(directives),
  };
  const definitions = variableDefinitions.filter(({ variable }) => writer.variables.has(variable.name.value));
  return {
    text: {
      variableDefinitions: definitions.map((definition) => stripIgnoredCharacters(print(definition))),
      selection: isEntityFetch ? selection : selection.slice(1, -1),
      ...rest,
    },
    variables: definitions.map(({ variable }) => variable.name.value),
    contexts: contexts.filter(({ name }) => writer.variables.has(name)),
  };
}
