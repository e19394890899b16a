import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { composeSubgraphs } from '../../src/supergraph/compose.ts';
import { root } from '../cli/run.ts';

type Name = (typeof all)[number];
const all = ['users', 'products', 'orders', 'payments'] as const;

export interface Changes {
  /** Without the others. */
  readonly only?: Name;
  /** Given and returning a subgraph's schema. */
  readonly edit?: (sdl: string, subgraph: Name) => string;
  readonly origins?: Readonly<Record<Name, string>>;
}

/** The demo's supergraph; without `origins` at addresses where nobody answers. */
export async function composeDemo({ only, edit = (sdl) => sdl, origins }: Changes = {}): Promise<string> {
  const sources = (only === undefined ? all : [only]).map(async (name) => ({
    name,
    url: `${origins?.[name] ?? 'http://127.0.0.1:1'}/graphql`,
    sdl: edit(await readFile(join(root, `schemas/${name}.graphql`), 'utf8'), name),
  }));
  const composed = await composeSubgraphs(await Promise.all(sources));
  if (!composed.ok) throw new Error(composed.errors.map(({ message }) => message).join('\n'));
  return composed.supergraphSdl;
}
