import { parse, print } from 'graphql';
import type { DocumentNode, SelectionNode } from 'graphql';
import { isIncluded } from '../core/is-included.ts';
import type { Executable, ExecutableStep } from '../execution/executable.ts';
import type { FieldNames } from '../planning/field-names.ts';
import { normaliseOperation } from '../planning/normalise-operation.ts';
import { printPlan } from '../planning/print-plan.ts';
import { realNames } from '../planning/real-names.ts';
import type { RequiredSelection } from '../planning/required-selection.ts';
import { planOperation } from '../supergraph/supergraph.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import type { PlannedFetch, PlannedPart } from './explanation.ts';

export interface DescribedPlan {
  readonly tree: string;
  readonly fetches: readonly PlannedFetch[];
}

export interface PlanToDescribe {
  readonly supergraph: BuiltSupergraph;
  /** What was planned: what rules left of the client's document, with what they read. */
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly names: FieldNames;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly activeLabels: ReadonlySet<string>;
  readonly executable: Executable;
}

/** Plans once more, because Apollo's plan is not kept; what was run is read from the executable. */
export function describePlan(input: PlanToDescribe): DescribedPlan {
  const { supergraph, document, operationName, names, variables, activeLabels, executable } = input;
  const named = realNames(document, names, supergraph.privateFields);
  const labels = [...activeLabels];
  const tree =
    executable.groups.length === 0
      ? 'Nothing is fetched.'
      : printPlan(planOperation(supergraph, normalised(), undefined, labels));
  const fetches = executable.groups.map(({ subgraph, steps, index }) => ({
    subgraph,
    after: executable.groups.filter(({ dependents }) => dependents.includes(index)).map((before) => before.index),
    parts: steps.map((step) => describePart(step, named)),
  }));
  return { tree: named(tree), fetches };

  /** What was planned: not every document can be as it is. */
  function normalised(): DocumentNode {
    const includes = (selection: SelectionNode): boolean => isIncluded(selection, variables);
    return normaliseOperation({ document, operationName, names, includes }, supergraph);
  }
}

function describePart({ requires, paths, text }: ExecutableStep, named: (text: string) => string): PlannedPart {
  const selection = requires === undefined ? `{${text.selection}}` : text.selection;
  const document = parse([selection, ...text.fragments.map((fragment) => fragment.text)].join(' '));
  return {
    paths: requires === undefined ? [] : paths.map((path) => named(path.filter((key) => key !== '@').join('.'))),
    selection: named(print(document)),
    ...(requires !== undefined && { given: named(printRequired(requires)) }),
  };
}

function printRequired({ fields, typed }: RequiredSelection): string {
  return [
    ...fields.map(({ key, selection }) => (selection === undefined ? key : `${key} { ${printRequired(selection)} }`)),
    ...typed.map(({ condition, selection }) => `... on ${condition} { ${printRequired(selection)} }`),
  ].join(' ');
}
