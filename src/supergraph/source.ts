import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AtriumConfig } from '../config/config.ts';
import { ConfigurationError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { RequestSigner } from '../core/sign-request.ts';
import { composeSubgraphs, printCompositionErrors } from './compose.ts';
import { fetchText, maxSdlBytes, printableUrl } from './fetch-text.ts';
import type { FetchLimits } from './fetch-text.ts';
import { introspectSubgraph } from './introspect.ts';

/** Where supergraph SDL comes from, opened once and then read again and again; reads must not overlap. */
export interface Source {
  /** The SDL to start with. Rejects with a message for the operator. */
  first(signal: AbortSignal): Promise<string>;
  /** The SDL as it is now. Rejects with a message for the operator. */
  current(signal: AbortSignal): Promise<string>;
  /** How long to wait between two reads; undefined reads only once. */
  readonly pollMs: number | undefined;
  /** A folder in which any change may mean that the SDL changed. */
  readonly watchedFolder: string | undefined;
}

export interface SourceOptions {
  readonly logger: Logger;
  /** For one HTTP request. */
  readonly timeoutMs: number;
  /** Signs what is asked of services; they may refuse what is not signed. */
  readonly sign?: RequestSigner | undefined;
}

export function openSource(source: AtriumConfig['supergraph'], options: SourceOptions): Source {
  if ('file' in source) return fileSource(source.file, source.watch);
  if ('url' in source) return urlSource(source.url, source.pollSeconds * 1000, options);
  return servicesSource(source.services, source.pollSeconds * 1000, source.fallback, options);
}

function fileSource(file: string, watch: boolean): Source {
  const read = () => readSupergraph(file);
  return {
    first: read,
    current: read,
    // File systems that report no changes (network and container mounts) are why a watched file is polled as well.
    pollMs: watch ? 5_000 : undefined,
    watchedFolder: watch ? dirname(file) : undefined,
  };
}

function urlSource(url: string, pollMs: number, { timeoutMs }: SourceOptions): Source {
  let known: { readonly etag: string; readonly sdl: string } | undefined;
  const failure = (reason: string, cause?: unknown) =>
    new ConfigurationError(`No supergraph from ${printableUrl(url)}: ${reason}`, { cause });

  const read = async (signal: AbortSignal) => {
    const headers = { accept: '*/*', ...(known === undefined ? {} : { 'if-none-match': known.etag }) };
    const response = await fetchText(url, { method: 'GET', headers }, limits(timeoutMs, signal)).catch(
      (error: unknown) => {
        throw failure(messageOf(error), error);
      },
    );
    if (response.status === 304 && known !== undefined) return known.sdl;
    if (response.status !== 200) throw failure(`expected status 200, got ${response.status}`);
    known = response.etag === undefined ? undefined : { etag: response.etag, sdl: response.text };
    return response.text;
  };
  return { first: read, current: read, pollMs, watchedFolder: undefined };
}

function servicesSource(
  services: Readonly<Record<string, { readonly url: string }>>,
  pollMs: number,
  fallback: string | undefined,
  { logger, timeoutMs, sign }: SourceOptions,
): Source {
  const known = new Map<string, string>();
  const down = new Map<string, string>();
  let composed: { readonly of: string; readonly sdl: string } | undefined;

  const current = async (signal: AbortSignal) => {
    await Promise.all(
      Object.entries(services).map(async ([name, { url }]) => {
        try {
          known.set(name, await introspectSubgraph({ name, url }, { ...limits(timeoutMs, signal), sign }));
          if (down.delete(name)) logger.info({ subgraph: name }, `Subgraph ${name} tells its schema again`);
        } catch (error) {
          const reason = messageOf(error);
          if (!signal.aborted && known.has(name) && down.get(name) !== reason) {
            logger.warn({ subgraph: name }, `The last known schema of subgraph ${name} stays in use: ${reason}`);
          }
          down.set(name, reason);
        }
      }),
    );
    const unknown = Object.keys(services).flatMap((name) => (known.has(name) ? [] : [down.get(name) ?? name]));
    if (unknown.length > 0) throw new SubgraphsDown(unknown);

    const subgraphs = Object.entries(services).map(([name, { url }]) => ({ name, url, sdl: known.get(name) ?? '' }));
    const of = JSON.stringify(subgraphs);
    if (composed?.of === of) return composed.sdl;
    const composition = await composeSubgraphs(
      subgraphs.map((subgraph) => ({ ...subgraph, sourceName: printableUrl(subgraph.url) })),
    );
    if (!composition.ok) {
      throw new ConfigurationError(`The subgraphs do not compose:\n${printCompositionErrors(composition.errors)}`);
    }
    composed = { of, sdl: composition.supergraphSdl };
    return composed.sdl;
  };

  const first = async (signal: AbortSignal) => {
    try {
      return await current(signal);
    } catch (error) {
      if (fallback === undefined || signal.aborted || !(error instanceof SubgraphsDown)) throw error;
      const sdl = await readSupergraph(fallback).catch((missing: unknown) => {
        throw new ConfigurationError(`${error.message}; and as its fallback: ${messageOf(missing)}`, { cause: error });
      });
      logger.warn({ file: fallback }, `Starting with the supergraph of ${fallback}: ${error.message}`);
      return sdl;
    }
  };
  return { first, current, pollMs, watchedFolder: undefined };
}

class SubgraphsDown extends ConfigurationError {
  constructor(reasons: readonly string[]) {
    super(`Nothing can be composed before every subgraph answered once: ${reasons.join('; ')}`);
  }
}

async function readSupergraph(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`No supergraph from file ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function limits(timeoutMs: number, signal: AbortSignal): FetchLimits {
  return { timeoutMs, maxBytes: maxSdlBytes, signal };
}
