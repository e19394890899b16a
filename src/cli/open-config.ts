import { resolve } from 'node:path';
import { isUrl } from '../config/environment.ts';
import { loadConfig } from '../config/load-config.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { Override } from '../config/problem.ts';
import { createRequestSigner } from '../core/sign-request.ts';
import { buildSupergraph } from '../supergraph/supergraph.ts';
import type { BuiltSupergraph } from '../supergraph/supergraph.ts';
import { openSource } from '../supergraph/source.ts';
import type { AtriumConfig } from '../config/config.ts';
import type { Logger } from '../core/logger.ts';
import { UsageError } from './verb.ts';
import type { Io } from './verb.ts';

/** The flags every verb has that needs a configuration. */
export const configFlags = {
  config: { type: 'string' },
  'no-config': { type: 'boolean' },
  supergraph: { type: 'string' },
} as const;

export const configFlagsHelp = `  --config FILE         the configuration (default: gateway.config.ts in this folder, if there is one)
  --no-config           leave the configuration of this folder alone
  --supergraph FILE     the supergraph, a file or a URL, instead of the configuration's`;

/** The configuration that flags and environment lead to. Throws ConfigurationError. */
export function openConfig(
  flags: {
    readonly config?: string | undefined;
    readonly 'no-config'?: boolean | undefined;
    readonly supergraph?: string | undefined;
  },
  { env }: Io,
  overrides: readonly Override[] = [],
): Promise<LoadedConfig> {
  const { config, supergraph } = flags;
  if (config !== undefined && flags['no-config'] === true) {
    throw new UsageError('expected either --config FILE or --no-config, got both');
  }
  const file = flags['no-config'] === true ? false : config;
  const fromFlag: Override[] =
    supergraph === undefined
      ? []
      : [
          {
            path: ['supergraph'],
            value: isUrl(supergraph) ? { url: supergraph } : { file: resolve(supergraph) },
            source: '--supergraph',
          },
        ];
  return loadConfig({ file, env, overrides: [...fromFlag, ...overrides] });
}

/** The supergraph a gateway would start with. Throws ConfigurationError. */
export async function readSupergraph(config: AtriumConfig, io: Io): Promise<BuiltSupergraph> {
  const sign = config.signing && createRequestSigner(config.signing.secrets);
  const source = openSource(config.supergraph, { logger: cliLogger(io), timeoutMs: 5_000, sign });
  return buildSupergraph(await source.first(new AbortController().signal));
}

/** Warnings and errors of the rooms as messages on stderr. */
export function cliLogger(io: Io): Logger {
  const say = (_fields: object, message: string) => io.error(message);
  return { debug() {}, info() {}, warn: say, error: say };
}
