/** What a client reads: `data` as JSON text would carry it, and where errors are. */
export interface Answer {
  readonly data?: unknown;
  readonly errors?:
    readonly { readonly message: string; readonly path?: readonly (string | number)[] | undefined }[] | undefined;
}

/** What the monolith knows beyond its own answer. */
export interface Expectation {
  readonly answer: Answer;
  /** Every position at which an error may be raised, whatever else fails. */
  readonly possible: () => ReadonlySet<string>;
  /** Objects for which a field that only a `@requires` or a context reads failed. */
  readonly hiddenFaults: readonly (readonly (string | number)[])[];
}

/**
 * The law: the difference between the federated answer and the monolith's, undefined when there is none.
 *
 * 1. `data` is the same JSON text: values, order of keys, aliases, nulls.
 * 2. Every error has a path. For an error whose position is null in `data` (nothing was propagated), the same path
 *    stands in both answers.
 * 3. Where a null was propagated, the errors below it are those that caused it. GraphQL lets a server stop executing
 *    the siblings of a field that made its parent null (section 6.4.4), so which and how many of several it reports is
 *    its choice: both must have one or more, and each of the gateway's must be one that the monolith can raise. A subgraph
 *    that propagates a null up to its entity loses the fields beside it, which may be told with the same message.
 * 4. Where a field fails that the client did not ask for but a `@requires` or a context reads, the gateway may say so at
 *    the object that needed it (of which it is, for a context), or below it where the client asked for the object the field is of; the monolith, whose resolver
 *    swallows it, has no such error.
 * 5. Beyond a hundred errors only `data` is compared: the gateway sums up the rest.
 */
export function difference(got: Answer, expected: Expectation): string | undefined {
  const { answer } = expected;
  const [gotData, expectedData] = [JSON.stringify(got.data), JSON.stringify(answer.data)];
  if (gotData !== expectedData) return 'data';
  // The gateway sums up what comes after its hundredth error.
  if ((got.errors ?? []).length > 100) return undefined;
  const pathless = (got.errors ?? []).find(({ path }) => path === undefined);
  if (pathless !== undefined) return `an error without a path: ${pathless.message}`;

  const hidden = expected.hiddenFaults.map((path) => keyOf(path));
  const expectedAt = byNull(answer);
  const gotAt = byNull(got);
  for (const [at, paths] of expectedAt) {
    const gotPaths = gotAt.get(at);
    if (gotPaths === undefined) return `no error at ${[...paths.keys()].join(' or ')}`;
    if (paths.has(at) && paths.size === 1 && !gotPaths.has(at)) return `no error at ${at}`;
  }
  for (const [at, gotPaths] of gotAt) {
    const paths = expectedAt.get(at);
    const isCause = (path: string): boolean =>
      paths !== undefined && (paths.has(path) || expected.possible().has(path));
    const causes = new Set([...gotPaths].filter(([path]) => isCause(path)).map(([, message]) => message));
    for (const [path, message] of gotPaths) {
      if (isCause(path) || hidden.some((one) => `${path}/`.startsWith(`${one}/`))) continue;
      if (path === at || !causes.has(message)) return `an error too many at ${path}`;
    }
  }
  return undefined;
}

/** The errors' messages by their paths, by the position in `data` that is null because of them. */
function byNull({ data, errors = [] }: Answer): Map<string, Map<string, string>> {
  const groups = new Map<string, Map<string, string>>();
  for (const { message, path = [] } of errors) {
    let value = data;
    let depth = 0;
    while (depth < path.length && typeof value === 'object' && value !== null) {
      value = Object.entries(value).find(([key]) => key === String(path[depth]))?.[1];
      depth += 1;
    }
    const at = keyOf(path.slice(0, depth));
    groups.set(at, (groups.get(at) ?? new Map<string, string>()).set(keyOf(path), message));
  }
  return groups;
}

export function keyOf(path: readonly (string | number)[]): string {
  return `/${path.join('/')}`;
}
