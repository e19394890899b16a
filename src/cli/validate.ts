import type { GraphQLSchema } from 'graphql';
import type { AtriumConfig } from '../config/config.ts';
import { accessMatrix, printAccessMatrix } from '../authorization/access-matrix.ts';
import { checkSubgraphNames } from '../config/subgraph-options.ts';
import { rulesOf } from '../authorization/rules-of-supergraph.ts';
import type { CompiledRules } from '../authorization/rule-tree.ts';
import { createRequestContext } from '../core/request-context.ts';
import { readManifests } from '../documents/manifest.ts';
import { factsOf } from '../generation.ts';
import { describeGateway } from './describe-gateway.ts';
import { configFlags, configFlagsHelp, cliLogger, openConfig, readSupergraph } from './open-config.ts';
import { openApiKeys } from '../authentication/api-keys.ts';
import { createRateLimiter } from '../rate-limit/limiter.ts';
import { createAuthenticator } from '../authentication/authenticator.ts';
import { parseFlags } from './verb.ts';
import type { Io, Verb } from './verb.ts';

const help = `Checks the configuration and the supergraph, and says what a gateway started with them enforces.

Usage: atrium validate [flags]

${configFlagsHelp}

Example: atrium validate --config gateway.config.ts`;

export const validate: Verb = {
  help,
  async run(parameters, io) {
    const { values } = parseFlags(parameters, configFlags);
    const { config, file } = await openConfig(values, io);
    const supergraph = await readSupergraph(config, io);
    checkSubgraphNames(
      config,
      supergraph.subgraphs.map(({ name }) => name),
    );
    const limiter = createRateLimiter(config.rateLimit?.rules ?? [], { logger: cliLogger(io) });
    limiter.operations?.check(supergraph.apiSchema);
    await checkKeys(config.authentication, io);
    const documents = readManifests(config.documents?.manifest ?? []);
    const rules = rulesOf(supergraph, config.authorization ?? {}, cliLogger(io));
    io.out(
      [
        `configuration   ${file ?? 'none'}`,
        describeGateway(config, factsOf(supergraph, rules), documents.texts.size),
        'The configuration and the supergraph are valid.',
      ].join('\n'),
    );
    if (rules.coveredFields > 0) io.out(`\n${await describeAccess(config, rules, supergraph.apiSchema)}`);
    return 0;
  },
};

async function describeAccess(config: AtriumConfig, rules: CompiledRules, schema: GraphQLSchema): Promise<string> {
  const matrix = await accessMatrix({
    rules,
    schema,
    principals: config.authorization?.principals ?? {},
    async contextFor(principal) {
      const context = createRequestContext({ principal });
      return { ...(await config.context?.(context)), ...context };
    },
  });
  const meaning = 'args: by the arguments; data: by what is fetched; error: a rule threw, which denies';
  return `Who may see what (${meaning}):\n\n${printAccessMatrix(matrix)}`;
}

/** Algorithms and files of keys that a starting gateway would refuse. */
async function checkKeys(authentication: AtriumConfig['authentication'], io: Io): Promise<void> {
  if (authentication === undefined) return;
  const logger = cliLogger(io);
  await (await createAuthenticator(authentication, { logger })).close();
  if (authentication.apiKeys !== undefined) openApiKeys(authentication.apiKeys, { logger }).close();
}
