import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isUrl, signingSecrets } from '../config/environment.ts';
import { ConfigurationError } from '../core/errors.ts';
import { createRequestSigner } from '../core/sign-request.ts';
import { composeSupergraph } from '../supergraph/compose-sources.ts';
import type { SubgraphLocation } from '../supergraph/compose-sources.ts';
import { openConfig } from './open-config.ts';
import { parseFlags, UsageError } from './verb.ts';
import type { Io, Verb } from './verb.ts';

const help = `Composes subgraph schemas into a supergraph.

Usage: atrium compose [--out FILE] [--check] [NAME=SOURCE ...]
       atrium compose [--out FILE] [--check] [--config FILE] [--introspect]

  NAME=FILE@URL   a subgraph whose schema is in FILE and which answers at URL
  NAME=URL        a subgraph that is asked for its schema at URL
  --out FILE      write there instead of to stdout
  --check         write nothing; exit code 1 when FILE is not what would be written
  --config FILE   without NAME=SOURCE: compose the configuration's supergraph.services, each from the file
                  schemas/NAME.graphql beside the configuration when there is one, else by asking it; FILE to write
                  is supergraph.fallback (default: gateway.config.ts in this folder)
  --introspect    ask the services even where there are files

Services are asked with a signature where ATRIUM_SIGNING_SECRET, or the configuration, holds a secret.

Example: atrium compose --out supergraph.graphql users=users.graphql@http://127.0.0.1:4001/graphql \\
           products=http://127.0.0.1:4002/graphql`;

const options = {
  out: { type: 'string' },
  check: { type: 'boolean', default: false },
  config: { type: 'string' },
  introspect: { type: 'boolean', default: false },
} as const;

type Subgraphs = Readonly<Record<string, SubgraphLocation>>;

export const compose: Verb = {
  help,
  async run(parameters, io) {
    const { values, positionals } = parseFlags(parameters, options, { positionals: true });
    if (positionals.length > 0 && (values.config !== undefined || values.introspect)) {
      throw new UsageError('expected either NAME=SOURCE or --config and --introspect, got both');
    }
    const asked =
      positionals.length > 0
        ? { subgraphs: parseSources(positionals), fallback: undefined, secrets: signingSecrets(io.env) }
        : await configuredSources(values.config, values.introspect, io);
    const out = values.out ?? asked.fallback;
    if (values.check && out === undefined)
      throw new UsageError('--check: expected --out FILE to compare with, got none');

    const composed = await composeSupergraph({
      subgraphs: asked.subgraphs,
      sign: asked.secrets && createRequestSigner(asked.secrets),
    });
    if (!composed.ok) throw new ConfigurationError(`the subgraphs do not compose\n\n${composed.error}`);
    for (const { level, code, message } of composed.hints) if (level === 'WARN') io.error(`${code}: ${message}`);

    if (out === undefined) io.out(composed.supergraphSdl.trimEnd());
    else if (values.check) return check(out, composed.supergraphSdl, io);
    else await write(out, composed.supergraphSdl, io);
    return 0;
  },
};

async function check(file: string, supergraphSdl: string, io: Io): Promise<number> {
  const present = existsSync(file) ? await readFile(file, 'utf8') : undefined;
  if (present === supergraphSdl) {
    io.out(`${shown(file)} is up to date`);
    return 0;
  }
  io.error(`atrium: ${shown(file)} is ${present === undefined ? 'missing' : 'stale'}: run compose without --check`);
  return 1;
}

async function write(file: string, supergraphSdl: string, io: Io): Promise<void> {
  await writeFile(file, supergraphSdl).catch((error: unknown) => {
    throw new ConfigurationError(`cannot write ${file}: ${String(error)}`, { cause: error });
  });
  io.out(`wrote ${shown(file)}`);
}

function parseSources(sources: readonly string[]): Subgraphs {
  const subgraphs: Record<string, SubgraphLocation> = {};
  for (const source of sources) {
    const [, name = '', location = ''] = /^([^=]+)=(.+)$/.exec(source) ?? [];
    const [, file, url] = /^(.+)@(https?:\/\/.+)$/.exec(location) ?? [];
    if (name in subgraphs) throw new UsageError(`expected each subgraph once, got ${name} twice`);
    if (isUrl(location)) subgraphs[name] = { url: location, introspect: true };
    else if (file !== undefined && url !== undefined && isUrl(url)) subgraphs[name] = { file, url };
    else throw new UsageError(`expected NAME=FILE@URL or NAME=URL, got ${source}`);
  }
  return subgraphs;
}

async function configuredSources(
  configFile: string | undefined,
  introspect: boolean,
  io: Io,
): Promise<{ subgraphs: Subgraphs; fallback: string | undefined; secrets: readonly string[] | undefined }> {
  const { config, file: loaded = '' } = await openConfig({ config: configFile }, io);
  if (!('services' in config.supergraph)) {
    throw new ConfigurationError(`expected NAME=SOURCE or a configuration with supergraph.services, got one without`);
  }
  const { services, fallback } = config.supergraph;
  const locate = (name: string, url: string): SubgraphLocation => {
    const file = join(dirname(loaded), 'schemas', `${name}.graphql`);
    return introspect || !existsSync(file) ? { url, introspect: true } : { file: shown(file), url };
  };
  return {
    subgraphs: Object.fromEntries(Object.entries(services).map(([name, { url }]) => [name, locate(name, url)])),
    fallback,
    secrets: config.signing?.secrets,
  };
}

/** As short as it is from here. */
function shown(file: string): string {
  const fromHere = relative('', file);
  return fromHere.startsWith('..') ? file : fromHere;
}
