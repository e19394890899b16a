/**
 * Keys that one command of a Cluster may name together, because they have the same hash tag (the part in braces); without
 * a Cluster all of them.
 */
export function bySlot(keys: readonly string[], isCluster: boolean): readonly (readonly string[])[] {
  if (keys.length === 0) return [];
  return isCluster ? [...Map.groupBy(keys, (key) => /\{([^}]+)\}/.exec(key)?.[1] ?? key).values()] : [keys];
}
