import { badUserInput } from './errors.ts';

/** The arguments of a connection field; the schema gives `first` its default. */
export interface PageArguments {
  readonly first: number;
  readonly after?: string | null;
}

/** A page of a list (GraphQL Cursor Connections Specification, forwards only). */
export interface Connection<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly totalCount: number;
}

const largestPage = 100;

/**
 * Cuts a page out of `nodes`. Cursors name the node they stand for, so a page stays right when the list grows; `kind`
 * keeps the cursors of one list out of another.
 * @throws GraphQLError with code BAD_USER_INPUT for a size out of bounds or a cursor that is not of this list.
 */
export function connectionOf<Node extends { readonly id: string }>(
  kind: string,
  nodes: readonly Node[],
  { first, after }: PageArguments,
): Connection<Node> {
  if (first < 1 || first > largestPage) {
    throw badUserInput(`"first" must be from 1 to ${String(largestPage)}, but got: ${String(first)}`);
  }
  const start = after === undefined || after === null ? 0 : positionAfter(kind, nodes, after);
  const edges = nodes.slice(start, start + first).map((node) => ({ cursor: cursorOf(kind, node.id), node }));
  return {
    edges,
    pageInfo: { hasNextPage: start + first < nodes.length, endCursor: edges.at(-1)?.cursor ?? null },
    totalCount: nodes.length,
  };
}

function positionAfter(kind: string, nodes: readonly { readonly id: string }[], cursor: string): number {
  const index = nodes.findIndex((node) => cursorOf(kind, node.id) === cursor);
  if (index === -1) throw badUserInput('"after" must be an "endCursor" or "cursor" this list has returned');
  return index + 1;
}

function cursorOf(kind: string, id: string): string {
  return Buffer.from(`${kind}:${id}`).toString('base64url');
}
