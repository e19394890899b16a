/**
 * How one request was answered, as `extensions.atrium` of its answer: plain JSON. Times are in milliseconds, `at` counted from
 * when the request came. Paths are response names with dots between, without list indexes, such as `me.orders.edges.node.id`.
 */
export interface Explanation {
  readonly requestId: string;
  /** Of W3C Trace Context; absent where no traces are recorded. */
  readonly traceId?: string;
  readonly operation: {
    readonly name: string | null;
    readonly type: 'query' | 'mutation';
    /** SHA-256 of the document's text. */
    readonly hash: string;
  };
  /** A hash of the supergraph's text. */
  readonly supergraph: string;
  /** null for an anonymous client. */
  readonly principal: Whom | null;
  readonly plan: ExplainedPlan;
  /** What took how long, in the order it began; empty when nothing was run. */
  readonly spans: readonly ExplainedSpan[];
  readonly fields: readonly ExplainedField[];
  readonly cost: ExplainedCost;
  /** The rate limits that counted this request. */
  readonly limits: readonly ExplainedLimit[];
  readonly cache: { readonly hits: number; readonly misses: number };
}

/** The answer to a request that asked to be explained; without `atrium` where it was refused. */
export interface ExplainedAnswer {
  readonly data?: unknown;
  readonly errors?: readonly object[];
  readonly extensions?: { readonly atrium?: Explanation };
}

export interface Whom {
  readonly subject: string;
  readonly issuer: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
}

export interface ExplainedPlan {
  /** Was it there already? */
  readonly known: boolean;
  /** Apollo's query plan, drawn as a tree. */
  readonly tree: string;
  /** The requests to subgraphs that come of it; each is named by its position, from 0. */
  readonly fetches: readonly PlannedFetch[];
}

/** One request to a subgraph. */
export interface PlannedFetch {
  readonly subgraph: string;
  /** The fetches that have to be answered first. */
  readonly after: readonly number[];
  readonly parts: readonly PlannedPart[];
}

export interface PlannedPart {
  /** Where the objects are that it completes; empty for the fields of a root type. */
  readonly paths: readonly string[];
  /** GraphQL, printed over several lines. */
  readonly selection: string;
  /** What it sends of each entity, as a selection; absent for the fields of a root type. */
  readonly given?: string;
}

export interface ExplainedSpan {
  /**
   * `authentication`, `rate limit`, `parse`, `validate`, `rules`, `plan`, `execute`; below `execute` `fetch` (one for each that
   * was run), `cache` and `redis`; below `fetch` `call`, one for each try.
   */
  readonly name: string;
  /** Position in `spans` of the one it is a part of; absent at the top. */
  readonly parent?: number;
  readonly at: number;
  readonly ms: number;
  readonly fetch?: FetchFacts;
  readonly call?: CallFacts;
  /** Other facts, such as `hits` and `misses` of `cache`. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

export interface FetchFacts {
  /** Position in `plan.fetches`. */
  readonly index: number;
  readonly subgraph: string;
  /** Objects in the answer that it was for. */
  readonly objects: number;
  /** Different entities among them. */
  readonly entities: number;
  /** Of these, found in the cache. */
  readonly cached: number;
}

export interface CallFacts {
  readonly subgraph: string;
  /** The instance that was asked; absent where none was. */
  readonly address?: string;
  /** Until the request was handed to a connection. */
  readonly connectMs?: number;
  /** From then to the first byte of the answer. */
  readonly firstByteMs?: number;
  /** Of the answer as it came, in bytes. */
  readonly bytes: number;
  /** Of HTTP, 0 when no answer came. */
  readonly status: number;
  /** Entities that were asked for. */
  readonly entities: number;
  /** `extensions.code` of what went wrong, and why; absent when nothing did. */
  readonly code?: string;
  readonly reason?: string;
  /** Asked together with other requests, under this `x-request-id`. */
  readonly sharedId?: string;
  /** The variables as they were sent, in JSON; values that this client has no claim to see are "[redacted]". */
  readonly variables?: string;
}

/** One field of the operation, for each object type that may have it. */
export interface ExplainedField {
  readonly path: string;
  /** As `Type.field`. */
  readonly field: string;
  /** The subgraphs it was asked of; empty for what was denied, and for what the gateway knows itself. */
  readonly subgraphs: readonly string[];
  /**
   * `open`: no rule covers it. `data`: rules decided it for each object by itself. `above`: a field above it is denied.
   */
  readonly verdict: 'open' | 'allowed' | 'denied' | 'data' | 'above';
  /** The rules that decided, as `"name" (file:line)`, with what they said; the directives that did. */
  readonly rules: readonly string[];
  /** How often it is null in the answer. */
  readonly nulls: number;
  /** The errors of the answer at this path. */
  readonly errors: readonly ExplainedError[];
}

export interface ExplainedError {
  readonly code: string;
  readonly message: string;
  readonly count: number;
}

export interface ExplainedCost {
  /** The most it may cost; null when it cannot be told. */
  readonly estimated: number | null;
  /** What the answer cost; null when nothing was run. */
  readonly actual: number | null;
  /** `limits.maxCost`; null without. */
  readonly max: number | null;
}

export interface ExplainedLimit {
  /** The rule's name. */
  readonly policy: string;
  /** `request`, `operation` or a field. */
  readonly scope: string;
  readonly charged: number;
  /** null while it cannot be counted. */
  readonly remaining: number | null;
  readonly outcome: 'admitted' | 'refused';
}
