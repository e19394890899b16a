import { resolve } from 'node:path';
import { z } from 'zod';
import { isJsonObject } from '../core/json.ts';
import { closestNames } from './closest-names.ts';
import { expected } from './problem.ts';
import type { KeyPath, Override, Problem } from './problem.ts';
import { subgraphVariable } from './subgraph-options.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says about a configuration. */
export interface EnvironmentSettings {
  readonly overrides: readonly Override[];
  /** Addresses of subgraphs by the `<NAME>` of `ATRIUM_SUBGRAPH_<NAME>_URL`. */
  readonly subgraphAddresses: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}

const jwks = ['authentication', 'issuers', 0, 'jwks'];
const variables: Readonly<Record<string, KeyPath>> = {
  PORT: ['server', 'port'],
  REDIS_URL: ['redis', 'url'],
  ATRIUM_HOST: ['server', 'host'],
  ATRIUM_MODE: ['mode'],
  ATRIUM_LOG_LEVEL: ['logging', 'level'],
  ATRIUM_JWKS: jwks,
  ATRIUM_SIGNING_SECRET: ['signing', 'secrets'],
  ATRIUM_ADMIN_HOST: ['admin', 'host'],
  ATRIUM_ADMIN_PORT: ['admin', 'port'],
  ATRIUM_ADMIN_TOKEN: ['admin', 'token'],
  ATRIUM_EXPLAIN_SECRET: ['explain', 'secret'],
  ATRIUM_OTLP_URL: ['telemetry', 'otlp', 'url'],
};
/** The secrets of ATRIUM_SIGNING_SECRET: one, or the new and the old one with a comma between. */
export function signingSecrets({ ATRIUM_SIGNING_SECRET: text }: Environment): readonly string[] | undefined {
  return text === undefined || text === '' ? undefined : text.split(',');
}

/** What a variable means that is not its text. */
const readers: Readonly<Record<string, (text: string) => unknown>> = {
  PORT: numberOf,
  ATRIUM_ADMIN_PORT: numberOf,
  ATRIUM_SIGNING_SECRET: (text) => signingSecrets({ ATRIUM_SIGNING_SECRET: text }),
};
const subgraphAddress = /^ATRIUM_SUBGRAPH_([A-Z0-9_]+)_URL$/;

/** Reads the variables that override `input`; an empty one counts as not set, a path is relative to the working directory. */
export function readEnvironment(input: unknown, env: Environment): EnvironmentSettings {
  const overrides: Override[] = [];
  const subgraphAddresses: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const [source, value] of Object.entries(env)) {
    if (value === undefined || value === '') continue;
    const path = Object.hasOwn(variables, source) ? variables[source] : undefined;
    const subgraph = subgraphAddress.exec(source)?.[1];
    if (source === 'ATRIUM_JWKS') {
      const issuers = Object.keys(valueAt(input, ['authentication', 'issuers'])).length;
      if (issuers !== 1)
        problems.push({ ...expected([], 'exactly one issuer in authentication.issuers', issuers), source });
      else overrides.push({ path: jwks, value: isUrl(value) ? value : resolve(value), source });
    } else if (path !== undefined) {
      overrides.push({ path, value: Object.hasOwn(readers, source) ? readers[source]?.(value) : value, source });
    } else if (subgraph !== undefined) {
      subgraphAddresses[subgraph] = value;
      if (!isUrl(value)) problems.push({ ...expected([], 'an http or https URL', value), source });
      for (const name of Object.keys(valueAt(input, ['supergraph', 'services']))) {
        if (subgraphVariable(name) === subgraph)
          overrides.push({ path: ['supergraph', 'services', name, 'url'], value, source });
      }
    } else if (source.startsWith('ATRIUM_') && !source.startsWith('ATRIUM_TEST_')) {
      problems.push({ path: [], source, message: unknownVariable(source) });
    }
  }
  return { overrides, subgraphAddresses, problems };
}

/** What is no number stays as it is, for the schema to complain about. */
export function numberOf(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** Whether a key set lives elsewhere than in a file. */
export function isUrl(text: string): boolean {
  return z.url({ protocol: /^https?$/ }).safeParse(text).success;
}

function unknownVariable(name: string): string {
  const known = [
    ...Object.keys(variables).filter((known) => known.startsWith('ATRIUM_')),
    'ATRIUM_SUBGRAPH_<NAME>_URL',
  ];
  return `unknown variable${closestNames(name, known) || '.'} Known: ${known.join(', ')}`;
}

/** An empty object for what is no object or list. */
function valueAt(input: unknown, path: readonly string[]): object {
  const value = path.reduce((within, key) => (isJsonObject(within) ? within[key] : undefined), input);
  return typeof value === 'object' && value !== null ? value : {};
}
