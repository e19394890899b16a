import { GraphQLError } from 'graphql';
import type { Fault } from './faults.ts';

/** More positions than this get one summary for each code and field instead of an error each. */
const MAX_ERRORS = 100;
/** Codes come from subgraphs: what is beyond this many summaries is counted in one. */
const MAX_SUMMARIES = 100;

/** A position of the response, linked towards the root: an array a field would be a waste while nothing goes wrong. */
export interface Position {
  readonly parent: Position | undefined;
  readonly key: string | number;
}

/** Collects the errors of one response. */
export class ResponseErrors {
  readonly #errors: GraphQLError[] = [];
  readonly #spread = new Set<GraphQLError>();
  readonly #overflow = new Map<string, { fault: Fault; field: string; count: number }>();

  #uncounted = 0;

  /** How many errors there are up to now, summaries' members included. */
  count = 0;

  /** `field` is the field's name with its type, such as `User.email`. */
  add(fault: Fault, position: Position | undefined, field: string): void {
    this.addAt(fault, position === undefined ? undefined : pathOf(position), field);
  }

  /** Of a fault that lost a whole object, at one of the fields that are missing. */
  spread(fault: Fault, position: Position, field: string): void {
    const known = this.#errors.length;
    this.add(fault, position, field);
    const added = this.#errors[known];
    if (added !== undefined) this.#spread.add(added);
  }

  hasSpread(since: number): boolean {
    return this.#errors.slice(since).some((error) => this.#spread.has(error));
  }

  /** Takes back what was spread since there were `since` errors: the object is null for reasons that are told. */
  retractSpread(since: number): void {
    const added = this.#errors.splice(since);
    const kept = added.filter((error) => !this.#spread.has(error));
    this.#errors.push(...kept);
    this.count -= added.length - kept.length;
  }

  addAt(fault: Fault, path: readonly (string | number)[] | undefined, field: string): void {
    this.count += 1;
    if (this.count <= MAX_ERRORS) {
      this.#errors.push(createError(fault, path));
      return;
    }
    const key = `${String(fault.extensions['code'])} ${field}`;
    const known = this.#overflow.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#overflow.size < MAX_SUMMARIES) this.#overflow.set(key, { fault, field, count: 1 });
    else this.#uncounted += 1;
  }

  list(): readonly GraphQLError[] {
    const summaries = [...this.#overflow.values()].map(({ fault, field, count }) =>
      createError(
        {
          message: `${count} more errors like this at ${field}: ${fault.message}`,
          extensions: { ...fault.extensions, count },
        },
        undefined,
      ),
    );
    if (this.#uncounted > 0) {
      const extensions = { code: 'DOWNSTREAM_SERVICE_ERROR', count: this.#uncounted };
      summaries.push(createError({ message: `${this.#uncounted} more errors`, extensions }, undefined));
    }
    return [...this.#errors, ...summaries];
  }
}

/**
 * Apollo Server passes on nothing but GraphQLErrors; a stack that nobody reads would make each cost several
 * microseconds. An error of the whole answer has no path: an empty one leads to no field (GraphQL specification, 7.1.2).
 */
function createError(fault: Fault, path: readonly (string | number)[] | undefined): GraphQLError {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return new GraphQLError(fault.message, {
      ...(path === undefined || path.length === 0 ? {} : { path }),
      extensions: fault.extensions,
    });
  } finally {
    Error.stackTraceLimit = limit;
  }
}

export function pathOf(position: Position): (string | number)[] {
  const path: (string | number)[] = [];
  for (let at: Position | undefined = position; at !== undefined; at = at.parent) path.push(at.key);
  return path.toReversed();
}
