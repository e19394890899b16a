import type { RequestRecord, SubgraphCallRecord } from '../core/request-context.ts';
import type { Span } from '../core/timeline.ts';

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
  const parts: (Span | SubgraphCallRecord)[] = [...spans, ...calls].sort((a, b) => a.startedAt - b.startedAt);
  const positions = new Map(parts.map((part, position) => [part, position]));
  const positionOf = (span: Span | undefined): number | undefined => span && positions.get(span);
  return parts.map((part) => {
    if ('name' in part) {
      const { name, startedAt, endedAt = now, facts, parent } = part;
      return { name, startedAt, endedAt, facts, parent: positionOf(parent) };
    }
    const { startedAt, milliseconds, group } = part;
    const parent = positionOf(spans.find(({ name, facts }) => name === 'fetch' && facts['index'] === group));
    return { name: 'call', startedAt, endedAt: startedAt + milliseconds, facts: {}, call: part, parent };
  });
}
