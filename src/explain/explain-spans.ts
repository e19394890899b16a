import type { RequestRecord, SubgraphCallRecord } from '../core/request-context.ts';
import { requestSpans } from '../telemetry/request-spans.ts';
import type { RequestSpan } from '../telemetry/request-spans.ts';
import type { CallFacts, ExplainedSpan, FetchFacts } from './explanation.ts';

/** What took how long; variables as `redact` leaves them. */
export function explainSpans(record: RequestRecord, redact: (variables: string) => string): ExplainedSpan[] {
  const startedAt = record.timeline?.startedAt ?? 0;
  return requestSpans(record).map(({ name, parent, startedAt: from, endedAt, facts, call }) => ({
    name,
    ...(parent !== undefined && { parent }),
    at: rounded(from - startedAt),
    ms: rounded(endedAt - from),
    ...(name === 'fetch' ? { fetch: fetchFacts(facts) } : Object.keys(facts).length > 0 && { facts }),
    ...(call !== undefined && { call: callFacts(call, redact) }),
  }));
}

function fetchFacts(facts: RequestSpan['facts']): FetchFacts {
  const number = (name: string): number => Number(facts[name] ?? 0);
  return {
    index: number('index'),
    subgraph: String(facts['subgraph']),
    objects: number('objects'),
    entities: number('entities'),
    cached: number('cached'),
  };
}

function callFacts(call: SubgraphCallRecord, redact: (variables: string) => string): CallFacts {
  const { subgraph, address, startedAt, sentAt, firstByteAt, bytes = 0, status, entities } = call;
  const { code, reason, sharedId, variables } = call;
  return {
    subgraph,
    ...(address !== undefined && { address }),
    ...(sentAt !== undefined && { connectMs: rounded(sentAt - startedAt) }),
    ...(sentAt !== undefined && firstByteAt !== undefined && { firstByteMs: rounded(firstByteAt - sentAt) }),
    bytes,
    status,
    entities,
    ...(code !== undefined && { code }),
    ...(reason !== undefined && { reason }),
    ...(sharedId !== undefined && { sharedId }),
    ...(variables !== undefined && { variables: redact(variables) }),
  };
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
