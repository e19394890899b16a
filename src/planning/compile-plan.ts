import { Kind, OperationTypeNode, parse, print, stripIgnoredCharacters } from 'graphql';
import type { DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { RequestError } from '../core/errors.ts';
import { fragmentsOf } from '../core/fragments.ts';
import type { BuiltSupergraph, FetchNode, PlanNode, QueryPlan } from '../supergraph/supergraph.ts';
import { answerShape, renameInShape } from './answer-shape.ts';
import { CompactWriter } from './compact-writer.ts';
import { contextVariables } from './context-variables.ts';
import type { ContextVariable } from './context-variables.ts';
import { awaited, placesWritten, withLostDependencies } from './dependencies.ts';
import { groupSteps } from './group-steps.ts';
import type { FetchPlan, FetchStep, ResponsePath } from './fetch-plan.ts';
import { restoreFields, restoreRequired, splitByRequirement } from './private-requirements.ts';
import { requiredSelection, rewriteRequired } from './required-selection.ts';
import { unmetFields } from './unmet-fields.ts';

/** What compiling needs to know of the supergraph the plan was made with. */
export type PlannedSupergraph = Pick<BuiltSupergraph, 'possibleTypes' | 'interfaceObjects' | 'privateFields'>;

/** A step before equal ones are joined, with the indexes of the steps it waits for. */
export interface DraftStep extends FetchStep {
  readonly after: ReadonlySet<number>;
  /** The places it brings values to. */
  readonly written: ReadonlySet<string>;
}

/**
 * Flattens the planner's tree of Sequence, Parallel and Flatten nodes into fetches that know what they wait for. A step of
 * a Sequence waits for those earlier steps that write what it reads, not for all of them, so that it starts as soon as its
 * inputs are there; mutations keep their order among everything. `document` has the operation that was planned.
 */
export function compilePlan(plan: QueryPlan, supergraph: PlannedSupergraph, document: DocumentNode): FetchPlan {
  const asked = parsedOperation(document);
  const steps: DraftStep[] = [];
  if (plan.node?.kind === 'Subscription') throw new Error('Subscriptions are refused before planning');
  if (plan.node !== undefined) addSteps(plan.node, { path: [], earlier: [] });
  return groupSteps(withLostDependencies(steps));

  /** Appends the node's steps; returns their indexes. */
  function addSteps(node: PlanNode, place: Place): number[] {
    switch (node.kind) {
      case 'Fetch': {
        const fetches = compileFetch(node, place, steps, supergraph, asked);
        return fetches.map((step) => {
          const after = awaited(step, place.earlier, steps);
          return steps.push({ ...step, after, written: placesWritten(step) }) - 1;
        });
      }
      case 'Flatten':
        return addSteps(node.node, { ...place, path: [...place.path, ...node.path.map(String)] });
      case 'Parallel':
        return node.nodes.flatMap((child) => addSteps(child, place));
      case 'Sequence': {
        const added: number[] = [];
        for (const child of node.nodes) {
          added.push(...addSteps(child, { ...place, earlier: [...place.earlier, ...added] }));
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

interface Place {
  readonly path: ResponsePath;
  /** Steps that come before this one in some Sequence. */
  readonly earlier: readonly number[];
}

const nothing: ReadonlySet<string> = new Set();

function compileFetch(
  node: FetchNode,
  { path }: Place,
  compiled: readonly FetchStep[],
  supergraph: PlannedSupergraph,
  asked: ParsedOperation,
): FetchStep[] {
  const { possibleTypes, privateFields } = supergraph;
  const { operation, fragments: named } = parsedOperation(
    node.operationDocumentNode ?? parse(node.operation, { noLocation: true }),
  );
  const required = node.requires && requiredSelection(node.requires, possibleTypes);
  if (required !== undefined) rewriteRequired(required, node.inputRewrites ?? [], possibleTypes);
  const { variableDefinitions = [] } = operation;
  const contexts = contextVariables(node.contextRewrites ?? [], variableDefinitions, possibleTypes);
  refuseVariables(asked.operation, contexts);
  const parts =
    required === undefined
      ? [{ selectionSet: operation.selectionSet, fragments: named, without: nothing, notOf: nothing }]
      : splitByRequirement(
          entitySelectionSet(operation),
          named,
          (typeName, fieldName) => privateFields.requiredBy(node.serviceName, typeName, fieldName),
          privateFields,
          unmetFields(required, path, compiled),
        );
  return parts.map((part) => {
    const selectionSet = restoreFields(part.selectionSet, privateFields);
    const fragments = new Map([...part.fragments].map(([name, one]) => [name, restoreFields(one, privateFields)]));
    const shape = answerShape(selectionSet, fragments, supergraph);
    renameInShape(shape, node.outputRewrites ?? []);
    return {
      subgraph: node.serviceName,
      kind: operation.operation === OperationTypeNode.MUTATION ? 'mutation' : 'query',
      paths: [path],
      requires: required && restoreRequired(required, privateFields, part),
      shape,
      ...requestText({ ...asked.operation, selectionSet }, fragments, required !== undefined, contexts),
    };
  });
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

interface ParsedOperation {
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

function parsedOperation(document: DocumentNode): ParsedOperation {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('Expected a document with an operation');
  return { operation, fragments: fragmentsOf(document) };
}

function entitySelectionSet(operation: OperationDefinitionNode): SelectionSetNode {
  const [field] = operation.selectionSet.selections;
  if (field?.kind !== Kind.FIELD || field.selectionSet === undefined) {
    throw new Error('The planner wrote an entity fetch that does not select _entities');
  }
  return field.selectionSet;
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
