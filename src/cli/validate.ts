import type { GraphQLSchema } from 'graphql';
import type { AtriumConfig } from '../config/config.ts';
import { accessMatrix, printAccessMatrix } from '../authorization/access-matrix.ts';
import { checkSubgraphNames, subgraphOptions } from '../config/subgraph-options.ts';
import { rulesOf } from '../authorization/rules-of-supergraph.ts';
import type { CompiledRules } from '../authorization/rule-tree.ts';
import { createRequestContext } from '../core/request-context.ts';
import { readManifests } from '../documents/manifest.ts';
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
        `mode            ${config.mode}, introspection ${config.introspection ? 'on' : 'off'}`,
        `subgraphs       ${supergraph.subgraphs.map(({ name, url }) => `${name} ${subgraphOptions(config, name).url ?? url}`).join('\n                ')}`,
        `signing         ${config.signing === undefined ? 'off: services cannot tell the gateway from others' : 'requests to subgraphs are signed'}`,
        `authentication  ${describeAuthentication(config.authentication)}`,
        `authorization   ${rules.coveredFields === 0 ? 'no rules' : `fields with a rule: ${rules.coveredFields}`}${describeMode(config.authorization?.mode)}`,
        `rate limits     ${describeRateLimits(config.rateLimit)}`,
        `entity cache    ${describeCache(config)}`,
        `known answers   ${describeAnswers(config)}`,
        `documents       ${describeDocuments(config, documents.texts.size)}`,
        `limits          ${describeLimits(config)}`,
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

function describeMode(mode: NonNullable<AtriumConfig['authorization']>['mode'] | undefined): string {
  if (mode === 'reject') return '; operations with a denied field are refused whole';
  return mode === 'dryRun' ? '; DRY RUN: nothing is denied' : '';
}

/** Algorithms and files of keys that a starting gateway would refuse. */
async function checkKeys(authentication: AtriumConfig['authentication'], io: Io): Promise<void> {
  if (authentication === undefined) return;
  const logger = cliLogger(io);
  await (await createAuthenticator(authentication, { logger })).close();
  if (authentication.apiKeys !== undefined) openApiKeys(authentication.apiKeys, { logger }).close();
}

function describeAuthentication(authentication: AtriumConfig['authentication']): string {
  if (authentication === undefined) return 'none: every client is anonymous';
  const { issuers, cookie, apiKeys, required } = authentication;
  const tokens = `tokens of ${issuers.map(({ issuer }) => issuer).join(', ')}`;
  const credentials = [
    ...(issuers.length === 0 ? [] : [cookie === undefined ? tokens : `${tokens}, also in the cookie ${cookie}`]),
    ...(apiKeys === undefined ? [] : [`API keys in ${apiKeys.header}`]),
  ];
  return `${credentials.join(', ')}; anonymous clients are ${required ? 'refused' : 'let in'}`;
}

function describeRateLimits(rateLimit: AtriumConfig['rateLimit']): string {
  if (rateLimit === undefined || rateLimit.rules.length === 0) return 'none';
  return rateLimit.rules
    .map(({ name, key, limit, windowSeconds, scope = 'request', charge, shadow }) => {
      const counted = charge === 'cost' ? 'units of cost' : scope.includes('.') ? `calls of ${scope}` : `${scope}s`;
      const whom = typeof key === 'function' ? 'key of its own' : key;
      return `${name}: ${limit} ${counted} in ${windowSeconds} s per ${whom}${shadow === true ? ' (shadow)' : ''}`;
    })
    .join('\n                ');
}

function describeLimits({ limits, server }: AtriumConfig): string {
  const operation = Object.entries(limits).map(([name, value]) => `${name} ${value}`);
  return [`maxBodyBytes ${server.maxBodyBytes}`, ...operation].join('\n                ');
}

function describeCache({ cache, redis }: AtriumConfig): string {
  if (cache?.entities === undefined) return 'off';
  return redis === undefined ? `in this process, ${cache.entities.maxBytes} bytes` : 'in Redis';
}

function describeAnswers({ cache }: AtriumConfig): string {
  const { maxSeconds = 0, shareInFlight = false, vary = [] } = cache?.answers ?? {};
  const kept =
    maxSeconds === 0 ? 'not kept' : `kept up to ${maxSeconds} s${vary.map((name) => `, by ${name}`).join('')}`;
  return shareInFlight ? `${kept}; equal queries at the same time are executed once` : kept;
}

function describeDocuments({ documents }: AtriumConfig, count: number): string {
  if (documents === undefined) return 'any';
  const others = { off: 'executed', log: 'executed and told in the log', enforce: 'refused' }[documents.mode];
  return `${count} in the manifest; others are ${others}`;
}
