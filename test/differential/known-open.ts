/** Differences that are known and not yet mended: what shows them is left out, as little as possible of it. */
export const knownOpen = {
  /** Planner: the client asks a field with other arguments than a `@requires` needs, or two of these need it differently. */
  argumentsClash: true,
  /** Planner: a field that a `@requires` needs has a `@requires` itself. */
  chains: true,
  /** Errors that a subgraph told together with a propagated null stand at another missing field. */
  falsePositions: true,
  /** The name of an interface object does not get into all representations. */
  interfaceObjects: true,
  /** Planner: loops for ever over a `@requires` on an entity that has different keys in different subgraphs. */
  requiresAcrossKeys: true,
  /** Planner: a field of whose selection nothing matches, or everything is left out by conditions, is not fetched. */
  emptySelections: true,
  /** What a condition leaves out of a `@requires` is missed, inside of what the client asked too. */
  conditionalRequires: true,
  /** Planner: a mutation field that is selected twice, once under a condition, runs twice. */
  conditionalMutations: true,
  /** Aliases of one composite field are fetched as one, so that a failure below one nulls the other. */
  sharedAliases: true,
  /** Errors at or below an alias are told too high where fragments select other fields under the alias's field name. */
  errorsBelowAliases: true,
};
