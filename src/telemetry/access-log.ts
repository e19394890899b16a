import { hash } from 'node:crypto';
import { isJsonObject } from '../core/json.ts';
import type { Logger } from '../core/logger.ts';
import type { Principal } from '../core/principal.ts';
import { createRequestRecord } from '../core/request-context.ts';
import type { RequestRecord } from '../core/request-context.ts';

/** What the log line needs beyond what the rooms tell; filled in while the operation runs. */
export interface AccessRecord extends RequestRecord {
  operationName: string | null;
  operationType: 'query' | 'mutation' | 'subscription' | null;
  /** SHA-256 of the document's text. */
  operationHash?: string | undefined;
  /** Codes of the answer's errors, each once. */
  errorCodes: readonly string[];
  /** Where the answer comes from when it was not made for this request: from earlier, or from one at the same time. */
  source?: 'known' | 'shared' | undefined;
}

/** A request of which everything is known. */
export interface FinishedRequest {
  readonly requestId: string;
  readonly method: string;
  /** Without the query string: with GET it holds the operation and its variables. */
  readonly path: string;
  /** 499 when the client left before the answer was sent. */
  readonly status: number;
  /** In milliseconds of `performance.now()`. */
  readonly startedAt: number;
  readonly milliseconds: number;
  /** Of the request, names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly clientAddress: string;
  readonly principal: Principal | null;
  readonly record: AccessRecord;
}

/** Statuses end at 599; this one, known from nginx, says that nobody was there to read one. */
export const clientClosedRequest = 499;

/** Operation names and paths are written by clients: this much of them is enough. */
export const longestText = 128;

export function createAccessRecord(): AccessRecord {
  return { ...createRequestRecord(), operationName: null, operationType: null, errorCodes: [] };
}

/** The codes of a GraphQL answer's errors, each once. */
export function errorCodesOf(answer: unknown): string[] {
  const errors: unknown[] = isJsonObject(answer) && Array.isArray(answer['errors']) ? answer['errors'] : [];
  const codes = errors.map((error) => {
    const extensions = isJsonObject(error) ? error['extensions'] : undefined;
    const code = isJsonObject(extensions) ? extensions['code'] : undefined;
    return typeof code === 'string' ? code : 'none';
  });
  return [...new Set(codes)];
}

/** Writes the one line of a request. Operation text, variables, headers and tokens are not in it. */
export function logAccess(logger: Logger, request: FinishedRequest): void {
  const { record, headers } = request;
  // Probes come every few seconds and say nothing.
  const level = request.path.startsWith('/health/') ? 'debug' : 'info';
  logger[level](
    // What is undefined is not written.
    {
      requestId: request.requestId,
      method: request.method,
      path: request.path.slice(0, longestText),
      operation: record.operationName === null ? null : record.operationName.slice(0, longestText),
      type: record.operationType,
      status: request.status,
      codes: record.errorCodes,
      ms: rounded(request.milliseconds),
      client: request.clientAddress,
      clientName: headers['apollographql-client-name']?.slice(0, longestText),
      clientVersion: headers['apollographql-client-version']?.slice(0, longestText),
      principal: request.principal === null ? null : principalHash(request.principal),
      calls: record.calls.map(({ subgraph, milliseconds, status, entities, code, sharedId }) => {
        return { subgraph, ms: rounded(milliseconds), status, entities, code, sharedId };
      }),
      cacheHits: record.cacheHits,
      cacheMisses: record.cacheMisses,
      hash: record.operationHash,
      cost: record.cost,
      limits: record.limits.length === 0 ? undefined : limitsOf(record),
      traceId: record.trace?.traceId,
      source: record.source,
    },
    'request',
  );
}

/** What each rule has left; null where it could not be counted. */
function limitsOf({ limits }: RequestRecord): object {
  return Object.fromEntries(limits.map(({ policy, remaining }) => [policy, remaining]));
}

/** Tells requests of one principal from another's without naming them. */
function principalHash({ issuer, subject }: Principal): string {
  return hash('sha256', JSON.stringify([issuer, subject])).slice(0, 16);
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
