import { readFileSync } from 'node:fs';
import { closestNames } from '../config/closest-names.ts';
import { ConfigurationError } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';
import { UsageError } from './verb.ts';
import type { Io, Verb } from './verb.ts';

const verbs: Readonly<Record<string, () => Promise<Verb>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  compose: async () => (await import('./compose.ts')).compose,
  validate: async () => (await import('./validate.ts')).validate,
  plan: async () => (await import('./plan.ts')).plan,
  explain: async () => (await import('./explain.ts')).explain,
  token: async () => (await import('./token.ts')).token,
};

const help = `Atrium, a GraphQL federation gateway

Usage: atrium <verb> [flags]

  serve     run the gateway
  compose   compose subgraph schemas into a supergraph
  validate  check the configuration and the supergraph
  plan      print the query plan of an operation
  explain   say which rule allows or denies each field of an operation
  token     print a token for a user of the demo

  --help     this text; after a verb, what the verb takes
  --version  the version alone

Example: atrium serve --supergraph supergraph.graphql --port 4000`;

/**
 * Runs one command line. Resolves with the exit code: 0, 1 when what was asked for failed, 2 when the command line
 * cannot be understood. Rejects only for faults of Atrium itself.
 */
export async function runCli(parameters: readonly string[], io: Io): Promise<number> {
  try {
    return await runVerb(parameters, io);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ConfigurationError)) throw error;
    io.error(`atrium: ${error.message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function runVerb([name, ...parameters]: readonly string[], io: Io): Promise<number> {
  if (name === '--version') {
    io.out(readVersion());
    return 0;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(help);
    return 0;
  }
  const names = Object.keys(verbs);
  if (name === undefined) throw new UsageError(`expected one of ${names.join(', ')}; \`atrium --help\` explains them`);
  const load = names.includes(name) ? verbs[name] : undefined;
  if (load === undefined) {
    const what = name.startsWith('-') ? 'flag' : 'verb';
    throw new UsageError(
      `unknown ${what} ${name}${closestNames(name, names) || `; expected one of ${names.join(', ')}`}`,
    );
  }
  const verb = await load();
  if (parameters.includes('--help') || parameters.includes('-h')) {
    io.out(verb.help);
    return 0;
  }
  return verb.run(parameters, io);
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return isJsonObject(manifest) ? String(manifest['version']) : 'unknown';
}
