import { readFile } from 'node:fs/promises';
import { messageOf } from '../core/errors.ts';
import type { RequestSigner } from '../core/sign-request.ts';
import { composeSubgraphs, printCompositionErrors } from './compose.ts';
import type { CompositionHint, SubgraphSource } from './compose.ts';
import { maxSdlBytes, printableUrl } from './fetch-text.ts';
import { introspectSubgraph } from './introspect.ts';

export interface SubgraphLocation {
  /** Path of its SDL. */
  readonly file?: string;
  /** Where it is served; goes into the supergraph. */
  readonly url?: string;
  /** The SDL is asked of the running service at `url` instead of read from a file. */
  readonly introspect?: boolean;
}

/** `error` is printable as it is and covers every subgraph that has one. */
export type ComposedSupergraph =
  | { readonly ok: true; readonly supergraphSdl: string; readonly hints: readonly CompositionHint[] }
  | { readonly ok: false; readonly error: string };

/** Reads every subgraph's SDL where it is said to be and composes them. Never rejects. */
export async function composeSupergraph({
  subgraphs,
  timeoutMs = 5_000,
  sign,
}: {
  readonly subgraphs: Readonly<Record<string, SubgraphLocation>>;
  /** For one introspection. */
  readonly timeoutMs?: number;
  /** Signs introspections. */
  readonly sign?: RequestSigner | undefined;
}): Promise<ComposedSupergraph> {
  const reads = await Promise.allSettled(
    Object.entries(subgraphs).map(([name, location]) =>
      readSubgraph(name, location, { timeoutMs, maxBytes: maxSdlBytes, sign }),
    ),
  );
  const failures = reads.flatMap((read) => (read.status === 'rejected' ? [messageOf(read.reason)] : []));
  if (failures.length > 0) return { ok: false, error: failures.join('\n') };

  const composition = await composeSubgraphs(
    reads.flatMap((read) => (read.status === 'fulfilled' ? [read.value] : [])),
  );
  return composition.ok ? composition : { ok: false, error: printCompositionErrors(composition.errors) };
}

async function readSubgraph(
  name: string,
  { file, url, introspect = false }: SubgraphLocation,
  limits: Parameters<typeof introspectSubgraph>[1],
): Promise<SubgraphSource> {
  if (url === undefined || !URL.canParse(url)) {
    throw new Error(`subgraph ${name}: expected the URL where it is served, got ${url ?? 'none'}`);
  }
  if ((file !== undefined) === introspect) {
    throw new Error(
      `subgraph ${name}: expected either a file or introspection, got ${introspect ? 'both' : 'neither'}`,
    );
  }
  if (file === undefined) {
    const sdl = await introspectSubgraph({ name, url }, limits);
    return { name, url, sdl, sourceName: printableUrl(url) };
  }
  const sdl = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`subgraph ${name}: cannot read its schema: ${messageOf(error)}`, { cause: error });
  });
  return { name, url, sdl, sourceName: file };
}
