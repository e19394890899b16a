/** A number known beforehand, or one that depends on the variables of a request. */
export type Amount = number | ((run: Run) => number);

/** One evaluation: what is reached on several ways is worked out once in it. */
export interface Run {
  readonly id: number;
  readonly variables: Variables;
}

/** Coerced. */
export type Variables = Readonly<Record<string, unknown>>;

let runs = 0;

export function evaluate(amount: Amount, variables: Variables): number {
  return typeof amount === 'number' ? amount : amount({ id: ++runs, variables });
}

export function later(work: (run: Run) => number): Amount {
  let lastRun = 0;
  let result = 0;
  return (run) => {
    if (run.id !== lastRun) {
      result = work(run);
      lastRun = run.id;
    }
    return result;
  };
}

export const sum = (parts: readonly Amount[]): Amount => fold((a, b) => a + b, 0, parts);
export const product = (parts: readonly Amount[]): Amount => fold((a, b) => a * b, 1, parts);
/** Never below 0. */
export const largest = (parts: readonly Amount[]): Amount => fold((a, b) => Math.max(a, b), 0, parts);

function fold(operation: (a: number, b: number) => number, initial: number, parts: readonly Amount[]): Amount {
  // Infinity would make a product with 0 no number.
  const bounded = (a: number, b: number): number => Math.min(operation(a, b), Number.MAX_SAFE_INTEGER);
  const known = parts.filter((part) => typeof part === 'number').reduce(bounded, initial);
  const open = parts.filter((part) => typeof part === 'function');
  return open.length === 0 ? known : later((run) => open.reduce((total, part) => bounded(total, part(run)), known));
}
