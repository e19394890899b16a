import { randomUUID } from 'node:crypto';
import type { Principal } from './principal.ts';
import type { Reuse } from './reuse.ts';
import type { Timeline } from './timeline.ts';
import type { TraceContext } from './trace-context.ts';

/** What one call to a subgraph leaves for the log line, metrics and traces. Times are those of `performance.now()`. */
export interface SubgraphCallRecord {
  readonly subgraph: string;
  readonly startedAt: number;
  readonly milliseconds: number;
  /** HTTP status, 0 when no response came. */
  readonly status: number;
  /** Representations sent, 0 for a root fetch. */
  readonly entities: number;
  readonly code?: string;
  /** Why it failed, for operators. */
  readonly reason?: string | undefined;
  /** The instance that was asked. */
  readonly address?: string;
  /** When it was handed to a connection, and when its answer began. */
  readonly sentAt?: number | undefined;
  readonly firstByteAt?: number | undefined;
  /** Of the answer as it came. */
  readonly bytes?: number;
  /** Which of the plan's groups of fetches it is for. */
  readonly group?: number | undefined;
  /** The variables in JSON; only where the client is told how its request was answered. */
  readonly variables?: string | undefined;
  /** Where traces are recorded: the span the subgraph continues; of a shared call it is in a trace of its own. */
  readonly spanId?: string | undefined;
  readonly sharedTrace?: TraceContext | undefined;
  /** Other requests had a part in this call; the subgraph knows it by this `x-request-id`. */
  readonly sharedId?: string;
  /** It is in the record of another of these requests as well, which counts it. */
  readonly isCopy?: boolean;
}

/** What one rule of the rate limits made of a request. */
export interface LimitRecord {
  /** The rule's name. */
  readonly policy: string;
  /** `request`, `operation` or a field. */
  readonly scope: string;
  readonly charged: number;
  /** What it would admit afterwards; null while it cannot be counted. */
  readonly remaining: number | null;
  readonly outcome: 'admitted' | 'refused';
}

/** What the rooms tell about a request while they serve it; read once, by the log line. */
export interface RequestRecord {
  readonly calls: SubgraphCallRecord[];
  cacheHits: number;
  cacheMisses: number;
  /** What it has waited for Redis, in milliseconds: there is one budget for all uses. */
  redisMs: number;
  /** Absent when nobody means to give the answer to others. */
  reuse?: Reuse;
  /** Absent when nobody wants to know what took how long. */
  timeline?: Timeline;
  /** Absent where no traces are recorded: those of clients are passed on as they are. */
  trace?: TraceContext;
  /** The client is told how its request was answered. */
  isExplained?: boolean;
  /** What rate limits have counted for it. */
  readonly limits: LimitRecord[];
  /** What it may cost; absent where nobody asked. */
  cost?: number;
  /** Was the plan there already? Absent when none was needed. */
  planIsKnown?: boolean;
}

/**
 * One client request, built once at the door and handed down read-only. It is Apollo Server's `contextValue`, and so
 * what shield rules receive as `ctx`; whatever the config's `context` function returns is merged into it.
 */
export interface RequestContext {
  readonly requestId: string;
  /** The client's headers, names in lower case, several values joined with ", ". */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** null for an anonymous client. */
  readonly principal: Principal | null;
  /** Of the client's socket; behind `server.trustedProxies`, what they say it is. */
  readonly clientAddress: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** When the answer has to be there, in milliseconds of `performance.now()`. */
  readonly deadline: number;
  /** Headers the rooms add to the response to the client; names in lower case. */
  readonly responseHeaders: Map<string, string>;
  readonly record: RequestRecord;
}

/** How long whoever sent a request waits for its answer, in whole milliseconds: clients tell it, and so do we to subgraphs. */
export const timeoutHeader = 'x-request-timeout-ms';

/** Whose answer a subgraph's answer is. Two requests to a subgraph may share anything only if their keys are equal. */
export interface Scope {
  /** Different for scopes that differ in anything. Holds credentials: never for a log. */
  readonly key: string;
  /** The client's headers that are sent along, correlating ones excepted; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The principal where the subgraph is told of it, else null. */
  readonly principal: Principal | null;
}

/** What a fetch knows of the client request it is made for. */
export interface FetchContext extends RequestContext {
  /** The supergraph that plans and serves it: a hash of its text. */
  readonly generation: string;
  /** Worked out when it is asked for. undefined where only the sender could say, and so nothing may be shared. */
  readonly scopeOf: (subgraph: string) => Scope | undefined;
}

export function createFetchContext(
  request: RequestContext,
  { generation, scopeOf }: Pick<FetchContext, 'generation' | 'scopeOf'>,
): FetchContext {
  const { requestId, headers, principal, clientAddress, signal, deadline, responseHeaders, record } = request;
  const own = { requestId, headers, principal, clientAddress, signal, deadline, responseHeaders, record };
  return { ...own, generation, scopeOf };
}

/** The context of a request that did not come through Atrium's own door. */
export function createRequestContext(given: Partial<RequestContext>): RequestContext {
  return {
    requestId: randomUUID(),
    headers: {},
    principal: null,
    clientAddress: '',
    signal: new AbortController().signal,
    deadline: performance.now() + defaultTimeoutMs,
    responseHeaders: new Map(),
    record: createRequestRecord(),
    ...given,
  };
}

const defaultTimeoutMs = 30_000;

export function createRequestRecord(): RequestRecord {
  return { calls: [], limits: [], cacheHits: 0, cacheMisses: 0, redisMs: 0 };
}

/** Was this built by Atrium's own door, or is it the context of somebody else's Apollo Server? */
export function isRequestContext(value: object): value is RequestContext {
  return 'requestId' in value && 'responseHeaders' in value && 'record' in value && 'deadline' in value;
}
