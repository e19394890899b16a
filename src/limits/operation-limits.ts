import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import { Kind, parse } from 'graphql';
import type { DocumentNode } from 'graphql';
import { configSchema } from '../config/config.ts';
import type { ParsedConfig } from '../config/config.ts';
import type { RequestError } from '../core/errors.ts';
import { checkDocument } from './check-document.ts';
import { checkVariables } from './check-variables.ts';

/** Errors of longer documents tell no places. */
const MAX_LINES_WITH_PLACES = 5_000;

/** By the document that takes the place of the one refused. */
const refusals = new WeakMap<DocumentNode, RequestError>();

/**
 * Refuses what is beyond the limits with status 400 and the limit's own code: a document after it is parsed and before
 * it is validated, since validation, planning and all that follows may take far longer than the document is long;
 * variables before they are coerced. A document that Apollo Server knows already is not measured again. `maxTokens` is
 * not checked here: it is the parser's, `new ApolloServer({ parseOptions: { maxTokens } })`.
 * @param options those of the configuration's section `limits`, with its defaults
 */
export function operationLimits(options: Partial<ParsedConfig['limits']> = {}): ApolloServerPlugin {
  const limits = configSchema.shape.limits.parse(options);
  const listener: GraphQLRequestListener<object> = {
    async validationDidStart(request) {
      const document = admit(request.document, request.source, limits);
      if (document !== request.document) Object.assign(request, { document });
    },
    async didResolveOperation({ document, request }) {
      const refusal = refusals.get(document) ?? checkVariables(request.variables ?? {}, limits);
      if (refusal !== undefined) throw refusal.toGraphQLError();
    },
  };
  return {
    async requestDidStart() {
      return listener;
    },
  };
}

/**
 * The document to go on with. Apollo Server answers 500 to what is thrown before `didResolveOperation`, so a document
 * that is refused gives way to an empty one: it is valid, and is remembered for the text in its place.
 */
function admit(document: DocumentNode, source: string, limits: ParsedConfig['limits']): DocumentNode {
  const refusal = checkDocument(document, source, limits);
  if (refusal !== undefined) {
    const empty: DocumentNode = { kind: Kind.DOCUMENT, definitions: [] };
    refusals.set(empty, refusal);
    return empty;
  }
  // Each error counts the lines before its place: with 90,000 empty ones, 100 errors cost 0.3 s.
  return hasMoreLines(source, MAX_LINES_WITH_PLACES) ? parse(source, { noLocation: true }) : document;
}

function hasMoreLines(text: string, max: number): boolean {
  let lines = 1;
  for (const _ of text.matchAll(/\r\n|[\n\r]/g)) if (++lines > max) return true;
  return false;
}
