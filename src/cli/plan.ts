import { getOperationAST, getVariableValues, GraphQLError, parse, printError, validate } from 'graphql';
import type { DocumentNode, SelectionNode, Source } from 'graphql';
import { ConfigurationError, RequestError } from '../core/errors.ts';
import { isIncluded } from '../core/is-included.ts';
import { createAskedOperation } from '../execution/asked-operation.ts';
import { createOperationCosts } from '../limits/operation-cost.ts';
import type { CostOptions, OperationCost } from '../limits/operation-cost.ts';
import { printFetchPlan } from '../planning/print-fetch-plan.ts';
import { planOperation } from '../supergraph/supergraph.ts';
import type { BuiltSupergraph, QueryPlan } from '../supergraph/supergraph.ts';
import { configFlags, configFlagsHelp, openConfig, readSupergraph } from './open-config.ts';
import { compilePlan } from '../planning/compile-plan.ts';
import type { FetchPlan } from '../planning/fetch-plan.ts';
import { nameFields, normaliseOperation } from '../planning/normalise-operation.ts';
import { printPlan } from '../planning/print-plan.ts';
import { realNames } from '../planning/real-names.ts';
import { operationFlags, operationFlagsHelp, readDocument, readVariables } from './read-operation.ts';
import { parseFlags } from './verb.ts';
import type { Verb } from './verb.ts';

const help = `Prints the query plan of an operation: which subgraph is asked for what, and in which order; then the requests
that come of it, each with the requests it waits for and what it completes where; then what it may cost.

Usage: atrium plan [flags] (FILE | --query TEXT)

${operationFlagsHelp}
  --variables JSON      for @skip, @include and the cost; without it the requests are those of everything included
${configFlagsHelp}

Example: atrium plan --supergraph supergraph.graphql -q '{ me { name orders { id } } }'`;

const options = { ...configFlags, ...operationFlags } as const;

const columns = 100;
const heading = 'Each request is sent as soon as those it comes after are answered:';

export const plan: Verb = {
  help,
  async run(parameters, io) {
    const { values, positionals } = parseFlags(parameters, options, { positionals: true });
    const source = await readDocument(values.query, positionals);
    const variables = values.variables === undefined ? undefined : readVariables(values.variables);
    // A supergraph is all a plan needs.
    const alone = values.config === undefined && values.supergraph !== undefined;
    const opened = await openConfig({ ...values, 'no-config': values['no-config'] === true || alone }, io);
    const supergraph = await readSupergraph(opened.config, io);
    const { limits } = opened.config;
    const { queryPlan, fetchPlan, named, cost } = planSource(supergraph, source, values.operation, variables, limits);
    const requests = queryPlan.node === undefined ? '' : `${heading}\n${printFetchPlan(fetchPlan, columns)}\n\n`;
    const text = `${printPlan(queryPlan)}\n\n${requests}${countCalls(fetchPlan)}${cost}`;
    io.out(named(text));
    return 0;
  },
};

interface Planned {
  /** Of the document as it is, so that its names are seen. */
  readonly queryPlan: QueryPlan;
  /** As the gateway runs it. */
  readonly fetchPlan: FetchPlan;
  /** With the names people know. */
  readonly named: (text: string) => string;
  /** A line, or nothing where it depends on variables that are not given. */
  readonly cost: string;
}

function planSource(
  supergraph: BuiltSupergraph,
  source: Source,
  operation: string | undefined,
  variables: Record<string, unknown> | undefined,
  limits: CostOptions,
): Planned {
  try {
    const document: DocumentNode = parse(source);
    const errors = validate(supergraph.apiSchema, document);
    if (errors.length > 0) throw new ConfigurationError(errors.map(printError).join('\n\n'));
    const written = planAsWritten(supergraph, document, operation);
    const names = nameFields(document);
    const definition = getOperationAST(document, operation);
    const definitions = definition?.variableDefinitions ?? [];
    const given = variables ?? (definitions.length === 0 ? {} : undefined);
    const coerced = given && getVariableValues(supergraph.apiSchema, definitions, given);
    if (coerced?.errors !== undefined) throw coerced.errors[0];
    const includes = (selection: SelectionNode) => coerced === undefined || isIncluded(selection, coerced.coerced);
    const normalised = normaliseOperation({ document, operationName: operation, names, includes }, supergraph);
    const plan = planOperation(supergraph, normalised, undefined);
    const fetchPlan = compilePlan(plan, supergraph, normalised);
    const named = realNames(document, names, supergraph.privateFields);
    if (!definition || coerced === undefined) return { queryPlan: written ?? plan, fetchPlan, named, cost: '' };
    const asked = createAskedOperation(supergraph.apiSchema, document, definition, names);
    const cost = createOperationCosts(supergraph, limits)({ asked, decided: {}, variables: coerced.coerced });
    return { queryPlan: written ?? plan, fetchPlan, named, cost: costLine(cost) };
  } catch (error) {
    if (error instanceof GraphQLError) throw new ConfigurationError(printError(error), { cause: error });
    if (error instanceof RequestError) throw new ConfigurationError(error.message, { cause: error });
    throw error;
  }
}

/** undefined for a document that cannot be planned as it is, only as the gateway puts it. */
function planAsWritten(
  supergraph: BuiltSupergraph,
  document: DocumentNode,
  operation: string | undefined,
): QueryPlan | undefined {
  try {
    return planOperation(supergraph, document, operation);
  } catch (error) {
    if (error instanceof GraphQLError && error.originalError === undefined) throw error;
    return undefined;
  }
}

function costLine(cost: OperationCost): string {
  try {
    return `\ncost: at most ${cost.estimated()}`;
  } catch (error) {
    if (error instanceof RequestError) return `\ncost: ${error.message}`;
    throw error;
  }
}

/** Counted as the gateway sends them: fetches of one subgraph that can run together are one call. */
function countCalls({ groups }: FetchPlan): string {
  const bySubgraph = Map.groupBy(groups, ({ subgraph }) => subgraph);
  const list = [...bySubgraph].map(([subgraph, calls]) => `${subgraph} ${calls.length}`).join(', ');
  return `${groups.length} ${groups.length === 1 ? 'call' : 'calls'}${list === '' ? '' : ` (${list})`}`;
}
