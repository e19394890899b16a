import type { AtriumConfig } from '../config/config.ts';
import { subgraphOptions } from '../config/subgraph-options.ts';
import type { SupergraphFacts } from '../generation.ts';

/** What a gateway does with this configuration and supergraph, on one screen: a line for each topic. */
export function describeGateway(config: AtriumConfig, facts: SupergraphFacts, documents?: number): string {
  const ignored = ignoredFeatures(config, facts);
  const topics: readonly (readonly [topic: string, lines: string | readonly string[]])[] = [
    ['mode', `${config.mode}, introspection ${config.introspection ? 'on' : 'off'}`],
    ['supergraph', `${describeSource(config)}, ${facts.id.slice(0, 12)}`],
    ['subgraphs', facts.subgraphs.map(({ name, url }) => describeSubgraph(config, name, url))],
    [
      'signing',
      config.signing === undefined
        ? 'off: services cannot tell the gateway from others'
        : 'requests to subgraphs are signed',
    ],
    ['authentication', describeAuthentication(config.authentication)],
    ['authorization', describeAuthorization(config, facts)],
    ...(ignored.length === 0 ? [] : [['without effect', ignored] as const]),
    ['rate limits', describeRateLimits(config.rateLimit)],
    ['entity cache', describeCache(config)],
    ['known answers', describeAnswers(config)],
    ['documents', describeDocuments(config, documents)],
    ['stores', config.redis === undefined ? 'of each process alone' : 'Redis'],
    ['telemetry', describeTelemetry(config)],
    ['limits', describeLimits(config)],
  ];
  return topics
    .flatMap(([topic, lines]) => [lines].flat().map((line, index) => `${(index === 0 ? topic : '').padEnd(16)}${line}`))
    .join('\n');
}

function describeSource({ supergraph }: AtriumConfig): string {
  if ('file' in supergraph) return `${supergraph.file}${supergraph.watch ? ', watched' : ''}`;
  if ('url' in supergraph) return `${supergraph.url}, asked every ${supergraph.pollSeconds} s`;
  return `composed of its services, introspected every ${supergraph.pollSeconds} s`;
}

function describeSubgraph(config: AtriumConfig, name: string, url: string): string {
  const { url: own, addresses } = subgraphOptions(config, name);
  const base = `${name} ${own ?? url}`;
  if (addresses === undefined) return base;
  if (!('file' in addresses || 'dns' in addresses)) return `${name} ${addresses.join(', ')}`;
  return 'file' in addresses ? `${base}, instances in ${addresses.file}` : `${base}, all addresses of that name`;
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

function describeAuthorization(
  { authorization }: AtriumConfig,
  { coveredFields, directives }: SupergraphFacts,
): string {
  const rules = coveredFields === 0 ? 'no rules' : `fields with a rule: ${coveredFields}`;
  const ofSchema = directives.length === 0 ? '' : `, ${directives.map((name) => `@${name}`).join(', ')} among them`;
  const mode = authorization?.mode;
  if (mode === 'reject') return `${rules}${ofSchema}; operations with a denied field are refused whole`;
  return `${rules}${ofSchema}${mode === 'dryRun' ? '; DRY RUN: nothing is denied' : ''}`;
}

/** What is written down and changes nothing. */
function ignoredFeatures(
  { cache, limits, rateLimit }: AtriumConfig,
  { features, idleRules }: SupergraphFacts,
): string[] {
  const charges = rateLimit?.rules.some(({ charge }) => charge === 'cost') === true;
  const pointless: Readonly<Record<string, string | undefined>> = {
    cost:
      limits.maxCost === undefined && !charges
        ? '@cost and @listSize: neither limits.maxCost nor a rate limit asks'
        : undefined,
    cacheTag: cache?.entities === undefined ? '@cacheTag: nothing is cached' : undefined,
  };
  return [
    ...idleRules.map((rule) => `the rule at ${rule}: every field it could cover has another`),
    ...features.flatMap((name) => pointless[name] ?? []),
  ];
}

function describeRateLimits(rateLimit: AtriumConfig['rateLimit']): string | string[] {
  if (rateLimit === undefined || rateLimit.rules.length === 0) return 'none';
  return rateLimit.rules.map(({ name, key, limit, windowSeconds, scope = 'request', charge, shadow }) => {
    const counted = charge === 'cost' ? 'units of cost' : scope.includes('.') ? `calls of ${scope}` : `${scope}s`;
    const whom = typeof key === 'function' ? 'key of its own' : key;
    return `${name}: ${limit} ${counted} in ${windowSeconds} s per ${whom}${shadow === true ? ' (shadow)' : ''}`;
  });
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

function describeDocuments({ documents }: AtriumConfig, count: number | undefined): string {
  if (documents === undefined) return 'any';
  const others = { off: 'executed', log: 'executed and told in the log', enforce: 'refused' }[documents.mode];
  return `${count ?? 'those'} in the manifest; others are ${others}`;
}

function describeTelemetry({ telemetry: { otlp, traces, metrics }, admin, explain, mode }: AtriumConfig): string[] {
  const where = admin.enabled ? '/metrics of the admin listener' : 'no /metrics without the admin listener';
  const pushed = [
    ...(traces.enabled ? [`traces: ${traces.ratio * 100} %, failures and those over ${traces.slowMs} ms`] : []),
    ...(metrics.enabled ? [`metrics every ${metrics.everySeconds} s`] : []),
  ];
  const whoExplains =
    mode === 'development'
      ? 'who asks'
      : explain === undefined
        ? 'nobody but operators'
        : 'who has a token of `atrium explain --grant`';
  return [
    otlp === undefined ? where : `${where}; to ${otlp.url}: ${pushed.join('; ')}`,
    `requests are explained to ${whoExplains}`,
  ];
}

function describeLimits({ limits, server }: AtriumConfig): string[] {
  const all = [
    `maxBodyBytes ${server.maxBodyBytes}`,
    ...Object.entries(limits).map(([name, value]) => `${name} ${value}`),
  ];
  const lines: string[] = [];
  for (const limit of all) {
    const last = lines.at(-1);
    if (last === undefined || last.length + limit.length > 100) lines.push(limit);
    else lines[lines.length - 1] = `${last}, ${limit}`;
  }
  return lines;
}
