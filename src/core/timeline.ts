/** What one part of a request was, and how long it took. Times are those of `performance.now()`. */
export interface Span {
  readonly name: string;
  /** What it is a part of. */
  readonly parent: Span | undefined;
  readonly startedAt: number;
  /** undefined while it goes on. */
  endedAt: number | undefined;
  readonly facts: Record<string, string | number | boolean>;
}

/** What took how long in one request; kept only where somebody wants to know. */
export class Timeline {
  readonly spans: Span[] = [];
  /** When the request came. */
  readonly startedAt: number;
  /** What of the request is going on; its parts follow one another. */
  #current: Span | undefined;

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  start(name: string): Span {
    const span = { name, parent: this.#current, startedAt: performance.now(), endedAt: undefined, facts: {} };
    this.spans.push(span);
    return span;
  }

  /** Whatever starts meanwhile is a part of it. */
  enter(name: string): Span {
    const span = this.start(name);
    this.#current = span;
    return span;
  }

  end(span: Span): void {
    span.endedAt = performance.now();
    if (this.#current === span) this.#current = span.parent;
  }
}

/** Does the task and notes how long it took, until its promise is settled when it gives one. */
export function timed<Result>(timeline: Timeline | undefined, name: string, task: () => Result): Result {
  if (timeline === undefined) return task();
  const span = timeline.enter(name);
  const end = (): void => timeline.end(span);
  let result: Result;
  try {
    result = task();
  } catch (error) {
    end();
    throw error;
  }
  if (result instanceof Promise) result.then(end, end);
  else end();
  return result;
}
