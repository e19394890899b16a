import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';
import type { AtriumConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { resolveToOwnPackages } from './own-packages.ts';
import { parseConfig } from './parse-config.ts';
import type { Override } from './problem.ts';

export interface LoadOptions {
  /** Path of the config; by default `gateway.config.ts` in the working directory, if there is one. false reads none. */
  readonly file?: string | false | undefined;
  readonly env: Environment;
  /** What the command line sets. */
  readonly overrides?: readonly Override[];
}

export interface LoadedConfig {
  readonly config: AtriumConfig;
  /** The file it came from; undefined when there is none and the command line said everything. */
  readonly file: string | undefined;
}

const usualName = 'gateway.config.ts';

/**
 * Reads `gateway.config.ts`, a module whose default export is the configuration, and parses it.
 * @throws ConfigurationError for whatever is wrong with the file or what it says.
 */
export async function loadConfig({ file, env, overrides = [] }: LoadOptions): Promise<LoadedConfig> {
  const name = file ?? (existsSync(usualName) ? usualName : undefined);
  if (name === undefined || name === false) {
    if (!overrides.some(({ path }) => path[0] === 'supergraph')) {
      throw new ConfigurationError(
        `expected a ${usualName} in this folder, --config FILE or --supergraph FILE, got none`,
      );
    }
    return { config: parseConfig({}, env, { origin: 'The command line', overrides }), file: undefined };
  }
  const path = resolve(name);
  if (!existsSync(path)) throw new ConfigurationError(`expected a configuration at ${name}, got no such file`);
  const input = await importDefault(name, pathToFileURL(path).href);
  return { config: parseConfig(input, env, { origin: name, directory: dirname(path), overrides }), file: path };
}

async function importDefault(name: string, url: string): Promise<unknown> {
  resolveToOwnPackages(url);
  let loaded: unknown;
  try {
    loaded = await import(url);
  } catch (error) {
    throw new ConfigurationError(`${name} cannot be loaded: ${explain(error, url)}`, { cause: error });
  }
  if (!isJsonObject(loaded) || !('default' in loaded)) {
    throw new ConfigurationError(`${name} has no default export: expected \`export default defineConfig({ … })\``);
  }
  return loaded['default'];
}

/** What went wrong and where in the config, without the stack. */
function explain(error: unknown, url: string): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? '';
  if (error instanceof SyntaxError) {
    // Node puts the place, the line and a caret above the name of the error.
    const [frame = ''] = stack.split(/^\w*SyntaxError\b/m);
    return `${error.message}\n${frame}`.trimEnd();
  }
  const place = stack.slice(stack.indexOf(url)).match(/:(\d+):\d+/);
  return stack.includes(url) && place ? `${error.message} (line ${place[1]})` : error.message;
}
