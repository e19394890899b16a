import { composeSubgraphs, printCompositionErrors } from '../../src/supergraph/compose.ts';

/** A Federation 2 subgraph whose head imports `imports`. */
export function federated(sdl: string, imports: readonly string[] = ['"@key"', '"@shareable"']): string {
  return `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: [${imports.join(', ')}])\n${sdl}`;
}

/** The supergraph of subgraphs that are known to compose. */
export async function supergraphOf(subgraphs: Readonly<Record<string, string>>): Promise<string> {
  const composition = await composeSubgraphs(
    Object.entries(subgraphs).map(([name, sdl]) => ({ name, url: `http://127.0.0.1:1/${name}`, sdl })),
  );
  if (!composition.ok) throw new Error(printCompositionErrors(composition.errors));
  return composition.supergraphSdl;
}
