import { getOperationAST, getVariableValues, GraphQLError, parse, printError, validate } from 'graphql';
import type { GraphQLSchema, Source } from 'graphql';
import { createAuthenticator } from '../authentication/authenticator.ts';
import { explainOperation } from '../authorization/explain.ts';
import type { ExplainedField } from '../authorization/explain.ts';
import type { Asked } from '../authorization/decide-fields.ts';
import { rulesOf } from '../authorization/rules-of-supergraph.ts';
import type { AtriumConfig } from '../config/config.ts';
import { ConfigurationError, RequestError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import { createRequestContext } from '../core/request-context.ts';
import { cliLogger, configFlags, configFlagsHelp, openConfig, readSupergraph } from './open-config.ts';
import { operationFlags, operationFlagsHelp, readDocument, readVariables } from './read-operation.ts';
import { parseFlags, UsageError } from './verb.ts';
import type { Io, Verb } from './verb.ts';

const help = `Says for each field of an operation which rule allows or denies it, and to whom. Nothing is fetched.

Usage: atrium explain [flags] (FILE | --query TEXT)

${operationFlagsHelp}
  --variables JSON      what rules over arguments see
  --as WHO              a token, or the name of a principal of authorization.principals (default: an anonymous client)
${configFlagsHelp}

Example: atrium explain --as "$(atrium token ann)" -q '{ me { name email } }'`;

export const explain: Verb = {
  help,
  async run(parameters, io) {
    const { values, positionals } = parseFlags(
      parameters,
      { ...configFlags, ...operationFlags, as: { type: 'string' } },
      { positionals: true },
    );
    const source = await readDocument(values.query, positionals);
    const { config } = await openConfig(values, io);
    const supergraph = await readSupergraph(config, io);
    const asked = readAsked(supergraph.apiSchema, source, values.operation, readVariables(values.variables ?? '{}'));
    const principal = values.as === undefined ? null : await principalFor(values.as, config, io);
    const context = createRequestContext({ principal });
    const fields = await explainOperation({
      ...asked,
      rules: rulesOf(supergraph, config.authorization ?? {}, cliLogger(io)),
      context: { ...(await config.context?.(context)), ...context },
      logger: cliLogger(io),
    });
    io.out(`${describe(principal)}\n\n${table(fields)}`);
    return 0;
  },
};

function readAsked(
  schema: GraphQLSchema,
  source: Source,
  operationName: string | undefined,
  variables: Record<string, unknown>,
): Asked {
  try {
    const document = parse(source);
    const errors = validate(schema, document);
    if (errors.length > 0) throw new ConfigurationError(errors.map(printError).join('\n\n'));
    const operation = getOperationAST(document, operationName);
    if (!operation) throw new UsageError('--operation: expected the name of an operation of the document');
    const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
    if (coerced.errors !== undefined) throw new ConfigurationError(coerced.errors.map(printError).join('\n\n'));
    return { schema, document, operation, variables: coerced.coerced };
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

function describe(principal: Principal | null): string {
  if (principal === null) return 'An anonymous client';
  const { subject, roles, scopes } = principal;
  return `${subject} (roles: ${roles.join(', ') || 'none'}; scopes: ${scopes.join(', ') || 'none'})`;
}

function table(fields: readonly ExplainedField[]): string {
  const width = Math.max(...fields.map(({ field }) => field.length));
  return fields
    .map(
      ({ field, access, because }) => `${field.padEnd(width)}  ${access.padEnd(7)}  ${because.join(', ') || 'no rule'}`,
    )
    .join('\n');
}
