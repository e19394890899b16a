import { identityHeaderProblems } from '../core/identity-headers.ts';
import { isLoopback } from '../core/is-loopback.ts';
import type { ParsedConfig } from './config.ts';
import { expected } from './problem.ts';
import type { Problem } from './problem.ts';

/** What is well-formed key by key and still cannot work together. */
export function findContradictions(config: ParsedConfig): Problem[] {
  return [
    ...supergraphProblems(config.supergraph),
    ...adminProblems(config.admin),
    ...corsProblems(config.server.cors),
    ...issuerProblems(config.authentication?.issuers ?? []),
    ...credentialProblems(config.authentication),
    ...headerProblems(config),
    ...redisProblems(config.redis),
    ...rateLimitProblems(config),
  ];
}

function supergraphProblems(supergraph: ParsedConfig['supergraph']): Problem[] {
  const kinds = (['file', 'url', 'services'] as const).filter((kind) => supergraph[kind] !== undefined);
  const kind = kinds[0];
  if (kind === undefined || kinds.length > 1) {
    const came = kinds.length === 0 ? 'none of them' : kinds.join(' and ');
    return [{ path: ['supergraph'], message: `expected exactly one of file, url and services, got ${came}` }];
  }
  const problems: Problem[] = [];
  const belongs = {
    watch: ['file'],
    pollSeconds: ['url', 'services'],
    fallback: ['services'],
    lastGood: ['url', 'services'],
  };
  for (const key of ['watch', 'pollSeconds', 'fallback', 'lastGood'] as const) {
    if (supergraph[key] === undefined || belongs[key].includes(kind)) continue;
    problems.push({ path: ['supergraph', key], message: `goes with ${belongs[key].join(' or ')}, not with ${kind}` });
  }
  if (supergraph.services !== undefined && Object.keys(supergraph.services).length === 0) {
    problems.push({ path: ['supergraph', 'services'], message: 'expected at least one subgraph, got none' });
  }
  return problems;
}

function adminProblems({ enabled, host, token }: ParsedConfig['admin']): Problem[] {
  if (!enabled || token !== undefined || isLoopback(host)) return [];
  const message = `expected a token (ATRIUM_ADMIN_TOKEN) beside the host "${host}", which other machines may reach, got nothing`;
  return [{ path: ['admin', 'token'], message }];
}

function corsProblems(cors: ParsedConfig['server']['cors']): Problem[] {
  if (cors?.origins !== '*' || !cors.credentials) return [];
  const message = 'expected a list of origins beside credentials: true (browsers refuse "*" then), got "*"';
  return [{ path: ['server', 'cors', 'origins'], message }];
}

function issuerProblems(issuers: readonly { issuer: string }[]): Problem[] {
  return repeated(issuers.map(({ issuer }) => issuer)).map((index) =>
    expected(['authentication', 'issuers', index, 'issuer'], 'an issuer named once', issuers[index]?.issuer),
  );
}

function credentialProblems(authentication: ParsedConfig['authentication']): Problem[] {
  if (authentication === undefined || authentication.issuers.length > 0) return [];
  const { apiKeys, cookie } = authentication;
  if (apiKeys === undefined) {
    return [{ path: ['authentication'], message: 'expected at least one issuer, or apiKeys, got neither' }];
  }
  if (cookie === undefined) return [];
  return [{ path: ['authentication', 'cookie'], message: 'holds a token, and no issuer is named whose tokens count' }];
}

function headerProblems({ headers, authentication }: ParsedConfig): Problem[] {
  const key = ['headers', 'fromPrincipal'];
  const { fromPrincipal, toSubgraphs } = headers;
  if (authentication === undefined && Object.keys(fromPrincipal).length > 0) {
    return [{ path: key, message: 'needs authentication: without it nobody has a principal' }];
  }
  return identityHeaderProblems(fromPrincipal, toSubgraphs).map(({ name, message }) => ({
    path: [...key, name],
    message,
  }));
}

function redisProblems(redis: ParsedConfig['redis']): Problem[] {
  if (redis === undefined) return [];
  const kinds = (['url', 'cluster', 'sentinel'] as const).filter((kind) => redis[kind] !== undefined);
  if (kinds.length === 1) return [];
  const came = kinds.length === 0 ? 'none of them' : kinds.join(' and ');
  return [{ path: ['redis'], message: `expected exactly one of url, cluster and sentinel, got ${came}` }];
}

function rateLimitProblems({ rateLimit, authentication }: ParsedConfig): Problem[] {
  const rules = rateLimit?.rules ?? [];
  const problems = repeated(rules.map(({ name }) => name)).map((index) =>
    expected(['rateLimit', 'rules', index, 'name'], 'a name of its own', rules[index]?.name),
  );
  for (const [index, rule] of rules.entries()) {
    const { key, limit, burst = limit, scope = 'request', operations, charge } = rule;
    const isField = scope.includes('.');
    const found = (member: string, message: string) =>
      problems.push({ path: ['rateLimit', 'rules', index, member], message });
    if (burst > limit)
      problems.push(expected(['rateLimit', 'rules', index, 'burst'], `at most the limit, ${limit}`, burst));
    if (key === 'apiKey' && authentication?.apiKeys === undefined) found('key', 'needs authentication.apiKeys');
    if (typeof key === 'function' && scope === 'request') {
      const kinds = '"principal", "apiKey", "ip" or "global"';
      found('key', `expected ${kinds}: a function is given the context, and so goes with another scope than "request"`);
    }
    if (operations !== undefined && scope !== 'operation') found('operations', 'goes with scope "operation" alone');
    if (charge === 'field' && !isField) found('charge', 'expected a scope of one field, such as "Mutation.login"');
    if (charge === 'cost' && scope !== 'operation') found('charge', 'goes with scope "operation" alone');
  }
  return problems;
}

/** Indexes of values that an earlier one equals. */
function repeated(values: readonly string[]): number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []));
}
