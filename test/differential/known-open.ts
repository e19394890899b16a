/** Differences that are known and not yet mended: what shows them is left out, as little as possible of it. */
export const knownOpen = {
  /** Planner: what an interface object requires for objects of one type is missing from representations of the others. */
  requiredOfSomeTypes: true,
  /** Casts of interface objects are planned; the queries they make possible show other faults, which have to be mended first. */
  castsOfInterfaceObjects: true,
};
