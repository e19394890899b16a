/**
 * Response names are chosen by clients and keys by subgraphs: `__proto__` or `constructor` must never reach
 * `Object.prototype`.
 */
export function getOwn(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return isInherited(key) && !Object.hasOwn(object, key) ? undefined : object[key];
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
  return inherited.has(key);
}

const inherited: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));
