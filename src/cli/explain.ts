import { hash } from 'node:crypto';
import {
  getOperationAST,
  getVariableValues,
  GraphQLError,
  OperationTypeNode,
  parse,
  printError,
  validate,
} from 'graphql';
import type { GraphQLSchema, Source } from 'graphql';
import { createAuthenticator } from '../authentication/authenticator.ts';
import type { Asked } from '../authorization/decide-fields.ts';
import { rulesOf } from '../authorization/rules-of-supergraph.ts';
import type { AtriumConfig } from '../config/config.ts';
import { isUrl } from '../config/environment.ts';
import { ConfigurationError, RequestError } from '../core/errors.ts';
import { isJsonObject, readJson } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';
import { createRequestContext } from '../core/request-context.ts';
import { createAtrium } from '../create-atrium.ts';
import { explainDry } from '../explain/explain-dry.ts';
import type { ExplainQuestion } from '../explain/explain-question.ts';
import type { ExplainedAnswer, Explanation } from '../explain/explanation.ts';
import { printExplanation } from '../explain/print-explanation.ts';
import { explainHeader, grantExplain, longestGrantMinutes } from '../server/explain-gate.ts';
import { cliLogger, configFlags, configFlagsHelp, openConfig, readSupergraph } from './open-config.ts';
import { operationFlags, operationFlagsHelp, readDocument, readVariables } from './read-operation.ts';
import { parseFlags, UsageError } from './verb.ts';
import type { Io, Verb } from './verb.ts';

const help = `Answers a query and tells how: the plan, what took how long, which subgraph answered each field, which rule
allows or denies it, what it costs. With --dry-run nothing is fetched, and a mutation may be asked about.

Usage: atrium explain [flags] (FILE | --query TEXT)
       atrium explain --grant MINUTES

${operationFlagsHelp}
  --variables JSON      the values of its variables
  --as WHO              a token; with --dry-run also the name of a principal of authorization.principals
                        (default: an anonymous client)
  --url URL             asks the gateway that answers there, instead of one that is started for it
  --dry-run             asks no subgraph and counts no rate limit
  --json                prints what \`extensions.atrium\` holds
  --grant MINUTES       prints a token, signed with explain.secret, for the header x-atrium-explain (at most ${longestGrantMinutes})
${configFlagsHelp}

Example: atrium explain --url http://127.0.0.1:4000/graphql --as "$(atrium token ann)" -q '{ me { name email } }'`;

const options = {
  ...configFlags,
  ...operationFlags,
  as: { type: 'string' },
  'dry-run': { type: 'boolean' },
  url: { type: 'string' },
  json: { type: 'boolean' },
  grant: { type: 'string' },
} as const;

const answerMs = 60_000;

export const explain: Verb = {
  help,
  async run(parameters, io) {
    const { values, positionals } = parseFlags(parameters, options, { positionals: true });
    if (values.grant !== undefined) {
      const { config } = await openConfig(values, io);
      io.out(await grant(values.grant, config));
      return 0;
    }
    const source = await readDocument(values.query, positionals);
    const { config } = await openConfig(values, io);
    const variables = readVariables(values.variables ?? '{}');
    const asked = { source, operationName: values.operation, variables, who: values.as };
    if (values['dry-run'] === true && values.url !== undefined)
      throw new UsageError('expected either --dry-run or --url, got both');
    const explanation = await (values['dry-run'] === true
      ? dryRun(asked, config, io)
      : run(asked, config, io, values.url));
    io.out(values.json === true ? JSON.stringify(explanation, undefined, 2) : printExplanation(explanation));
    return 0;
  },
};

/** What the command line asks. */
interface Question {
  readonly source: Source;
  readonly operationName: string | undefined;
  readonly variables: Record<string, unknown>;
  readonly who: string | undefined;
}

function grant(minutes: string, { explain: options }: AtriumConfig): Promise<string> {
  if (!/^[1-9]\d?$/.test(minutes) || Number(minutes) > longestGrantMinutes) {
    throw new UsageError(`--grant: expected minutes from 1 to ${longestGrantMinutes}, got ${minutes}`);
  }
  if (options === undefined) {
    throw new ConfigurationError(
      '--grant: expected explain.secret (ATRIUM_EXPLAIN_SECRET), got a configuration without',
    );
  }
  return grantExplain(options.secret, Number(minutes));
}

