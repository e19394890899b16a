import type { RequestContext } from '../core/request-context.ts';

/** What decides whether two entity look-ups may share an answer, apart from the representation itself. */
export interface EntityLookup {
  readonly subgraph: string;
  /** The text of the selection asked of each entity. */
  readonly selection: string;
  /** Canonical JSON of the variables the selection uses. */
  readonly variables: string;
  /** Canonical JSON of each representation. */
  readonly representations: readonly string[];
}

/** Reads and writes entities one representation at a time; a value is what the subgraph answered for it. */
export interface EntityCache {
  /** One value an index; undefined is a miss. */
  read(lookup: EntityLookup, context: RequestContext): Promise<readonly unknown[]>;
  /** `values` by index, undefined where nothing may be stored. `headers` are the subgraph's, names in lower case. */
  write(
    lookup: EntityLookup,
    values: readonly unknown[],
    headers: Readonly<Record<string, string | undefined>>,
    context: RequestContext,
  ): void;
}
