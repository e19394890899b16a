import '../core/quiet-apollo.ts';
import type { CompositionFailure, CompositionResult, extractValidationError } from '@apollo/composition';
import { getLocation, GraphQLError, Kind, parse, printSourceLocation, Source } from 'graphql';
import type { ASTNode, DocumentNode, Location } from 'graphql';
import { messageOf } from '../core/errors.ts';

export interface SubgraphSource {
  readonly name: string;
  /** Where the gateway reaches it; written into the supergraph. */
  readonly url: string;
  readonly sdl: string;
  /** The file or URL the SDL came from, for messages; the subgraph's name when left out. */
  readonly sourceName?: string;
}

export interface CompositionProblem {
  /** Apollo's composition error codes, `INVALID_GRAPHQL` for a syntax error, `COMPOSITION_FAILED` without one. */
  readonly code: string;
  readonly message: string;
  /** Where it can be mended: for an unsatisfiable query, the definitions of the field that cannot be reached. */
  readonly locations: readonly ProblemLocation[];
}

export interface ProblemLocation {
  readonly subgraph: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `file:line:column`, then the lines around with a caret. */
  readonly excerpt: string;
}

export interface CompositionHint {
  readonly level: string;
  readonly code: string;
  readonly message: string;
}

export type Composition =
  | { readonly ok: true; readonly supergraphSdl: string; readonly hints: readonly CompositionHint[] }
  | { readonly ok: false; readonly errors: readonly CompositionProblem[] };

/** Federation composition of subgraphs with distinct names. Never rejects for what their SDL says. */
export async function composeSubgraphs(subgraphs: readonly SubgraphSource[]): Promise<Composition> {
  const documents = new Map<string, DocumentNode>();
  const syntaxErrors: CompositionProblem[] = [];
  for (const { name, sdl, sourceName } of subgraphs) {
    try {
      documents.set(name, parse(new Source(sdl, sourceName ?? name)));
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      syntaxErrors.push(syntaxProblem(error, name));
    }
  }
  if (syntaxErrors.length > 0) return { ok: false, errors: syntaxErrors };

  // Loaded only when something is composed: a gateway with a finished supergraph has no need of it.
  const { composeServices, extractValidationError } = await import('@apollo/composition');
  const services = subgraphs.flatMap(({ name, url }) => {
    const typeDefs = documents.get(name);
    return typeDefs === undefined ? [] : [{ name, url, typeDefs }];
  });
  let result: CompositionResult;
  try {
    result = composeServices(services);
  } catch (error) {
    // Composition checks its own assumptions by throwing.
    return { ok: false, errors: [{ code: 'COMPOSITION_FAILED', message: messageOf(error), locations: [] }] };
  }
  if (result.errors !== undefined) {
    return { ok: false, errors: result.errors.map((error) => problemOf(error, documents, extractValidationError)) };
  }
  const hints = result.hints.map(({ definition, message }) => ({
    level: definition.level.name,
    code: definition.code,
    message,
  }));
  return { ok: true, supergraphSdl: `${result.supergraphSdl.trimEnd()}\n`, hints };
}

/** Text for a terminal: one block a problem, with the lines of the subgraphs it is about. */
export function printCompositionErrors(errors: readonly CompositionProblem[]): string {
  return errors
    .map(({ code, message, locations }) => {
      const excerpts = locations.map(({ subgraph, excerpt }) => `\n\nin subgraph ${subgraph}, ${excerpt}`);
      return `${code}: ${message}${excerpts.join('')}`;
    })
    .join('\n\n');
}

function syntaxProblem(error: GraphQLError, subgraph: string): CompositionProblem {
  const { source, positions = [] } = error;
  return {
    code: 'INVALID_GRAPHQL',
    message: `[${subgraph}] ${error.message}`,
    locations: source === undefined ? [] : positions.map((start) => locate(source, start, subgraph)),
  };
}

function problemOf(
  error: CompositionFailure['errors'][number],
  documents: ReadonlyMap<string, DocumentNode>,
  asUnsatisfiable: typeof extractValidationError,
): CompositionProblem {
  const unreachable = asUnsatisfiable(error)?.supergraphUnsatisfiablePath.lastEdge()?.transition;
  const nodes =
    unreachable?.kind === 'FieldCollection'
      ? fieldDefinitions(documents, unreachable.definition.parent.name, unreachable.definition.name)
      : (error.nodes ?? []);
  const { code } = error.extensions;
  const subgraphOf = new Map([...documents].map(([name, { loc }]) => [loc?.source, name]));
  return {
    code: typeof code === 'string' ? code : 'COMPOSITION_FAILED',
    message: error.message,
    locations: nodes.flatMap(({ loc }) => {
      const subgraph = subgraphOf.get(loc?.source);
      return loc === undefined || subgraph === undefined ? [] : [locate(loc.source, loc.start, subgraph)];
    }),
  };
}

function fieldDefinitions(documents: ReadonlyMap<string, DocumentNode>, type: string, field: string): ASTNode[] {
  return [...documents.values()]
    .flatMap(({ definitions }) => definitions)
    .flatMap((definition) => {
      switch (definition.kind) {
        case Kind.OBJECT_TYPE_DEFINITION:
        case Kind.OBJECT_TYPE_EXTENSION:
        case Kind.INTERFACE_TYPE_DEFINITION:
        case Kind.INTERFACE_TYPE_EXTENSION:
          return definition.name.value === type ? (definition.fields ?? []) : [];
        default:
          return [];
      }
    })
    .filter(({ name }) => name.value === field);
}

function locate(source: Location['source'], start: number, subgraph: string): ProblemLocation {
  const { line, column } = getLocation(source, start);
  return { subgraph, line, column, excerpt: printSourceLocation(source, { line, column }) };
}
