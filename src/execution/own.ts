/**
 * Response names are chosen by clients and keys by subgraphs: `__proto__` or `constructor` must never reach
 * `Object.prototype`.
 */
export function getOwn(object: Readonly<Record<string, unknown>>, key: string): unknown {
  const value = object[key];
  // Only what is found can be inherited, and hardly anything with such a name ever is.
  return value !== undefined && isInherited(key) && !Object.hasOwn(object, key) ? undefined : value;
}

export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

/** Every object has a property of this name without owning it. */
export function isInherited(key: string): boolean {
  return key in Object.prototype;
}
