import { readFile } from 'node:fs/promises';
import { GraphQLError, Source, parse, printError, validate } from 'graphql';
import type { DocumentNode } from 'graphql';
import { ConfigurationError } from '../core/errors.ts';
import { planOperation } from '../supergraph/supergraph.ts';
import type { BuiltSupergraph, QueryPlan } from '../supergraph/supergraph.ts';
import { configFlags, configFlagsHelp, openConfig, readSupergraph } from './open-config.ts';
import { compilePlan } from '../planning/compile-plan.ts';
import type { FetchPlan } from '../planning/fetch-plan.ts';
import { nameFields, normaliseOperation } from '../planning/normalise-operation.ts';
import { printPlan } from './print-plan.ts';
import { parseFlags, UsageError } from './verb.ts';
import type { Verb } from './verb.ts';

const help = `Prints the query plan of an operation: which subgraph is asked for what, and in which order.

Usage: atrium plan [flags] (FILE | --query TEXT)

  FILE                  a GraphQL document; - reads stdin
  -q, --query TEXT      the document itself
  --operation NAME      which operation, when the document has several
${configFlagsHelp}

Example: atrium plan --supergraph supergraph.graphql -q '{ me { name orders { id } } }'`;

const options = {
  ...configFlags,
  query: { type: 'string', short: 'q' },
  operation: { type: 'string' },
} as const;

export const plan: Verb = {
  help,
  async run(parameters, io) {
    const { values, positionals } = parseFlags(parameters, options, { positionals: true });
    const source = await readDocument(values.query, positionals);
    // A supergraph is all a plan needs.
    const alone = values.config === undefined && values.supergraph !== undefined;
    const opened = await openConfig({ ...values, 'no-config': values['no-config'] === true || alone }, io);
    const supergraph = await readSupergraph(opened.config, io);
    const { queryPlan, fetchPlan } = planSource(supergraph, source, values.operation);
    io.out(`${printPlan(queryPlan)}\n\n${countCalls(fetchPlan)}`);
    return 0;
  },
};

async function readDocument(query: string | undefined, files: readonly string[]): Promise<Source> {
  const [file] = files;
  if (files.length + (query === undefined ? 0 : 1) !== 1) {
    throw new UsageError(
      `expected either one FILE or --query TEXT, got ${query === undefined ? `${files.length} files` : 'both'}`,
    );
  }
  if (file === undefined) return new Source(query ?? '', '--query');
  const text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8').catch((error: unknown) => {
    throw new ConfigurationError(`expected a GraphQL document in ${file}, got ${String(error)}`, { cause: error });
  });
  return new Source(text, file);
}

interface Planned {
  /** Of the document as it is, so that its names are seen. */
  readonly queryPlan: QueryPlan;
  /** As the gateway runs it when no condition leaves anything out. */
  readonly fetchPlan: FetchPlan;
}

function planSource(supergraph: BuiltSupergraph, source: Source, operation: string | undefined): Planned {
  try {
    const document: DocumentNode = parse(source);
    const errors = validate(supergraph.apiSchema, document);
    if (errors.length > 0) throw new ConfigurationError(errors.map(printError).join('\n\n'));
    const queryPlan = planOperation(supergraph, document, operation);
    const names = nameFields(document);
    const normalised = normaliseOperation(
      { document, operationName: operation, names, includes: () => true },
      supergraph,
    );
    const fetchPlan = compilePlan(planOperation(supergraph, normalised, undefined), supergraph, normalised);
    return { queryPlan, fetchPlan };
  } catch (error) {
    if (error instanceof GraphQLError) throw new ConfigurationError(printError(error), { cause: error });
    throw error;
  }
}

/** Counted as the gateway sends them: fetches of one subgraph that can run together are one call. */
function countCalls({ groups }: FetchPlan): string {
  const bySubgraph = Map.groupBy(groups, ({ subgraph }) => subgraph);
  const list = [...bySubgraph].map(([subgraph, calls]) => `${subgraph} ${calls.length}`).join(', ');
  return `${groups.length} ${groups.length === 1 ? 'call' : 'calls'}${list === '' ? '' : ` (${list})`}`;
}