/** Asks the gateway at `url`, or one as the configuration has it, which nobody else reaches. */
async function run(question: Question, config: AtriumConfig, io: Io, url: string | undefined): Promise<Explanation> {
  const { source, operationName, variables, who } = question;
  if (who !== undefined && config.authorization?.principals[who] !== undefined) {
    throw new UsageError(`--as: expected a token, got the name of a principal, as whom only --dry-run can ask`);
  }
  if (getOperationAST(parseSource(source), operationName)?.operation === OperationTypeNode.MUTATION) {
    throw new UsageError('expected a query, got a mutation, which only --dry-run explains');
  }
  const asked: ExplainQuestion = {
    query: source.body,
    variables,
    ...(operationName !== undefined && { operationName }),
    headers: who === undefined ? {} : { authorization: `Bearer ${who}` },
  };
  const { extensions, errors } = await (url === undefined ? askAlone(asked, config, io) : askAt(url, asked, config));
  if (extensions?.atrium !== undefined) return extensions.atrium;
  const came = errors === undefined ? 'one without an explanation: is it Atrium?' : JSON.stringify(errors);
  throw new ConfigurationError(`expected an answer with an explanation, got ${came}`);
}

async function askAlone(asked: ExplainQuestion, config: AtriumConfig, io: Io): Promise<ExplainedAnswer> {
  const server = { ...config.server, host: '127.0.0.1', port: 0 };
  const alone: AtriumConfig = { ...config, server, admin: { ...config.admin, enabled: false } };
  const atrium = createAtrium(alone, { logger: cliLogger(io) });
  try {
    await atrium.start();
    return await atrium.actions.explain(asked);
  } finally {
    await atrium.stop();
  }
}

async function askAt(
  url: string,
  { headers, ...params }: ExplainQuestion,
  { explain: options }: AtriumConfig,
): Promise<ExplainedAnswer> {
  if (!isUrl(url)) throw new UsageError(`--url: expected an http or https URL, got ${url}`);
  // In development mode any value will do.
  const grant = options === undefined ? '1' : await grantExplain(options.secret, 1);
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'application/json', [explainHeader]: grant },
    body: JSON.stringify(params),
    signal: AbortSignal.timeout(answerMs),
  }).catch((error: unknown) => {
    throw new ConfigurationError(`--url: expected a gateway at ${url}, got no answer`, { cause: error });
  });
  const answer: unknown = readJson(await response.text());
  if (!isExplainedAnswer(answer)) {
    throw new ConfigurationError(
      `--url: expected a GraphQL answer from ${url}, got status ${response.status} without one`,
    );
  }
  return answer;
}

function isExplainedAnswer(answer: unknown): answer is ExplainedAnswer {
  return isJsonObject(answer) && ('data' in answer || Array.isArray(answer['errors']));
}

async function dryRun(question: Question, config: AtriumConfig, io: Io): Promise<Explanation> {
  const supergraph = await readSupergraph(config, io);
  const asked = readAsked(supergraph.apiSchema, question);
  const principal = question.who === undefined ? null : await principalFor(question.who, config, io);
  const context = createRequestContext({ principal });
  const logger = cliLogger(io);
  return explainDry({
    ...asked,
    id: hash('sha256', supergraph.sdl),
    supergraph,
    rules: rulesOf(supergraph, config.authorization ?? {}, logger),
    cost: config.limits,
    context: { ...(await config.context?.(context)), ...context },
    logger,
  });
}

function readAsked(schema: GraphQLSchema, { source, operationName, variables }: Question): Asked {
  const document = parseSource(source);
  const errors = validate(schema, document);
  if (errors.length > 0) throw new ConfigurationError(errors.map(printError).join('\n\n'));
  const operation = getOperationAST(document, operationName);
  if (!operation) throw new UsageError('--operation: expected the name of an operation of the document');
  const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  if (coerced.errors !== undefined) throw new ConfigurationError(coerced.errors.map(printError).join('\n\n'));
  return { schema, document, operation, variables: coerced.coerced };
}

function parseSource(source: Source) {
  try {
    return parse(source);
  } catch (error) {
    if (error instanceof GraphQLError) throw new ConfigurationError(printError(error), { cause: error });
    throw error;
  }
}

async function principalFor(who: string, { authentication, authorization }: AtriumConfig, io: Io): Promise<Principal> {
  const named = authorization?.principals[who];
  if (named !== undefined) return { ...named, subject: named.subject ?? who, issuer: '' };
  if (authentication === undefined) {
    throw new UsageError(`--as: expected the name of a principal of authorization.principals, got "${who}"`);
  }
  const authenticator = await createAuthenticator(authentication, { logger: cliLogger(io) });
  try {
    const principal = await authenticator.authenticate(`Bearer ${who}`);
    if (principal === null) throw new UsageError('--as: expected a token or the name of a principal');
    return principal;
  } catch (error) {
    if (error instanceof RequestError) throw new ConfigurationError(`--as: ${error.message}`, { cause: error });
    throw error;
  } finally {
    await authenticator.close();
  }
}
