import { resolve } from 'node:path';
import { isJsonObject } from '../core/json.ts';
import { configSchema } from './config.ts';
import type { AtriumConfig, Frozen, ParsedConfig, SupergraphSource } from './config.ts';
import { findContradictions } from './contradictions.ts';
import { isUrl, readEnvironment } from './environment.ts';
import type { Environment } from './environment.ts';
import { configurationError, problemsOf } from './problem.ts';
import type { KeyPath, Override } from './problem.ts';

export interface ParseOptions {
  /** Folder that relative paths of the configuration start from; the working directory by default. */
  readonly directory?: string;
  /** What messages call the configuration. */
  readonly origin?: string;
  /** Values stronger than the environment: the command line's. */
  readonly overrides?: readonly Override[];
}

/**
 * Checks a configuration, applies `env` to it and fills in what it leaves out. The result is frozen plain data, but
 * for the rule tree, plugins and functions, which stay the user's own objects.
 * @throws ConfigurationError that lists every problem with its key, what was expected and what came.
 */
export function parseConfig(input: unknown, env: Environment, options: ParseOptions = {}): AtriumConfig {
  const origin = options.origin ?? 'The configuration';
  const flags = options.overrides ?? [];
  const environment = readEnvironment(flags.reduce(applyOverride, input), env);
  const overrides = [...environment.overrides, ...flags];
  const result = configSchema.safeParse(overrides.reduce(applyOverride, input), { reportInput: true });
  const problems = [
    ...environment.problems,
    ...(result.success ? findContradictions(result.data) : problemsOf(result.error)),
  ];
  if (!result.success || problems.length > 0) throw configurationError(origin, problems, overrides.toReversed());
  return finish(result.data, environment.subgraphAddresses, options.directory ?? process.cwd());
}

function finish(parsed: ParsedConfig, subgraphAddresses: Record<string, string>, directory: string): AtriumConfig {
  const { authorization, plugins, authentication, supergraph, redis, documents, subgraphs, ...rest } = parsed;
  const path = (relative: string) => resolve(directory, relative);
  return Object.freeze({
    ...freezeData({
      ...rest,
      introspection: parsed.introspection ?? parsed.mode === 'development',
      supergraph: supergraphSource(supergraph, path),
      subgraphs: mapValues(subgraphs, (own) => withAddressFile(own, path)),
      ...(authentication ? { authentication: withPaths(authentication, path) } : {}),
      ...(documents ? { documents: { ...documents, manifest: documents.manifest.map(path) } } : {}),
      subgraphAddresses,
    }),
    ...(redis ? { redis: frozenRedis(redis) } : {}),
    ...(authorization ? { authorization: Object.freeze({ ...authorization }) } : {}),
    plugins: Object.freeze([...plugins]),
  });
}

/** What is handed on to TLS and ioredis stays as it is: it may hold buffers. */
function frozenRedis({ tls, options, ...rest }: NonNullable<ParsedConfig['redis']>) {
  return Object.freeze({ ...freezeData(rest), ...(tls && { tls }), ...(options && { options }) });
}

function withPaths(
  { issuers, apiKeys, ...rest }: NonNullable<ParsedConfig['authentication']>,
  path: (relative: string) => string,
) {
  return {
    ...rest,
    issuers: issuers.map((issuer) => ({ ...issuer, jwks: isUrl(issuer.jwks) ? issuer.jwks : path(issuer.jwks) })),
    ...(apiKeys && { apiKeys: { ...apiKeys, file: path(apiKeys.file) } }),
  };
}

function withAddressFile<Own extends ParsedConfig['subgraphs'][string]>(
  own: Own,
  path: (relative: string) => string,
): Own {
  const { addresses } = own;
  return addresses !== undefined && 'file' in addresses ? { ...own, addresses: { file: path(addresses.file) } } : own;
}

function mapValues<T>(record: Readonly<Record<string, T>>, map: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

function supergraphSource(given: ParsedConfig['supergraph'], path: (relative: string) => string): SupergraphSource {
  const { file, url, services, fallback } = given;
  const lastGood = given.lastGood === undefined ? {} : { lastGood: path(given.lastGood) };
  if (file !== undefined) return { file: path(file), watch: given.watch ?? true };
  if (url !== undefined) return { url, pollSeconds: given.pollSeconds ?? 30, ...lastGood };
  return {
    services: services ?? {},
    pollSeconds: given.pollSeconds ?? 10,
    ...(fallback === undefined ? {} : { fallback: path(fallback) }),
    ...lastGood,
  };
}

function applyOverride(input: unknown, { path, value }: Override): unknown {
  return withValue(input, path, value);
}

/** `target` with `value` at `path`; what stands in the way stays, for the schema to complain about. */
function withValue(target: unknown, path: KeyPath, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(target)) {
    return target.map((item: unknown, index) => (index === key ? withValue(item, rest, value) : item));
  }
  const object = target ?? {};
  if (!isJsonObject(object)) return target;
  return { ...object, [key]: withValue(object[String(key)], rest, value) };
}

function freezeData<T>(value: T): Frozen<T>;
function freezeData(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map((item: unknown) => freezeData(item)));
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.freeze(Object.fromEntries(members.map(([key, member]) => [key, freezeData(member)])));
}
