/** A value, or a promise only where somebody made one: rules that answer at once are never waited for. */
export type MaybePromise<T> = T | Promise<T>;

export function whenSettled<T, U>(value: MaybePromise<T>, then: (settled: T) => MaybePromise<U>): MaybePromise<U> {
  return isPromise(value) ? value.then(then) : then(value);
}

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return value instanceof Promise;
}

export function allSettled<T>(values: readonly MaybePromise<T>[]): values is readonly T[] {
  return !values.some(isPromise);
}

export async function asPromise<T>(value: MaybePromise<T>): Promise<T> {
  return value;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function';
}
