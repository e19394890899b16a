import type { RequestRecord, SubgraphCallRecord } from '../core/request-context.ts';

/** A part of a request. Times are those of `performance.now()`. */
export interface RequestSpan {
  readonly name: string;
  /** The position of what it is a part of. */
  readonly parent: number | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  /** Present for a call to a subgraph. */
  readonly call?: SubgraphCallRecord;
}

/** The parts of a request up to now, calls to subgraphs below the fetches they were made for; in the order they began. */
export function requestSpans({ timeline, calls }: RequestRecord): RequestSpan[] {
  const now = performance.now();
  const spans = timeline?.spans ?? [];
  const drafts = [
    ...spans.map((span) => ({ ...span, endedAt: span.endedAt ?? now, of: span, under: span.parent })),
    ...calls.map((call) => ({
      name: 'call',
      startedAt: call.startedAt,
      endedAt: call.startedAt + call.milliseconds,
      facts: {},
      call,
      of: undefined,
      under: spans.find(({ name, facts }) => name === 'fetch' && facts['index'] === call.group),
    })),
  ].sort((a, b) => a.startedAt - b.startedAt);
  return drafts.map(({ of, under, ...span }) => {
    const position = under === undefined ? -1 : drafts.findIndex((other) => other.of === under);
    return { ...span, parent: position === -1 ? undefined : position };
  });
}
